//! The shell's companions: one program per file, each with the options that people use and the messages that GNU's
//! coreutils have. [`tool`] holds what they share: options, output in large pieces, lines of input, messages.

mod tool;

mod cat;
mod echo;
mod getty;
mod sh;

use crate::sys::RustImage;

/// All of them.
pub(super) fn images() -> Vec<RustImage> {
    vec![
        RustImage::new("cat", cat::main),
        RustImage::new("echo", echo::main),
        RustImage::new("getty", getty::main),
        sh::image(),
    ]
}
