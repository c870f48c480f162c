//! The oscope binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    oscope_tui::cli::main()
}
