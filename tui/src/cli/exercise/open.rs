//! `oscope exercise open`: the run of what somebody has handed in, in the screen, where it goes wrong.

use super::super::{Failure, is_terminal, screen};
use super::{all_done, find, meant};
use crate::exercise::case::Case;
use crate::exercise::child::Limits;
use crate::exercise::judge::submission;
use crate::exercise::shelf::Folder;
use crate::exercise::workspace::{Workspace, handed_in, read};
use crate::lang::Lang;
use crate::session::{self, Session};
use std::path::Path;

pub(super) fn open(
    name: Option<&str>,
    dir: &Path,
    all: &[Folder],
    (seed, lang): (u64, Lang),
) -> Result<(), Failure> {
    if !is_terminal() {
        let message = "the screen needs a terminal; `oscope exercise check` tells without one";
        return Err(Failure::Usage(message.to_owned()));
    }
    // What a teacher has collected is a folder of exercises, and need not be a whole workspace.
    let (path, seed, folder) = match (Workspace::open(dir), name) {
        (Ok(workspace), name) => match meant(name, dir, &workspace, all)? {
            Some(folder) => (workspace.path.clone(), workspace.progress.seed, folder),
            None => return Err(Failure::Run(all_done(lang).to_owned())),
        },
        (Err(_), Some(name)) => (dir.to_owned(), seed, find(name, all)?),
        (Err(why), None) => return Err(Failure::Usage(why)),
    };
    shown(&path, folder, seed, lang)
}

/// Opens the run of an exercise in a folder that holds it.
pub(super) fn shown(path: &Path, folder: &Folder, seed: u64, lang: Lang) -> Result<(), Failure> {
    let exercise = folder.exercise().map_err(Failure::Usage)?;
    if !exercise.kind.has_run() {
        let message = format!("{}: there is no machine that ran it", folder.name);
        return Err(Failure::Run(message));
    }
    let place = path.join(&folder.name);
    let file = handed_in(&place, &exercise, folder)
        .ok_or_else(|| Failure::Usage(format!("{}: nothing is there", place.display())))?;
    let text = read(&file).map_err(Failure::Usage)?;
    let name = file.to_string_lossy();
    let verdict = submission(folder, &exercise, (&name, &text), seed, lang);
    let at = verdict.map_err(Failure::Usage)?.findings.first().and_then(|first| first.at_ns);
    let case = Case::of(folder, &exercise, (&name, &text), (seed, Limits::LOOK));
    // The case holds a program's process for as long as the screen is there.
    let case = case.map_err(Failure::Usage)?.map_err(|(_, why)| Failure::Usage(why))?;
    let (source, until) = case.source().map_err(Failure::Usage)?;
    let all = case.plan.changes().iter().chain(&case.changes.0);
    let session = Session {
        edition: session::EDITION.to_owned(),
        world: case.plan.world.clone(),
        set: all.map(|(path, value)| format!("{path}={value}")).collect(),
        seed,
        until_ns: until.0,
        at_ns: at.unwrap_or(until.0).min(until.0),
        text: case
            .changes
            .1
            .clone()
            .map_or_else(|| case.plan.text(), Ok)
            .map_err(Failure::Usage)?,
        ..Session::default()
    };
    screen::show(source, session, lang)
}
