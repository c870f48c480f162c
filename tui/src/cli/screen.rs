//! `oscope tui`: look at a world.

use super::input::WorldArgs;
use super::{Failure, is_terminal};
use crate::app::{self, Look};

pub(super) fn tui(args: &WorldArgs, ascii: bool) -> Result<(), Failure> {
    let input = args.read()?;
    if !is_terminal() {
        let message = "the screen needs a terminal; `oscope run` prints without one";
        return Err(Failure::Usage(message.to_owned()));
    }
    // no-color.org: set and not empty.
    let mono = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    app::run(&input.name, input.file, input.until, Look { ascii, mono }).map_err(Failure::Run)
}
