//! How a message changes the model, and what the engine is asked for in turn.

use crate::engine::{Command, Reply};
use crate::keys::{Action, action};
use crate::model::{MachineModel, Model, SCALES};
use crate::trace::{Doing, Trace};
use oscope_kernel::base::{MachineId, Time};
use oscope_kernel::sched::POLICIES;
use ratatui::crossterm::event::{KeyEvent, KeyEventKind};

/// What can happen to the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The engine has something to tell.
    Reply(Box<Reply>),
    /// It is time for the next step of a run that plays.
    Tick,
}

/// So many unanswered commands are enough: a key held down does not outrun the engine.
const PATIENCE: usize = 32;

/// Changes the model; returns what to ask the engine for, if anything.
pub fn update(model: &mut Model, message: Message) -> Option<Command> {
    let command = match message {
        Message::Key(key) if model.help && action(&key) != Some(Action::Quit) => {
            model.help = key.kind == KeyEventKind::Release;
            None
        }
        Message::Key(key) => action(&key).and_then(|action| act(model, action)),
        Message::Reply(reply) => {
            take(model, *reply);
            None
        }
        Message::Tick => tick(model),
    }?;
    if model.pending >= PATIENCE {
        return None;
    }
    model.pending += 1;
    Some(command)
}

fn tick(model: &mut Model) -> Option<Command> {
    if !model.playing || model.pending > 0 {
        return None;
    }
    if model.at_end() {
        model.playing = false;
        return None;
    }
    Some(Command::Forward(shown(model)))
}

fn shown(model: &Model) -> MachineId {
    MachineId(u16::try_from(model.shown).unwrap_or(u16::MAX))
}

fn act(model: &mut Model, action: Action) -> Option<Command> {
    model.notice = None;
    let machine = shown(model);
    match action {
        Action::Forward | Action::NextEvent if model.at_end() => {
            model.playing = false;
            model.notice = Some(match &model.stuck {
                Some(stuck) => format!("{stuck}."),
                None => "This is the end of the run. Home goes back to its start.".to_owned(),
            });
            None
        }
        Action::Forward => pause(model, Command::Forward(machine)),
        Action::Back => pause(model, Command::Back(machine)),
        Action::NextEvent => pause(model, Command::NextEvent(machine)),
        Action::PreviousEvent => pause(model, Command::PreviousEvent(machine)),
        Action::Start => pause(model, Command::Go(Time::ZERO)),
        Action::End => pause(model, Command::Go(Time::MAX)),
        Action::Play => {
            model.playing = !model.playing && !model.at_end();
            None
        }
        Action::Policy => policy(model, machine),
        Action::NextMachine => {
            turn(model, 1);
            None
        }
        Action::PreviousMachine => {
            turn(model, model.machines.len().saturating_sub(1));
            None
        }
        Action::Up => {
            choose(model, false);
            None
        }
        Action::Down => {
            choose(model, true);
            None
        }
        Action::ZoomIn => {
            model.scale = model.scale.saturating_sub(1);
            None
        }
        Action::ZoomOut => {
            model.scale = (model.scale + 1).min(SCALES.len() - 1);
            None
        }
        Action::Help => {
            model.help = true;
            None
        }
        Action::Theme => {
            model.theme = model.theme.next();
            model.notice = Some(format!("Colours: {}.", model.theme.name()));
            None
        }
        Action::Escape => {
            model.playing = false;
            let selected = model.machines.get_mut(model.shown).map(|m| &mut m.selected);
            if let Some(selected) = selected {
                *selected = None;
            }
            None
        }
        Action::Quit => {
            model.quit = true;
            None
        }
    }
}

fn pause(model: &mut Model, command: Command) -> Option<Command> {
    model.playing = false;
    Some(command)
}

fn turn(model: &mut Model, by: usize) {
    let count = model.machines.len();
    if count < 2 {
        model.notice = Some("There is only one machine in this world.".to_owned());
        return;
    }
    model.shown = (model.shown + by) % count;
    model.event = None;
}

fn policy(model: &mut Model, machine: MachineId) -> Option<Command> {
    model.playing = false;
    let policy = model.machine()?.snapshot.as_ref()?.policy;
    let at = POLICIES.iter().position(|known| *known == policy);
    let next = POLICIES[at.map_or(0, |at| (at + 1) % POLICIES.len())];
    let name = &model.machine()?.info.name;
    model.notice = Some(format!(
        "From here on {name} uses {next} instead of {policy}: what came later is forgotten."
    ));
    Some(Command::Policy(machine, next))
}

/// The tasks that can be chosen: those that live, or ended a moment ago.
fn choice(machine: &MachineModel, now: Time) -> Vec<oscope_kernel::base::Serial> {
    let tasks = machine.trace.tasks(now).iter();
    tasks
        .filter(|track| {
            machine.selected == Some(track.serial)
                || !matches!(track.doing(now), Some(Doing::Ended(_)))
        })
        .map(|track| track.serial)
        .collect()
}

fn choose(model: &mut Model, down: bool) {
    let now = model.now;
    let Some(machine) = model.machines.get_mut(model.shown) else {
        return;
    };
    let tasks = choice(machine, now);
    let at = machine.selected.and_then(|chosen| tasks.iter().position(|task| *task == chosen));
    let next = match (at, down) {
        (None, true) => 0,
        (None, false) => tasks.len().saturating_sub(1),
        (Some(at), true) => (at + 1).min(tasks.len().saturating_sub(1)),
        (Some(at), false) => at.saturating_sub(1),
    };
    machine.selected = tasks.get(next).copied();
}

fn take(model: &mut Model, reply: Reply) {
    if reply.restart {
        for machine in &mut model.machines {
            machine.trace = Trace::new(machine.info.cpus);
        }
    }
    for (machine, news) in model.machines.iter_mut().zip(&reply.news) {
        for seen in news {
            machine.trace.fold(seen);
        }
        machine.trace.steps.settle(reply.reached);
    }
    model.reached = reply.reached;
    model.stuck = reply.stuck;
    if !reply.done {
        model.progress = Some(reply.now);
        return;
    }
    model.progress = None;
    model.pending = model.pending.saturating_sub(1);
    model.now = reply.now;
    model.event = reply
        .event
        .filter(|(machine, ..)| *machine == shown(model))
        .map(|(_, number, record)| (number, record));
    for (machine, snapshot) in model.machines.iter_mut().zip(reply.snapshots) {
        machine.snapshot = Some(snapshot);
    }
    for machine in &mut model.machines {
        let selected = machine.selected.and_then(|s| machine.trace.track(s));
        if selected.is_none_or(|track| track.born >= reply.now) {
            machine.selected = None;
        }
    }
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
