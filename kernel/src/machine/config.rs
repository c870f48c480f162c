//! What a machine is made of.

use crate::abi::program::Loader;
use crate::base::{Duration, MachineId, Schedule};
use crate::context::{Dialect, Structure};
use crate::event::Capture;
use crate::hw::disk::Medium;
use crate::hw::{CostModel, Timing, Wire};
use crate::mm::Overcommit;
use crate::net::route::Route;
use crate::proc::Start;
use crate::sched::Settings;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A disk.
#[derive(Clone, Debug)]
pub struct DiskConfig {
    /// What is on it.
    pub medium: Medium,
    /// How long a block takes.
    pub timing: Timing,
    /// Who chooses among requests that wait ([`POLICIES`](crate::driver::elevator::POLICIES)).
    pub scheduler: &'static str,
}

impl DiskConfig {
    /// A disk that serves first come, first served.
    #[must_use]
    pub fn new(medium: Medium, timing: Timing) -> Self {
        Self { medium, timing, scheduler: "fifo" }
    }
}

/// A stretch of memory that is handed out in whole blocks ([`partition`](crate::mm::partition)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionConfig {
    /// Who chooses among holes ([`POLICIES`](crate::mm::partition::POLICIES)).
    pub policy: String,
    /// Frames in it.
    pub frames: u32,
}

/// A network interface and the cable in it.
#[derive(Clone, Debug)]
pub struct PortConfig {
    /// The station address.
    pub address: [u8; 6],
    /// Its Internet addresses, and how many bits of each name the network.
    pub internet: Vec<(Ipv4Addr, u8)>,
    /// This end of the cable in it.
    pub wire: Wire,
}

/// The largest interleaving. It must be shorter than any cable: a CPU that lags behind its machine's time
/// may still send a frame.
pub const MAX_INTERLEAVE: Duration = Duration::nanos(500);

/// A machine, before it is switched on.
#[derive(Clone)]
pub struct Config {
    /// Its name, such as `web`.
    pub name: String,
    /// Its number in the world.
    pub id: MachineId,
    /// CPUs, at least one.
    pub cpus: u16,
    /// RAM, in frames of 4096 bytes.
    pub frames: u32,
    /// The scheduling policy, with its figures.
    pub scheduler: Settings,
    /// What things cost.
    pub costs: CostModel,
    /// One kernel, or many servers.
    pub structure: Structure,
    /// How ties are broken.
    pub dialect: Dialect,
    /// How far CPUs may run apart: 0 to see races, at most [`MAX_INTERLEAVE`].
    pub interleave: Duration,
    /// Whether every operation is a question for the chooser.
    pub explore: bool,
    /// The answers that are not the default.
    pub schedule: Schedule,
    /// Whether every call that parks is checked to have done no harm: for tests, and slow.
    pub check_parks: bool,
    /// How many answers a program may keep before it must rebase.
    pub journal_limit: usize,
    /// How many events are kept.
    pub log_keep: u64,
    /// How much is recorded.
    pub capture: Capture,
    /// How many pages are cached before clean ones go.
    pub cache_limit: usize,
    /// The numbers of the kernel's own tasks follow this one; `None`: that of the first program.
    pub kernel_pids_after: Option<u32>,
    /// Ports that those get in this order who leave the choice to the kernel: whether for TCP, and which; 0: by chance. How a
    /// recorded log gets the ports that it knows.
    pub chosen_ports: Vec<(bool, u16)>,
    /// What is in the root directory from the start: a cpio archive. `None`: the directories that everybody expects.
    pub initramfs: Option<Arc<[u8]>>,
    /// The disk, with the small file system on it.
    pub disk: Option<DiskConfig>,
    /// The swap area: a disk of its own, all of whose blocks are slots.
    pub swap: Option<DiskConfig>,
    /// Memory in whole blocks rather than pages.
    pub partitions: Option<PartitionConfig>,
    /// How much more memory may be promised than there is.
    pub overcommit: Overcommit,
    /// Which page goes when memory is short.
    pub replacement: String,
    /// Network interfaces.
    pub ports: Vec<PortConfig>,
    /// Routes besides those to the networks that the interfaces are in.
    pub routes: Vec<Route>,
    /// Whether packets are sent on that are for others.
    pub forwards: bool,
    /// What runs, from the start or later.
    pub programs: Vec<Start>,
    /// Finds programs.
    pub loader: Arc<dyn Loader>,
}

impl Config {
    /// A machine with one CPU, 16 MiB of RAM, round robin with slices of 10 ms, the teaching costs, and
    /// nothing to run.
    #[must_use]
    pub fn new(name: &str, loader: Arc<dyn Loader>) -> Self {
        Self {
            name: name.to_owned(),
            id: MachineId(0),
            cpus: 1,
            frames: 4096,
            scheduler: Settings::default(),
            costs: CostModel::teaching(),
            structure: Structure::Monolith,
            dialect: Dialect::LINUX,
            interleave: Duration::nanos(100),
            explore: false,
            schedule: Schedule::default(),
            check_parks: false,
            journal_limit: 1 << 20,
            kernel_pids_after: None,
            chosen_ports: Vec::new(),
            log_keep: 1 << 24,
            capture: Capture::Full,
            cache_limit: 1024,
            initramfs: None,
            disk: None,
            swap: None,
            partitions: None,
            overcommit: Overcommit::default(),
            replacement: "second-chance".to_owned(),
            ports: Vec::new(),
            routes: Vec::new(),
            forwards: false,
            programs: Vec::new(),
            loader,
        }
    }
}
