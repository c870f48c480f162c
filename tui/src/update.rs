//! How a message changes the model, and what the engine is asked for in turn.
//!
//! Layers: [`update`] takes every message; `act` does what keys, clicks and hints ask for; `prompt` is the line
//! that is typed into; [`console`] is what they mean to a guest, [`lesson`] to somebody who reads a lesson; `over` is what keys mean while a window lies over the screen.

mod act;
pub mod console;
pub mod lesson;
mod over;
mod prompt;

use crate::engine::{Command, Reply};
use crate::keys::{Action, action};
use crate::model::{Effect, Model, Over, View};
use crate::trace::Trace;
use oscope_kernel::base::{MachineId, Serial, Time};
use ratatui::crossterm::event::{KeyEvent, KeyEventKind};

/// What a click meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A tab.
    Tab(View),
    /// A hint.
    Act(Action),
    /// A task.
    Task(Serial),
    /// A record in a list.
    Record(u64),
    /// A place on the timeline.
    Moment(Time),
    /// A line of a window.
    Line(usize),
    /// A name in the tree of files, by its place.
    Name(usize),
}

/// What can happen to the screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// Something was clicked on.
    Click(Target),
    /// The wheel was turned; down or up.
    Wheel(bool),
    /// A file was written, or could not be: what to say of it.
    Said(String),
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
        Message::Key(key) => pressed(model, &key),
        Message::Paste(text) => console::paste(model, &text),
        Message::Click(target) => clicked(model, target),
        Message::Wheel(down) => {
            let action = if down { Action::Down } else { Action::Up };
            if model.over.is_some() { over::act(model, action) } else { act::act(model, action) }
        }
        Message::Said(text) => {
            model.notice = Some(text);
            None
        }
        Message::Reply(reply) => {
            take(model, *reply);
            None
        }
        Message::Tick => tick(model),
    };
    let command = command.or_else(|| ask_for_picture(model))?;
    if model.pending >= PATIENCE {
        return None;
    }
    model.pending += 1;
    Some(command)
}

/// Another view or another machine may need another picture.
fn ask_for_picture(model: &mut Model) -> Option<Command> {
    let wanted = model.picture_wanted();
    if wanted == model.picture_asked || model.pending >= PATIENCE {
        return None;
    }
    model.picture_asked = wanted;
    model.picture = None;
    Some(Command::Picture(wanted))
}

fn pressed(model: &mut Model, key: &KeyEvent) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if model.grabbed {
        return console::key(model, key);
    }
    let action = action(key);
    if model.prompt.is_some() {
        return prompt::key(model, key);
    }
    // What lies over the screen may be written to a file like the screen itself.
    let typed = matches!(action, Some(Action::Quit | Action::Command | Action::Write));
    if model.over.is_some() && !typed {
        return match action {
            Some(action) => over::act(model, action),
            None => over::other(model),
        };
    }
    act::act(model, action?)
}

fn clicked(model: &mut Model, target: Target) -> Option<Command> {
    model.notice = None;
    model.grabbed = false;
    match target {
        Target::Line(line) => return over::choose(model, line),
        _ if model.over.is_some() => {
            model.over = None;
            return None;
        }
        Target::Tab(View::Lessons) if model.lesson.is_some() => {
            return act::act(model, Action::Show(View::Lessons));
        }
        Target::Tab(view) => {
            model.view = view;
            lesson::step_back(model);
        }
        Target::Act(action) => return act::act(model, action),
        Target::Task(task) => {
            let machine = model.machines.get_mut(model.shown)?;
            machine.selected = (machine.selected != Some(task)).then_some(task);
        }
        Target::Name(at) => {
            let path =
                model.files().and_then(|files| files.names.get(at)).map(|name| name.path.clone());
            model.machines.get_mut(model.shown)?.path = path;
        }
        Target::Record(number) => model.machines.get_mut(model.shown)?.cursor = Some(number),
        Target::Moment(time) if time > model.now && lesson::covers(model) => {}
        Target::Moment(time) => {
            model.playing = false;
            return Some(act::jump(model, Command::Go(time)));
        }
    }
    None
}

fn tick(model: &mut Model) -> Option<Command> {
    if model.grabbed {
        return console::tick(model);
    }
    if !model.playing || model.pending > 0 {
        return None;
    }
    if model.at_end() {
        model.playing = false;
        return None;
    }
    Some(act::step(model, true))
}

fn shown(model: &Model) -> MachineId {
    MachineId(u16::try_from(model.shown).unwrap_or(u16::MAX))
}

fn take(model: &mut Model, reply: Reply) {
    if reply.restart {
        for machine in &mut model.machines {
            machine.trace = Trace::new(machine.info.cpus);
            machine.cursor = None;
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
    model.until = reply.until;
    model.acts = reply.acts;
    model.picture = reply.picture;
    if let (Some(script), Some(picture)) = (&mut model.script, reply.script) {
        script.picture = *picture;
    }
    if reply.missed {
        model.playing = false;
        model.notice = Some(model.words().missed.to_owned());
    }
    if let Some(said) = reply.said {
        model.notice = Some(match said {
            Ok(path) => format!("{} {path}", model.words().written),
            Err(error) => error,
        });
    }
    if let Some(futures) = reply.futures {
        model.over = Some(Over::Futures(futures));
    }
    // The machine on which a step was made is the one to look at.
    if let Some((machine, ..)) = reply.event.filter(|_| model.view == View::Request) {
        model.shown = usize::from(machine.0).min(model.machines.len().saturating_sub(1));
    }
    model.event = reply
        .event
        .filter(|(machine, ..)| *machine == shown(model))
        .map(|(_, number, record)| (number, record));
    let event = model.event.map(|(number, _)| number);
    if let Some(machine) = model.machines.get_mut(model.shown).filter(|_| event.is_some()) {
        machine.cursor = event;
    }
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

/// What the terminal is to do since it was asked last.
pub fn effects(model: &mut Model) -> Vec<Effect> {
    std::mem::take(&mut model.effects)
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
