//! `sh`: the shell. All of it is in [`crate::sh`].

use crate::sh;
use crate::sys::RustImage;

pub(super) fn image() -> RustImage {
    RustImage::new("sh", sh::main).function(sh::handler)
}
