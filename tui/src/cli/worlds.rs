//! `oscope worlds`: which worlds there are.

use super::Failure;
use super::out::Out;
use oscope_userland::scenario::{BUILTIN, open};

pub(super) fn worlds() -> Result<(), Failure> {
    let mut out = Out::stdout();
    for builtin in BUILTIN {
        let file = open(builtin.name).map_err(|error| Failure::Usage(error.to_string()))?;
        out.line(&format!("{:<10} {}", builtin.name, file.about()))?;
    }
    out.finish()
}
