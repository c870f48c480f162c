//! Pictures that take longer to make than a snapshot, so that only the view that is open gets one.

use crate::console::Console;
use crate::memory::{MemoryPicture, last_faults};
use crate::network::NetworkPicture;
use oscope_kernel::base::MachineId;
use oscope_kernel::machine::{FilesView, Machine};
use oscope_kernel::world::World;

/// What there are pictures of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Who has which memory.
    Memory,
    /// Names, open files and the page cache.
    Files,
    /// Cables, sockets and packets.
    Network,
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
    /// Of its network.
    Network(Box<NetworkPicture>),
    /// Of its console.
    Console(Box<Console>),
}

impl Picture {
    /// The picture of now. `None` if there is no such machine.
    #[must_use]
    pub fn of(world: &World, id: MachineId, subject: Subject) -> Option<Self> {
        let machine = world.machines().get(usize::from(id.0))?;
        Some(match subject {
            Subject::Network => Self::Network(Box::new(NetworkPicture::of(world, id))),
            subject => Self::of_machine(machine, subject),
        })
    }

    fn of_machine(machine: &Machine, subject: Subject) -> Self {
        match subject {
            Subject::Memory => {
                let faults = last_faults(machine);
                let picture = MemoryPicture::of(machine, |pid| faults.get(&pid).copied());
                Self::Memory(Box::new(picture))
            }
            Subject::Files => Self::Files(Box::new(machine.files_view())),
            Subject::Console | Subject::Network => Self::Console(Box::new(Console::of(machine))),
        }
    }
}
