//! The programs, one per file, and the loader that finds them.
//!
//! A program's file in an emulated file system holds a magic number and the program's name
//! ([`file_of`]); execve(2) reads its first bytes and asks the [`Builtins`], as it would ask about an ELF
//! header. At boot, when there is no file system yet, a program is found by the last part of its path.

mod appd;
mod blink;
mod browser;
mod churn;
mod clerk;
mod counter;
mod dbd;
mod family;
mod fetch;
mod frames;
mod hog;
mod httpd;
mod hungry;
mod idle;
mod inversion;
mod job;
mod market;
mod named;
mod net;
mod pages;
mod philosophers;
mod prefork;
mod rows;
mod scribe;
mod sharers;
mod splitter;
pub mod steps;
mod tools;
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

/// What stands before the name of a tool in its file.
const TOOL: &str = "bin/";

/// The programs that come with oscope, and those that were added.
#[derive(Clone)]
pub struct Builtins {
    images: BTreeMap<String, Arc<dyn Image>>,
    /// The shell and the small tools. They have names of their own, so that `echo` can also be a server of a world.
    tools: BTreeMap<String, Arc<dyn Image>>,
    /// Whether the tools are in /bin of disks too.
    are_tools_on_disks: bool,
    /// What is executed instead of what a file says, by its path.
    instead: BTreeMap<String, Arc<dyn Image>>,
}

impl Default for Builtins {
    fn default() -> Self {
        let mut all = Self::none();
        for image in [
            appd::image(),
            blink::image(),
            browser::image(),
            churn::image(),
            clerk::image(),
            counter::image(),
            dbd::image(),
            family::image(),
            fetch::fetch(),
            fetch::serve(),
            frames::echo(),
            frames::typist(),
            hog::image(),
            httpd::image(),
            hungry::image(),
            idle::image(),
            job::image(),
            inversion::image(),
            market::image(),
            named::image(),
            pages::image(),
            philosophers::image(),
            prefork::image(),
            rows::image(),
            scribe::image(),
            sharers::image(),
            splitter::image(),
            workers::image(),
        ] {
            all.add(image);
        }
        for image in tools::images() {
            all.tools.insert(image.name().to_owned(), Arc::new(image));
        }
        all
    }
}

impl Builtins {
    /// No programs at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            images: BTreeMap::new(),
            tools: BTreeMap::new(),
            are_tools_on_disks: false,
            instead: BTreeMap::new(),
        }
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

    /// Puts the shell and the tools on disks too.
    #[must_use]
    pub fn with_tools_on_disks(self) -> Self {
        Self { are_tools_on_disks: true, ..self }
    }

    /// The files that are in /bin of a disk, with their contents.
    #[must_use]
    pub fn files_on_disks(&self) -> BTreeMap<String, Vec<u8>> {
        let own = self.names().map(|name| (format!("/bin/{name}"), file_of(name)));
        let tools = if self.are_tools_on_disks { self.tools_in("/bin") } else { BTreeMap::new() };
        own.chain(tools).collect()
    }

    /// The shell and the tools as files of a directory.
    #[must_use]
    pub fn tools_in(&self, directory: &str) -> BTreeMap<String, Vec<u8>> {
        let file =
            |name: &String| (format!("{directory}/{name}"), file_of(&format!("{TOOL}{name}")));
        self.tools.keys().map(file).collect()
    }

    /// Their names, without those of the tools.
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
        let image = match name.strip_prefix(TOOL) {
            Some(tool) => self.tools.get(tool),
            None => self.images.get(name).or_else(|| self.tools.get(name)),
        };
        let image = image.ok_or(Errno::ENOENT)?;
        Ok(Arc::clone(image))
    }
}

/// A program's argument as a number, or `default` if it is missing or none.
pub(crate) fn number(arguments: &[String], at: usize, default: u64) -> u64 {
    arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
}
