//! What a player asks the kernel, and what it reads off a step of its plan before it does.

use super::keys::Key;
use super::lower::Expr;
use super::plan::{Act, CallStep, Order, Plan, Step};
use super::player::Next;
use oscope_kernel::abi::program::Trap;
use oscope_kernel::abi::{nr, probe};

/// What a turn says that is no line's yet.
pub(super) const UNTOLD: u64 = u64::MAX - 1;
/// The key that says that the root is done, in free order.
const OVER: u64 = 1 << 41;

pub(super) fn call(number: u16, arguments: [u64; 6]) -> Next {
    Next::Trap(Trap::Call { number: number.into(), arguments })
}

pub(super) fn ask(number: u16, a: u64, b: u64, c: u64) -> Next {
    call(number, [a, b, c, 0, 0, 0])
}

/// What a task asks for before it ends.
pub(super) enum Last {
    Ask(u16, [u64; 3]),
    /// The end of the task whose number was the answer before.
    Ended,
}

/// What a task asks for when it has done all its lines, in order.
pub(super) fn last_questions(plan: &Plan, task: usize) -> Vec<Last> {
    let is_root = task == 0;
    let recall =
        |key: Option<Key>| Last::Ask(probe::RECALL, [key.map_or(0, |key| key.0.into()), 0, 0]);
    let done = plan.tasks[task].done.map_or(0, |key| u64::from(key.0));
    let mut last = vec![Last::Ask(probe::NOTE, [done, 0, 0])];
    match plan.order {
        Order::Lines if is_root => last.push(Last::Ask(probe::TURN, [plan.turns, 0, UNTOLD])),
        Order::Free if is_root => {
            // The root waits for whoever has no end of its own in the script.
            let others = plan.tasks.iter().skip(1).filter(|task| {
                !task.steps.is_empty() && !task.steps.iter().any(|step| ends(&step.act))
            });
            last.extend(others.map(|task| recall(task.done)));
        }
        // Nothing is left to do, so signals need not wait for a line any more.
        _ => last.push(Last::Ask(probe::RECALL, [OVER, probe::RESTING, 0])),
    }
    if is_root {
        for key in &plan.last_ends {
            last.extend([recall(Some(*key)), Last::Ended]);
        }
        last.push(Last::Ask(probe::MARK, [probe::LINE, u64::MAX, 0]));
        last.push(Last::Ask(probe::NOTE, [OVER, 0, 0]));
    }
    last
}

/// Asks for the step's turn; where there are no turns, says which line it is.
pub(super) fn turn(step: &Step) -> Next {
    let line = step.mark;
    let hands_over = match &step.act {
        Act::Call(call) => call.hands_over,
        // What the handler interrupted may be made again, and wait.
        Act::Return => true,
        _ => false,
    };
    let flags = if hands_over { probe::HAND_OVER } else { 0 };
    match step.turn {
        Some(turn) if step.after.is_empty() => ask(probe::TURN, turn, flags, line),
        Some(turn) => ask(probe::TURN, turn, flags, UNTOLD),
        None => ask(probe::MARK, probe::LINE, line, 0),
    }
}

/// The numbers that a step must know.
pub(super) fn needed(act: &Act) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut add = |expr: &Expr| keys.extend(expr.key);
    match act {
        Act::Call(call) => {
            call.lowered.words.iter().for_each(&mut add);
            call.lowered.answers.iter().for_each(&mut add);
            for poke in &call.lowered.pokes {
                poke.patches.iter().for_each(|(_, _, expr)| add(expr));
            }
        }
        Act::Touch(address) | Act::Load(address, _) => add(address),
        Act::Store(address, value) => {
            add(address);
            add(value);
        }
        Act::Join(key) => keys.push(*key),
        Act::Turn | Act::Signal { .. } | Act::Return | Act::Compute(_) | Act::Rest => {}
    }
    keys
}

/// Whether a call gives its child a copy of the caller: those that return 0 there.
pub(super) fn makes_copy(call: &CallStep) -> bool {
    matches!(call.lowered.number, nr::CLONE | nr::CLONE3)
}

pub(super) fn ends(act: &Act) -> bool {
    match act {
        Act::Call(call) => matches!(call.lowered.number, nr::EXIT | nr::EXIT_GROUP),
        Act::Rest => true,
        _ => false,
    }
}
