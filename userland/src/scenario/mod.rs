//! Worlds: what is in a world file, and how it becomes machines.
//!
//! Layers: [`mod@file`] is the format; [`units`] reads `10ms`, `16MiB`, `1Gbit`; [`builtin`] holds the worlds
//! that come with oscope, which are world files themselves.
//!
//! A typical sequence: [`open`] finds a built-in world, [`WorldFile::parse_with`] reads it with what `--set` changes,
//! [`WorldFile::boot`] makes a [`World`](oscope_kernel::world::World) of it.

pub mod builtin;
pub mod file;
pub mod initramfs;
mod machine;
mod network;
pub mod units;

pub use builtin::{BUILTIN, Builtin};
pub use file::{Extra, WorldError, WorldFile};

/// A built-in world by its name.
///
/// # Errors
/// [`WorldError::Unknown`] with the names that there are.
pub fn open(name: &str) -> Result<WorldFile, WorldError> {
    match BUILTIN.iter().find(|builtin| builtin.name == name) {
        Some(builtin) => WorldFile::parse(builtin.name, builtin.text),
        None => Err(WorldError::Unknown(name.to_owned())),
    }
}
