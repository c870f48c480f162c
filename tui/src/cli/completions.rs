//! `oscope completions SHELL`: a script that completes command lines.

use super::out::Out;
use super::{Cli, Failure};
use clap::CommandFactory;
use clap_complete::Shell;

/// The options of `oscope completions`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell that will read the script
    shell: Shell,
}

pub(super) fn completions(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "oscope", &mut script);
    let mut out = Out::stdout();
    out.text(&script)?;
    out.finish()
}
