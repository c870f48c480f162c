//! The line at the bottom that is typed into.

use super::act::{self, jump};
use super::{lesson, shown};
use crate::commands::{self, Typed};
use crate::engine::Command;
use crate::model::{Asking, Effect, Model, Over, Prompt};
use oscope_kernel::base::MachineId;
use oscope_userland::predicate::Predicate;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Nobody types more than that.
const LONGEST: usize = 500;

pub(super) fn open(model: &mut Model, asking: Asking, text: &str) -> Option<Command> {
    model.prompt = Some(Prompt { asking, text: text.to_owned(), note: String::new() });
    None
}

/// A key while something is typed.
pub(super) fn key(model: &mut Model, key: &KeyEvent) -> Option<Command> {
    let prompt = model.prompt.as_mut()?;
    let chord = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    prompt.note.clear();
    match key.code {
        KeyCode::Esc => model.prompt = None,
        KeyCode::Char('c' | 'C') if chord => model.prompt = None,
        KeyCode::Char('u' | 'U') if chord => prompt.text.clear(),
        KeyCode::Char(_) if chord => {}
        KeyCode::Char(c) if prompt.text.len() < LONGEST && !c.is_control() => prompt.text.push(c),
        KeyCode::Backspace if prompt.text.is_empty() => model.prompt = None,
        KeyCode::Backspace => {
            prompt.text.pop();
        }
        KeyCode::Tab if prompt.asking == Asking::Command => {
            prompt.text = commands::complete(&prompt.text);
            let all = commands::completions(&prompt.text);
            if all.len() > 1 {
                let words = all.iter().filter_map(|line| line.split_whitespace().last());
                prompt.note = words.collect::<Vec<_>>().join(" ");
            }
        }
        KeyCode::Enter => return enter(model),
        _ => {}
    }
    None
}

/// What was typed is done; if it is wrong, the line stays and says so.
fn enter(model: &mut Model) -> Option<Command> {
    let prompt = model.prompt.take()?;
    let condition = |text: &str| {
        Predicate::parse(text).map_err(|error: oscope_userland::predicate::Error| error.to_string())
    };
    let typed = match prompt.asking {
        Asking::Command => commands::parse(&prompt.text),
        Asking::Filter => condition(&prompt.text).map(|p| Typed::Filter(p, prompt.text.clone())),
        Asking::Stop | Asking::Last if prompt.text.trim().is_empty() => Ok(Typed::Nothing),
        Asking::Stop => condition(&prompt.text).map(|p| Typed::Stop(p, prompt.text.clone())),
        Asking::Answer | Asking::Change => {
            return lesson::typed(model, prompt.asking, &prompt.text);
        }
        Asking::Last => condition(&prompt.text).map(|p| Typed::Last(p, prompt.text.clone())),
    };
    match typed {
        Ok(typed) => done(model, typed),
        Err(note) => {
            model.prompt = Some(Prompt { note, ..prompt });
            None
        }
    }
}

fn done(model: &mut Model, typed: Typed) -> Option<Command> {
    let machine: MachineId = shown(model);
    model.playing = false;
    match typed {
        Typed::Nothing => {}
        Typed::Go(time) => return Some(jump(model, Command::Go(time))),
        Typed::Policy(policy) => {
            model.notice = Some(format!("{} {policy}.", model.words().forgotten));
            return Some(Command::Policy(machine, policy));
        }
        Typed::WhatIf(policy) => return Some(Command::WhatIf(machine, policy)),
        Typed::Filter(predicate, text) => {
            model.filter = (predicate, text);
            if !model.view.is_list() {
                model.view = crate::model::View::Log;
            }
            if let Some(machine) = model.machines.get_mut(model.shown) {
                machine.cursor = None;
            }
        }
        Typed::Stop(test, text) => {
            model.stop = text;
            return Some(jump(model, Command::Find { machine, test, forward: true }));
        }
        Typed::Last(test, text) => {
            model.stop = text;
            return Some(jump(model, Command::Find { machine, test, forward: false }));
        }
        Typed::Record(path) => model.effects.push(Effect::Record(path)),
        Typed::View(view) => model.view = view,
        Typed::Theme(theme) => model.theme = theme,
        Typed::Lang(lang) => model.lang = lang,
        Typed::Write(path) if path.ends_with(".jsonl") => return Some(Command::WriteLog(path)),
        Typed::Write(path) => model.effects.push(Effect::WriteScreen(path)),
        Typed::Mouse(on) => act::mouse(model, on),
        Typed::Help => model.over = Some(Over::Help(0)),
        Typed::Quit => model.quit = true,
    }
    None
}
