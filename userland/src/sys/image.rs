//! What a Rust program is before it runs: its body, its functions, and how much memory it takes.

use super::Sys;
use super::program::Saved;
use oscope_kernel::abi::program::{Image, SavedProgram, Segments};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A program under way, as Rust has it.
pub type ProgramFuture = Pin<Box<dyn Future<Output = u64>>>;

/// What a program does: called with its connection to the kernel, it returns the exit code. It must be a
/// function of the answers it gets, and of nothing else: no statics, no clocks, no cells of its own.
pub type Body = Arc<dyn Fn(Sys) -> ProgramFuture + Send + Sync>;

/// A function that runs on its own: a thread's, with the word that it was given, or a signal handler,
/// with the signal's number.
pub type Function = Arc<dyn Fn(Sys, u64) -> ProgramFuture + Send + Sync>;

/// Where functions lie in the emulated text: function `n` at `FUNCTIONS + 16 n`. The addresses mean
/// nothing to the machine, but look and compare as on a real one.
pub const FUNCTIONS: u64 = 0x1_0400;

/// A program as a file holds it.
#[derive(Clone)]
pub struct RustImage {
    name: String,
    main: Body,
    functions: Vec<Function>,
    segments: Segments,
}

impl RustImage {
    /// A program with this name and this `main`.
    pub fn new<F, R>(name: &str, main: F) -> Self
    where
        F: Fn(Sys) -> R + Send + Sync + 'static,
        R: Future<Output = u64> + 'static,
    {
        Self {
            name: name.to_owned(),
            main: Arc::new(move |sys| Box::pin(main(sys))),
            functions: Vec::new(),
            segments: Segments { text: 4, data: 4, stack: 64 },
        }
    }

    /// Adds a function for threads and signal handlers. Its number is how many were added before it.
    #[must_use]
    pub fn function<F, R>(mut self, function: F) -> Self
    where
        F: Fn(Sys, u64) -> R + Send + Sync + 'static,
        R: Future<Output = u64> + 'static,
    {
        self.functions.push(Arc::new(move |sys, word| Box::pin(function(sys, word))));
        self
    }

    /// Sets how many pages its data takes.
    #[must_use]
    pub fn data_pages(mut self, pages: u32) -> Self {
        self.segments.data = pages;
        self
    }

    /// The first address of its data.
    #[must_use]
    pub fn data_address(&self) -> u64 {
        super::TEXT_BASE + u64::from(self.segments.text) * 4096
    }

    pub(super) fn by_address(&self, address: u64) -> Option<&Function> {
        let offset = address.checked_sub(FUNCTIONS)?;
        if offset % 16 != 0 {
            return None;
        }
        self.functions.get(usize::try_from(offset / 16).ok()?)
    }
}

impl Image for RustImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn segments(&self) -> Segments {
        self.segments
    }

    fn start(&self, stack: u64) -> Arc<dyn SavedProgram> {
        Arc::new(Saved::start(Arc::new(self.clone()), Arc::clone(&self.main), stack))
    }
}
