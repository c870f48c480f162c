//! What keys mean while a window lies over the screen.

use super::act::{jump, policy_now};
use super::shown;
use crate::engine::Command;
use crate::keys::{Action, KEYS};
use crate::model::{Model, Over};
use oscope_kernel::sched::POLICIES;

/// Opens the choice of a policy.
pub(super) fn policies(model: &mut Model, what_if: bool) -> Option<Command> {
    model.playing = false;
    let at = policy_now(model)?;
    model.over = Some(Over::Policies { at, what_if });
    None
}

/// A key that does nothing elsewhere closes what has no list.
pub(super) fn other(model: &mut Model) -> Option<Command> {
    if !has_list(model) {
        model.over = None;
    }
    None
}

fn has_list(model: &Model) -> bool {
    matches!(model.over, Some(Over::Why(..) | Over::Policies { .. }))
}

/// A key.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Command> {
    let (rows, last) = match &model.over {
        Some(Over::Why(chain, _)) => (1, chain.len().saturating_sub(1)),
        Some(Over::Policies { .. }) => (1, POLICIES.len() - 1),
        Some(Over::Help(_)) => (4, KEYS.len().saturating_sub(1)),
        _ => (1, 0),
    };
    let far = match action {
        Action::Down => rows,
        Action::Up => -rows,
        Action::PageDown => 10,
        Action::PageUp => -10,
        Action::Open => return choose(model, usize::MAX),
        _ => {
            model.over = None;
            return None;
        }
    };
    if let Some(Over::Why(_, at) | Over::Policies { at, .. } | Over::Help(at)) = &mut model.over {
        *at = at.saturating_add_signed(far).min(last);
    }
    None
}

/// A line of the window was clicked on, or, if there is no such line, the chosen one is meant.
pub(super) fn choose(model: &mut Model, line: usize) -> Option<Command> {
    let over = model.over.take()?;
    let machine = shown(model);
    match over {
        Over::Why(chain, at) => {
            let event = chain.get(line).or(chain.get(at))?.event;
            model.shown = usize::from(event.machine().0);
            model.playing = false;
            Some(jump(model, Command::Show(event.machine(), event.sequence())))
        }
        Over::Policies { at, what_if } => {
            let policy = POLICIES.get(line).or(POLICIES.get(at)).copied()?;
            if what_if {
                return Some(Command::WhatIf(machine, policy));
            }
            model.notice = Some(format!("{} {policy}.", model.words().forgotten));
            Some(Command::Policy(machine, policy))
        }
        Over::Help(_) | Over::Explain | Over::Futures(_) => None,
    }
}
