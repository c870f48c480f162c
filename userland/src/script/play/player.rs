//! The program that plays a script: an interpreter whose whole state is where it stands in the plan.
//!
//! A typical sequence for the step `write($fd, "hello", 5)` of process 2: [`TURN`](probe::TURN) says whose turn it is
//! and waits; [`RECALL`](probe::RECALL) brings the descriptor that process 1 got; the text is laid into memory; the call
//! is made; what it returned is noted on the board if the script has a name for it. A fork gives the child a copy of
//! this very state, and its answer, 0, tells it that it is another task of the plan.

use super::ARENA_PAGES;
use super::lower::Expr;
use super::plan::{Act, CallStep, Plan, Step};
use super::question::{Last, ask, call, ends, last_questions, makes_copy, needed, turn};
use super::reader::{self, Reader};
use oscope_kernel::abi::program::{Answer, Image, Program, SavedProgram, Segments};
use oscope_kernel::abi::program::{SignalFrame, Trap};
use oscope_kernel::abi::{Errno, Interruption, UserMemory, Width, nr, probe};
use oscope_kernel::base::{Digester, Duration};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Added to a task's number, it is the key under which the next program of that task finds its place.
const PLACE: u64 = 1 << 40;

/// Where a task stands within a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Nothing of it is done.
    Fresh,
    /// Its turn was asked for.
    Turn,
    /// It waits for others to end: for this one of them, whose number it has, or has asked for.
    After(usize, Option<u64>),
    /// The value of this key was asked for.
    Recall(u32),
    /// It can be done.
    Ready,
    /// The call is made.
    Called,
    /// The call returned this, and what it left in memory is to be read.
    Returned(u64),
    /// What it brought is written down; these numbers are still to be.
    Noting(Vec<(u64, u64)>),
    /// What others must know before the call was noted: nobody comes back from it.
    Noted,
    /// There is nothing left of it but an answer.
    Last,
}

/// A step under way.
#[derive(Clone, Debug, Hash)]
struct Current {
    step: usize,
    stage: Stage,
    /// The values that it needs, as far as they are known.
    known: BTreeMap<u32, u64>,
    /// For the step of a signal: its handler has begun.
    taken: bool,
}

impl Current {
    fn new(step: usize) -> Self {
        Self { step, stage: Stage::Fresh, known: BTreeMap::new(), taken: false }
    }
}

/// The step behind those that only wait for a turn, of which there must be one at least.
fn after_turns(steps: &[Step], from: usize) -> Option<&Step> {
    let rest = steps.get(from..)?;
    let turns = rest.iter().take_while(|step| matches!(step.act, Act::Turn)).count();
    rest.get(turns).filter(|_| turns > 0)
}

/// How a player finds out which task it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Begun {
    /// It is the root, whose number must be noted.
    Root,
    /// It was executed by a line, and must ask the board where it stands.
    Executed,
    /// It knows.
    Yes,
}

/// A task of a script, under way.
#[derive(Clone, Debug, Hash)]
struct State {
    begun: Begun,
    task: usize,
    /// The step that begins next.
    next: usize,
    current: Option<Current>,
    /// What handlers interrupted, the innermost last.
    interrupted: Vec<Option<Current>>,
    /// A handler that the script knows nothing of: it returns at once.
    returns: bool,
    /// A handler has begun whose line is still to come.
    taken: bool,
    /// How much of its end is done.
    ended: usize,
    /// Before it is a player: it reads its script.
    reader: Option<Reader>,
}

impl State {
    fn new(task: usize, begun: Begun) -> Self {
        let (current, interrupted) = (None, Vec::new());
        let reader = None;
        let (returns, taken, ended) = (false, false, 0);
        Self { begun, task, next: 0, current, interrupted, returns, taken, ended, reader }
    }
}

/// A script as an executable.
pub(super) struct ScriptImage {
    pub(super) name: String,
    pub(super) plan: Arc<Plan>,
    /// How it finds its place.
    pub(super) role: Role,
}

/// What a script's program is when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The script's first process.
    First,
    /// A program that a line of the script has executed, and that the script goes on as.
    GoesOn,
    /// The interpreter of scripts that are files.
    Interpreter,
}

impl Image for ScriptImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn segments(&self) -> Segments {
        Segments { text: 4, data: ARENA_PAGES, stack: 64 }
    }

    fn start(&self, stack: u64) -> Arc<dyn SavedProgram> {
        let begun = if self.role == Role::GoesOn { Begun::Executed } else { Begun::Root };
        let mut state = State::new(0, begun);
        if self.role == Role::Interpreter {
            state.reader = Some(Reader::new(stack));
        }
        Arc::new(Saved(Player { plan: Arc::clone(&self.plan), state }))
    }
}

/// A player as a value: it is one already.
struct Saved(Player);

impl SavedProgram for Saved {
    fn revive(&self) -> Box<dyn Program> {
        Box::new(self.0.clone())
    }

    fn digest(&self) -> u64 {
        Digester::of(&self.0.state)
    }
}

/// A player.
#[derive(Clone)]
struct Player {
    plan: Arc<Plan>,
    state: State,
}

/// What there is to do next: ask the kernel, or look again.
pub(super) enum Next {
    Trap(Trap),
    On,
}

impl Program for Player {
    fn resume(
        &mut self,
        answer: Answer,
        mut memory: Box<dyn UserMemory>,
        trap: &mut Trap,
    ) -> Box<dyn UserMemory> {
        let mut answer = match answer {
            Answer::Value(value) => Some(value),
            Answer::Retry => None,
        };
        *trap = loop {
            let plan = Arc::clone(&self.plan);
            match self.go_on(&plan, answer.take(), memory.as_mut()) {
                Ok(Next::Trap(trap)) => break trap,
                Ok(Next::On) => {}
                Err(Interruption::Fault(fault)) => break Trap::Fault(fault),
                Err(Interruption::Horizon) => break Trap::Preempt,
            }
        };
        memory
    }

    fn signal(&mut self, frame: SignalFrame) -> bool {
        let state = &mut self.state;
        let steps = &self.plan.tasks[state.task].steps;
        let takes = |step: &Step| matches!(step.act, Act::Signal { number, handled: true } if number == frame.signal);
        let interrupted = state.current.take();
        // The script has the signal here: the task waits for it already, or would next.
        let waits = interrupted.as_ref().filter(|current| !current.taken);
        if waits.and_then(|current| steps.get(current.step)).is_some_and(takes) {
            let interrupted = interrupted.map(|current| Current { taken: true, ..current });
            state.interrupted.push(interrupted);
        } else if steps.get(state.next).is_some_and(takes) {
            state.interrupted.push(interrupted);
            state.current = Some(Current { taken: true, ..Current::new(state.next) });
            state.next += 1;
        } else if after_turns(steps, state.next).is_some_and(takes) {
            // The end of the call that it interrupts has a line of its own, which comes first.
            state.interrupted.push(interrupted);
            state.current = Some(Current::new(state.next));
            state.next += 1;
            state.taken = true;
        } else {
            state.interrupted.push(interrupted);
            state.returns = true;
        }
        true
    }

    fn save(&mut self) -> Arc<dyn SavedProgram> {
        Arc::new(Saved(self.clone()))
    }

    fn thread(&self, _: u64) -> Arc<dyn SavedProgram> {
        let steps = &self.plan.tasks[self.state.task].steps;
        let step = self.state.current.as_ref().and_then(|current| steps.get(current.step));
        let child = match step.map(|step| &step.act) {
            Some(Act::Call(call)) => call.child,
            _ => None,
        };
        Arc::new(Saved(Self { plan: Arc::clone(&self.plan), state: self.child(child) }))
    }

    fn journal_length(&self) -> usize {
        0
    }
}

impl Player {
    /// What a new task is: one of the script's, or one that it has no lines for.
    fn child(&self, child: Option<usize>) -> State {
        let none = self.plan.tasks.len();
        State::new(child.unwrap_or(none), Begun::Yes)
    }

    fn go_on(
        &mut self,
        plan: &Plan,
        answer: Option<u64>,
        memory: &mut dyn UserMemory,
    ) -> Result<Next, Interruption> {
        if let Some(reader) = &mut self.state.reader {
            return Ok(match reader.go_on(answer, memory)? {
                reader::Step::Call(number, words) => call(number, words),
                reader::Step::Plan(plan) => {
                    self.plan = Arc::from(plan);
                    self.state.reader = None;
                    Next::On
                }
            });
        }
        if self.state.begun != Begun::Yes {
            return Ok(self.begin(plan, answer));
        }
        if std::mem::take(&mut self.state.returns) {
            self.state.current = self.state.interrupted.pop().flatten();
            return Ok(Next::Trap(Trap::SigReturn));
        }
        let Some(task) = plan.tasks.get(self.state.task) else {
            return Ok(call(nr::EXIT, [0; 6]));
        };
        let state = &mut self.state;
        let current = match &mut state.current {
            Some(current) => current,
            None if state.next < task.steps.len() => {
                state.next += 1;
                state.current.insert(Current::new(state.next - 1))
            }
            None => return Ok(self.end(plan, answer)),
        };
        let Some(step) = task.steps.get(current.step) else {
            state.current = None;
            return Ok(Next::On);
        };
        match (&current.stage, answer) {
            (Stage::Fresh, _) => {
                current.stage = Stage::Turn;
                Ok(turn(step))
            }
            (Stage::Turn, Some(_)) if step.after.is_empty() => Ok(current.ask_values(step)),
            (Stage::Turn, Some(_)) => Ok(current.wait_for_ends(step, 0)),
            (Stage::After(n, None), Some(tid)) => {
                current.stage = Stage::After(*n, Some(tid));
                Ok(ask(probe::RECALL, probe::ENDED.wrapping_add(tid), 0, 0))
            }
            (Stage::After(n, Some(_)), Some(_)) => {
                let next = *n + 1;
                Ok(current.wait_for_ends(step, next))
            }
            (Stage::Recall(key), Some(value)) => {
                let key = *key;
                current.known.insert(key, value);
                Ok(current.ask_values(step))
            }
            (Stage::Ready, _) => self.act(step, memory),
            (Stage::Noted, Some(_)) => Ok(current.execute(step)),
            (Stage::Called, Some(value)) => self.called(step, value),
            (Stage::Returned(value), _) => {
                let value = *value;
                self.returned(step, value, memory)
            }
            (Stage::Noting(_) | Stage::Last, _) => Ok(self.note()),
            // Nobody answered: the same question again.
            (
                Stage::Turn | Stage::After(..) | Stage::Recall(_) | Stage::Noted | Stage::Called,
                None,
            ) => {
                current.stage = Stage::Fresh;
                Ok(Next::On)
            }
        }
    }

    /// Before its first step.
    fn begin(&mut self, plan: &Plan, answer: Option<u64>) -> Next {
        match (self.state.begun, answer) {
            (Begun::Root, None) => {
                let key = plan.tasks.first().and_then(|task| task.key);
                ask(probe::NOTE, key.map_or(0, |key| u64::from(key.0)), 0, probe::OWN_TID)
            }
            (Begun::Executed, None) => ask(probe::RECALL, PLACE, probe::ADD_TID, 0),
            (begun, place) => {
                if let (Begun::Executed, Some(place)) = (begun, place) {
                    self.state.task = (place >> 32) as usize;
                    self.state.next = (place & 0xffff_ffff) as usize;
                }
                self.state.begun = Begun::Yes;
                Next::On
            }
        }
    }

    /// The step is done.
    fn done(&mut self) -> Next {
        self.state.current = None;
        Next::On
    }

    /// Does what the step is.
    fn act(&mut self, step: &Step, memory: &mut dyn UserMemory) -> Result<Next, Interruption> {
        let (task, next) = (self.state.task as u64, self.state.next as u64);
        let done = self.plan.tasks.get(self.state.task).and_then(|task| task.done);
        let done = done.map_or(0, |key| u64::from(key.0));
        let Some(current) = &mut self.state.current else { return Ok(Next::On) };
        match &step.act {
            Act::Call(call) => {
                current.lay_out(call, memory)?;
                if call.becomes {
                    current.stage = Stage::Noted;
                    return Ok(ask(probe::NOTE, PLACE, task << 32 | next, probe::ADD_TID));
                }
                if ends(&step.act) {
                    current.stage = Stage::Noted;
                    return Ok(ask(probe::NOTE, done, 0, 0));
                }
                return Ok(current.execute(step));
            }
            Act::Join(_) | Act::Turn => {}
            Act::Signal { handled, .. } => {
                let taken = current.taken || std::mem::take(&mut self.state.taken);
                if *handled && !taken {
                    // It is still to come.
                    current.stage = Stage::Last;
                    return Ok(ask(probe::REST, 0, 0, 0));
                }
            }
            Act::Return => {
                // What was interrupted goes on, and after it the steps behind the handler's.
                if let Some(interrupted) = self.state.interrupted.pop() {
                    self.state.current = interrupted;
                    return Ok(Next::Trap(Trap::SigReturn));
                }
            }
            Act::Compute(Duration(length)) => memory.compute(Duration(*length))?,
            Act::Touch(address) => memory.store(current.value(*address), Width::B1, 1)?,
            Act::Load(address, key) => {
                let value = memory.load(current.value(*address), Width::B4)?;
                let note = key.map(|key| (u64::from(key.0), value));
                current.stage = Stage::Noting(note.into_iter().collect());
                return Ok(ask(probe::MARK, probe::LOADED, value, 0));
            }
            Act::Store(address, value) => {
                let (address, value) = (current.value(*address), current.value(*value));
                memory.store(address, Width::B4, value & 0xffff_ffff)?;
            }
            Act::Rest => return Ok(ask(probe::REST, 0, 0, 0)),
        }
        Ok(self.done())
    }

    /// A call has come back.
    fn called(&mut self, step: &Step, value: u64) -> Result<Next, Interruption> {
        if let Act::Call(call) = &step.act
            && value == 0
            && makes_copy(call)
        {
            self.state = self.child(call.child);
            return Ok(Next::On);
        }
        if let Some(current) = &mut self.state.current {
            current.stage = Stage::Returned(value);
        }
        Ok(Next::On)
    }

    /// Finds out which numbers the script wants to keep of what a call brought.
    fn returned(
        &mut self,
        step: &Step,
        value: u64,
        memory: &mut dyn UserMemory,
    ) -> Result<Next, Interruption> {
        let (Act::Call(call), Some(current)) = (&step.act, &mut self.state.current) else {
            return Ok(self.done());
        };
        let fails = Errno::from_result(value as i64).is_some();
        let told = call.lowered.answers.filter(|_| !fails);
        let told = told.map_or(value, |answer| current.value(answer));
        let result = call.result.map(|key| (u64::from(key.0), told));
        let mut notes: Vec<_> = result.into_iter().collect();
        for take in &call.lowered.takes {
            // After a failure nobody shall wait for a number that will never be known.
            let mut bytes = value.to_le_bytes();
            if !fails {
                bytes = [0; 8];
                let width = usize::from(take.width).min(8);
                memory.read(take.address, &mut bytes[..width])?;
            }
            notes.push((take.key.0.into(), u64::from_le_bytes(bytes)));
        }
        current.stage = Stage::Noting(notes);
        Ok(Next::On)
    }

    /// Writes down what the step brought, one number at a time; then it is done.
    fn note(&mut self) -> Next {
        if let Some(Current { stage: Stage::Noting(notes), .. }) = &mut self.state.current
            && let Some((key, value)) = notes.pop()
        {
            return ask(probe::NOTE, key, value, 0);
        }
        self.done()
    }

    /// All steps are done: the task waits until all others have done theirs, and ends.
    fn end(&mut self, plan: &Plan, answer: Option<u64>) -> Next {
        let is_root = self.state.task == 0;
        let last = last_questions(plan, self.state.task);
        if answer.and_then(|value| Errno::from_result(value as i64)) == Some(Errno::EINTR) {
            self.state.ended = self.state.ended.saturating_sub(1);
        }
        let stage = self.state.ended;
        self.state.ended += 1;
        match last.get(stage) {
            Some(Last::Ask(number, words)) => ask(*number, words[0], words[1], words[2]),
            // The answer was the task's number.
            Some(Last::Ended) => {
                ask(probe::RECALL, probe::ENDED.wrapping_add(answer.unwrap_or(0)), 0, 0)
            }
            None => call(if is_root { nr::EXIT_GROUP } else { nr::EXIT }, [0; 6]),
        }
    }
}

impl Current {
    fn value(&self, expr: Expr) -> u64 {
        expr.value(|key| self.known.get(&key.0).copied().unwrap_or(0))
    }

    /// Waits until those have ended whose ends stand before this step's line.
    fn wait_for_ends(&mut self, step: &Step, n: usize) -> Next {
        match step.after.get(n) {
            Some(key) => {
                self.stage = Stage::After(n, None);
                ask(probe::RECALL, key.0.into(), 0, 0)
            }
            None => {
                // Only now it is at its line.
                self.stage = Stage::Recall(u32::MAX);
                ask(probe::MARK, probe::LINE, step.mark, 0)
            }
        }
    }

    /// Asks for the next number that the step needs, or goes on to act.
    fn ask_values(&mut self, step: &Step) -> Next {
        let missing = needed(&step.act).into_iter().find(|key| !self.known.contains_key(&key.0));
        match missing {
            Some(key) => {
                self.stage = Stage::Recall(key.0);
                ask(probe::RECALL, key.0.into(), 0, 0)
            }
            None => {
                self.stage = Stage::Ready;
                Next::On
            }
        }
    }

    /// Lays into memory what the call's pointers point to.
    fn lay_out(&self, call: &CallStep, memory: &mut dyn UserMemory) -> Result<(), Interruption> {
        for poke in &call.lowered.pokes {
            if poke.patches.is_empty() {
                memory.write(poke.address, &poke.bytes)?;
                continue;
            }
            let mut bytes = poke.bytes.to_vec();
            for &(at, width, expr) in &poke.patches {
                let places = bytes.iter_mut().skip(at as usize).take(usize::from(width));
                for (place, byte) in places.zip(self.value(expr).to_le_bytes()) {
                    *place = byte;
                }
            }
            memory.write(poke.address, &bytes)?;
        }
        Ok(())
    }

    fn execute(&mut self, step: &Step) -> Next {
        let Act::Call(step) = &step.act else { return Next::On };
        self.stage = Stage::Called;
        call(step.lowered.number, step.lowered.words.map(|word| self.value(word)))
    }
}
