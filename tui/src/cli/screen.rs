//! `oscope tui`: look at a world.

use super::input::WorldArgs;
use super::{Failure, is_terminal};
use crate::app::{self, Look};
use crate::lang::Lang;
use crate::lesson::reading::Reading;
use crate::session::{self, Session};
use crate::source::Source;
use oscope_kernel::base::Time;

pub(super) fn tui(args: &WorldArgs, ascii: bool, no_mouse: bool) -> Result<(), Failure> {
    let input = args.read()?;
    if !is_terminal() {
        let message = "the screen needs a terminal; `oscope run` prints without one";
        return Err(Failure::Usage(message.to_owned()));
    }
    let look = look(ascii, no_mouse, lang());
    app::run(input.source, input.session, look, None).map_err(Failure::Run)?;
    Ok(())
}

/// A lesson beside the machine that it tells of; comes back with how far somebody has come.
pub(super) fn lesson(
    (source, until): (Source, Time),
    reading: Reading,
    lang: Lang,
    (ascii, no_mouse): (bool, bool),
) -> Result<Option<Reading>, Failure> {
    let plan = &reading.lesson.plan;
    let set = plan.changes().iter().map(|(path, value)| format!("{path}={value}"));
    let session = Session {
        edition: session::EDITION.to_owned(),
        world: plan.world.clone(),
        set: set.collect(),
        until_ns: until.0,
        text: plan.text().map_err(Failure::Usage)?,
        ..Session::default()
    };
    let look = look(ascii, no_mouse, lang);
    app::run(source, session, look, Some(reading)).map_err(Failure::Run)
}

/// A run, where a session says.
pub(super) fn show(source: Source, session: Session, lang: Lang) -> Result<(), Failure> {
    app::run(source, session, look(false, false, lang), None).map_err(Failure::Run)?;
    Ok(())
}

fn look(ascii: bool, no_mouse: bool, lang: Lang) -> Look {
    // no-color.org: set and not empty.
    let mono = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Look { ascii, mono, no_mouse, lang }
}

/// The language of the terminal.
pub(super) fn lang() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok();
        value.filter(|value| !value.is_empty())
    });
    Lang::of_locale(locale.as_deref().unwrap_or_default())
}
