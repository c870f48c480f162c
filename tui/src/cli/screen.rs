//! `oscope tui`: look at a world.

use super::input::WorldArgs;
use super::{Failure, is_terminal};
use crate::app::{self, Look};
use crate::lang::Lang;

pub(super) fn tui(args: &WorldArgs, ascii: bool, no_mouse: bool) -> Result<(), Failure> {
    let input = args.read()?;
    if !is_terminal() {
        let message = "the screen needs a terminal; `oscope run` prints without one";
        return Err(Failure::Usage(message.to_owned()));
    }
    // no-color.org: set and not empty.
    let mono = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok();
        value.filter(|value| !value.is_empty())
    });
    let lang = Lang::of_locale(locale.as_deref().unwrap_or_default());
    let look = Look { ascii, mono, no_mouse, lang };
    app::run(&input.name, input.source, input.until, look).map_err(Failure::Run)
}
