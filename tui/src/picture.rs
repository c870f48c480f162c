//! Pictures that take longer to make than a snapshot, so that only the view that is open gets one.

use crate::console::Console;
use crate::memory::{MemoryPicture, last_faults};
use oscope_kernel::machine::{FilesView, Machine};

/// What there are pictures of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Who has which memory.
    Memory,
    /// Names, open files and the page cache.
    Files,
    /// What the console shows.
    Console,
}

/// A picture of one machine at a moment.
#[derive(Clone, Debug)]
pub enum Picture {
    /// Of its memory.
    Memory(Box<MemoryPicture>),
    /// Of its files.
    Files(Box<FilesView>),
    /// Of its console.
    Console(Box<Console>),
}

impl Picture {
    /// The picture of now.
    #[must_use]
    pub fn of(machine: &Machine, subject: Subject) -> Self {
        match subject {
            Subject::Memory => {
                let faults = last_faults(machine);
                let picture = MemoryPicture::of(machine, |pid| faults.get(&pid).copied());
                Self::Memory(Box::new(picture))
            }
            Subject::Files => Self::Files(Box::new(machine.files_view())),
            Subject::Console => Self::Console(Box::new(Console::of(machine))),
        }
    }
}
