//! What keys mean to somebody who reads a lesson.
//!
//! While a question is open the machine does not go on: what comes next is what was asked.

use super::prompt;
use crate::engine::Command;
use crate::keys::Action;
use crate::lesson::whole::Lesson;
use crate::model::{Asking, LessonModel, Model};

/// Whether an action would show what comes.
pub(super) const fn goes_ahead(action: Action) -> bool {
    matches!(
        action,
        Action::Forward
            | Action::NextEvent
            | Action::NextKind
            | Action::Play
            | Action::End
            | Action::Stop
            | Action::GoTo
            | Action::WhatIf
    )
}

/// Whether the future is covered; if so, it says why.
pub(super) fn covers(model: &mut Model) -> bool {
    let lesson = model.lesson.as_ref().map(|lesson| &lesson.reading);
    let asks = |reading: &crate::lesson::reading::Reading| {
        reading.step().is_some_and(|step| step.question.is_some() && step.go.is_some())
            && !reading.standing().done
    };
    let covers = lesson.is_some_and(asks);
    if covers {
        model.notice = Some(model.lang.lesson().covered.to_owned());
    }
    covers
}

/// The text comes before the machine, or goes behind it.
pub(super) fn front(model: &mut Model) {
    if let Some(lesson) = &mut model.lesson {
        lesson.is_front = !lesson.is_front;
    }
}

/// Somebody wants to see the machine.
pub(super) fn step_back(model: &mut Model) {
    if let Some(lesson) = &mut model.lesson {
        lesson.is_front = false;
    }
}

/// Enter: answers, tries, or goes on.
pub(super) fn enter(model: &mut Model) -> Option<Command> {
    let lesson = model.lesson.as_mut()?;
    lesson.is_front = true;
    if !lesson.reading.waits() {
        return turn(model, true);
    }
    let step = lesson.reading.step()?;
    match (&step.question, &step.change) {
        (Some(_), _) => prompt::open(model, Asking::Answer, ""),
        (None, Some(change)) if change.script => {
            judge_file(lesson);
            None
        }
        (None, Some(_)) => prompt::open(model, Asking::Change, ""),
        (None, None) => turn(model, true),
    }
}

/// Something was typed.
pub(super) fn typed(model: &mut Model, asking: Asking, text: &str) -> Option<Command> {
    let lesson = model.lesson.as_mut()?;
    if text.trim().is_empty() {
        return None;
    }
    if asking == Asking::Answer {
        lesson.reading.answer(text);
    } else {
        lesson.reading.try_change(text);
    }
    lesson.scroll = usize::MAX;
    None
}

/// Reads the script that somebody writes anew, and tries it.
fn judge_file(lesson: &mut LessonModel) {
    let Some(path) = lesson.file.clone() else { return };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            lesson.reading.try_change(&text);
        }
        Err(error) => lesson.reading.said = Some((false, format!("{path}: {error}"))),
    }
    lesson.scroll = usize::MAX;
}

/// To another step, and the machine to where that step is about.
pub(super) fn turn(model: &mut Model, forward: bool) -> Option<Command> {
    let words = model.lang.lesson();
    let Some(lesson) = &mut model.lesson else {
        model.notice = Some(words.none.to_owned());
        return None;
    };
    let at = lesson.reading.at;
    let next = if forward { at + 1 } else { at.saturating_sub(1) };
    if next >= lesson.reading.steps.len() {
        model.notice = Some(words.end.to_owned());
        return None;
    }
    open(model, next)
}

/// Opens a step.
pub fn open(model: &mut Model, at: usize) -> Option<Command> {
    let lesson = model.lesson.as_mut()?;
    lesson.reading.go(at);
    lesson.scroll = 0;
    lesson.is_front = true;
    let step = lesson.reading.step()?.clone();
    if step.change.as_ref().is_some_and(|change| change.script) && lesson.file.is_none() {
        lesson.file = begin_file(&lesson.reading.lesson);
    }
    model.playing = false;
    model.event = None;
    model.view = step.view;
    if let Some(machine) = step.machine.filter(|machine| *machine < model.machines.len()) {
        model.shown = machine;
    }
    step.go.map(Command::Go)
}

/// Puts the script of a lesson into a file of its own, unless there is one already.
fn begin_file(lesson: &Lesson) -> Option<String> {
    let path = format!("lesson-{}.trace", lesson.number);
    let text = lesson.plan.text().ok()?;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).open(&path);
    match file {
        Ok(mut file) => std::io::Write::write_all(&mut file, text.as_bytes()).ok()?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(_) => return None,
    }
    Some(path)
}

/// One more hint, or the answer.
pub(super) fn hint(model: &mut Model) {
    let words = model.lang.lesson();
    match &mut model.lesson {
        Some(lesson) => {
            lesson.reading.hint();
            lesson.scroll = usize::MAX;
        }
        None => model.notice = Some(words.none.to_owned()),
    }
}

/// Moves the text by some lines.
pub(super) fn scroll(model: &mut Model, down: bool) {
    const LINES: usize = 5;
    if let Some(lesson) = &mut model.lesson {
        // What is beyond the end is cut when it is drawn.
        let from = if lesson.scroll == usize::MAX { LINES * 4 } else { lesson.scroll };
        lesson.scroll = if down { from + LINES } else { from.saturating_sub(LINES) };
    }
}
