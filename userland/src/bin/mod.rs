//! The programs, one per file, and the loader that finds them.
//!
//! A program's file in an emulated file system holds a magic number and the program's name
//! ([`file_of`]); execve(2) reads its first bytes and asks the [`Builtins`], as it would ask about an ELF
//! header. At boot, when there is no file system yet, a program is found by the last part of its path.

mod blink;
mod churn;
mod counter;
mod dbd;
mod family;
mod frames;
mod hog;
mod hungry;
mod idle;
mod inversion;
mod job;
mod market;
mod pages;
mod philosophers;
mod prefork;
mod scribe;
mod sh;
mod sharers;
mod splitter;
mod workers;

use crate::sys::RustImage;
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::program::{Image, Loader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first bytes of a built-in program's file; its name and a line feed follow.
pub const MAGIC: &[u8] = b"\x7fOSCOPE ";

/// The contents of a built-in program's file.
#[must_use]
pub fn file_of(name: &str) -> Vec<u8> {
    [MAGIC, name.as_bytes(), b"\n"].concat()
}

/// The programs that come with oscope, and those that were added.
#[derive(Clone)]
pub struct Builtins {
    images: BTreeMap<String, Arc<dyn Image>>,
    /// What is executed instead of what a file says, by its path.
    instead: BTreeMap<String, Arc<dyn Image>>,
}

impl Default for Builtins {
    fn default() -> Self {
        let mut all = Self::none();
        for image in [
            blink::image(),
            churn::image(),
            counter::image(),
            dbd::image(),
            family::image(),
            frames::echo(),
            frames::typist(),
            hog::image(),
            hungry::image(),
            idle::image(),
            job::image(),
            inversion::image(),
            market::image(),
            pages::image(),
            philosophers::image(),
            prefork::image(),
            scribe::image(),
            sh::image(),
            sharers::image(),
            splitter::image(),
            workers::image(),
        ] {
            all.add(image);
        }
        all
    }
}

impl Builtins {
    /// No programs at all.
    #[must_use]
    pub fn none() -> Self {
        Self { images: BTreeMap::new(), instead: BTreeMap::new() }
    }

    /// Adds a program under its name.
    pub fn add(&mut self, image: RustImage) {
        self.add_image(Arc::new(image));
    }

    /// Adds a program of any kind under its name.
    pub fn add_image(&mut self, image: Arc<dyn Image>) {
        self.images.insert(image.name().to_owned(), image);
    }

    /// The same, for building a loader in one expression.
    #[must_use]
    pub fn with_image(mut self, image: Arc<dyn Image>) -> Self {
        self.add_image(image);
        self
    }

    /// Makes a path lead to a program, whatever its file says.
    pub fn put_instead(&mut self, path: &str, image: Arc<dyn Image>) {
        self.instead.insert(path.to_owned(), image);
    }

    /// The same, for building a loader in one expression.
    #[must_use]
    pub fn with(mut self, image: RustImage) -> Self {
        self.add(image);
        self
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }
}

impl Loader for Builtins {
    fn load(&self, path: &str, head: &[u8]) -> Result<Arc<dyn Image>, Errno> {
        if let Some(image) = self.instead.get(path) {
            return Ok(Arc::clone(image));
        }
        let name = if head.is_empty() {
            path.rsplit('/').next().unwrap_or(path)
        } else {
            let rest = head.strip_prefix(MAGIC).ok_or(Errno::ENOEXEC)?;
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or(Errno::ENOEXEC)?;
            std::str::from_utf8(&rest[..end]).map_err(|_| Errno::ENOEXEC)?
        };
        let image = self.images.get(name).ok_or(Errno::ENOENT)?;
        Ok(Arc::clone(image))
    }
}

/// A program's argument as a number, or `default` if it is missing or none.
pub(crate) fn number(arguments: &[String], at: usize, default: u64) -> u64 {
    arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
}
