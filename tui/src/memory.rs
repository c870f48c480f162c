//! A picture of a machine's memory: who shares which frames with whom.
//!
//! The kernel tells of spaces, areas and frames. Here they are put into the rows and columns of the sharing map: a
//! column is an address space with all threads in it, a row is what several of them have in common or what each has for
//! itself, and two columns of a row are joined when they see the very same frames.

use oscope_kernel::base::{FrameId, Pid, SpaceId};
use oscope_kernel::machine::{Machine, MemoryFigures, SpaceView, WalkView};
use oscope_kernel::mm::Use;
use oscope_kernel::mm::frames::ORDERS;
use oscope_kernel::mm::object::Kind;
use oscope_kernel::mm::partition::{Lot, Partitions};
use std::collections::BTreeMap;

/// Up to so many spaces are pictured.
const MOST_SPACES: usize = 64;

/// What a frame holds, as the map tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing.
    Free,
    /// No page yet, in the stretch that is handed out in blocks.
    Reserved,
    /// The kernel's own.
    Kernel,
    /// A page table.
    Table,
    /// Private memory of one space, by its place among the spaces; none: of one that is not pictured.
    Own(Option<usize>),
    /// Private memory that several spaces see until one of them writes.
    CopyOnWrite,
    /// A program's text.
    Code,
    /// Memory that is shared on purpose.
    Shared,
    /// The cache of files and disks.
    Cache {
        /// Newer than on the disk.
        dirty: bool,
    },
}

/// A row of the sharing map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// The text of a program, with its name.
    Code(String),
    /// Memory that is shared on purpose: what it is called.
    Shared(String),
    /// Pages of a file.
    File(String),
    /// Pages that forked processes of a program see together, until one writes.
    CopyOnWrite(String),
    /// Pages of processes of a program that nobody else sees.
    Own(String),
}

/// A row: how many frames of it each space sees, and who sees the same ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub kind: RowKind,
    /// How many frames there are.
    pub frames: usize,
    /// How many of them each space sees.
    pub seen: Vec<usize>,
    /// Whether a space may write to any of them, be it after a copy.
    pub writes: Vec<bool>,
    /// For each space, the next one to the right that sees a frame which this one sees.
    pub bonds: Vec<Option<usize>>,
}

/// The stretch of memory that is handed out in whole blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionPicture {
    /// Who chooses among holes.
    pub policy: &'static str,
    /// The first frame, and how many there are.
    pub stretch: (FrameId, u32),
    /// The blocks that somebody has, lowest first, with the place of its space among those that are pictured.
    pub lots: Vec<(Lot, Option<usize>)>,
    /// The holes, lowest first: first frame, and how many.
    pub holes: Vec<(FrameId, u32)>,
    /// How often no hole was large enough, and how often there was enough in all of them together.
    pub refused: (u64, u64),
    /// Holes that were looked at.
    pub searched: u64,
}

impl PartitionPicture {
    fn of(partitions: &Partitions, places: &BTreeMap<SpaceId, usize>) -> Self {
        let place = |lot: &Lot| lot.space.and_then(|space| places.get(&space).copied());
        Self {
            policy: partitions.policy(),
            stretch: partitions.stretch(),
            lots: partitions.held().into_iter().map(|lot| (lot, place(&lot))).collect(),
            holes: partitions.holes(),
            refused: partitions.refused(),
            searched: partitions.searched(),
        }
    }
}

/// A machine's memory at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPicture {
    /// In figures.
    pub figures: MemoryFigures,
    /// Free blocks of each order.
    pub blocks: [u32; ORDERS],
    /// The free blocks among frames that were ever used: first frame and order.
    pub holes: Vec<(FrameId, u32)>,
    /// Memory in whole blocks, if the machine has it.
    pub partitions: Option<PartitionPicture>,
    /// The spaces, by process number. Processes that share one are one.
    pub spaces: Vec<SpaceView>,
    /// How many more there are.
    pub hidden: usize,
    /// The sharing map.
    pub rows: Vec<Row>,
    /// What each frame holds, up to the highest one ever used.
    pub marks: Vec<Mark>,
    /// How many frames there are.
    pub size: u32,
    /// The walk to the address at which each space faulted last, or to its first byte.
    pub walks: Vec<WalkView>,
}

impl MemoryPicture {
    /// The picture of now. `last_fault` says where a process faulted last.
    #[must_use]
    pub fn of(machine: &Machine, last_fault: impl Fn(Pid) -> Option<u64>) -> Self {
        let tables = machine.tables();
        let mut pids: Vec<(Pid, SpaceId)> = Vec::new();
        for (_, process) in tables.proc.processes.iter() {
            pids.extend(process.space.map(|space| (process.pid, space)));
        }
        pids.sort_unstable();
        let mut places: BTreeMap<SpaceId, usize> = BTreeMap::new();
        let mut spaces: Vec<SpaceView> = Vec::new();
        let mut hidden = 0;
        for (pid, id) in pids {
            if places.contains_key(&id) {
                continue;
            }
            let has_room = spaces.len() < MOST_SPACES;
            match has_room.then(|| machine.space_view(pid)).flatten() {
                Some(view) => {
                    places.insert(id, spaces.len());
                    spaces.push(view);
                }
                None => hidden += 1,
            }
        }
        let walk = |space: &SpaceView| {
            let first = space.areas.first().map_or(0, |area| area.vma.start);
            machine.walk(space.pid, last_fault(space.pid).unwrap_or(first))
        };
        let walks = spaces.iter().filter_map(walk).collect();
        let mut rows = Rows { spaces: &spaces, frames: BTreeMap::new() };
        let mm = &tables.mm;
        let mark = |n| {
            let frame = FrameId(n);
            let mut seers = Seers::default();
            for (space, address) in mm.mappers(frame) {
                seers.count += 1;
                seers.shown.extend(places.get(&space).map(|place| (*place, address)));
            }
            if let Some(kind) = rows.kind(machine, frame, &seers) {
                rows.add(kind, frame, &seers);
            }
            mark(machine, frame, &seers)
        };
        let marks = (0..mm.frames.described()).map(mark).collect();
        let rows = rows.finish();
        Self {
            figures: machine.memory_figures(),
            blocks: mm.frames.blocks(),
            holes: mm.frames.free_blocks().collect(),
            partitions: mm.partitions.as_ref().map(|all| PartitionPicture::of(all, &places)),
            hidden,
            rows,
            marks,
            size: mm.frames.size(),
            walks,
            spaces,
        }
    }

    /// The space of a process, as its place among the spaces.
    #[must_use]
    pub fn space_of(&self, pid: u32) -> Option<usize> {
        self.spaces.iter().position(|space| space.pid.0 == pid)
    }

    /// Pages that the spaces see, counted for each, and frames that are behind them.
    #[must_use]
    pub fn resident(&self) -> (u64, u64) {
        let all = self.spaces.iter().map(|space| space.rss.total()).sum();
        (all, self.rows.iter().map(|row| row.frames as u64).sum())
    }
}

/// Who sees a frame.
#[derive(Default)]
struct Seers {
    /// How many spaces.
    count: usize,
    /// Of those, the ones that are pictured, by their place, and the address at which they see it.
    shown: Vec<(usize, u64)>,
}

fn mark(machine: &Machine, frame: FrameId, seers: &Seers) -> Mark {
    let mm = &machine.tables().mm;
    match mm.pages.used(frame) {
        Use::Free => Mark::Free,
        Use::Reserved => Mark::Reserved,
        Use::Kernel | Use::Zero => Mark::Kernel,
        Use::Table => Mark::Table,
        Use::Anonymous if seers.count > 1 => Mark::CopyOnWrite,
        Use::Anonymous => Mark::Own(seers.shown.first().map(|(place, _)| *place)),
        Use::Object { object, .. } => match mm.object(object).map(|object| &object.kind) {
            Some(Kind::Text(_)) => Mark::Code,
            _ => Mark::Shared,
        },
        Use::File { .. } | Use::Buffer { .. } => {
            Mark::Cache { dirty: machine.frame_view(frame).dirty }
        }
    }
}

/// Who sees a frame of a row, and whether its area may be written to: spaces by their place.
type Seen = BTreeMap<usize, bool>;

/// Rows in the making.
struct Rows<'a> {
    spaces: &'a [SpaceView],
    frames: BTreeMap<RowKind, BTreeMap<FrameId, Seen>>,
}

impl Rows<'_> {
    /// The row of a frame; `None` if no space that is pictured sees it.
    fn kind(&self, machine: &Machine, frame: FrameId, seers: &Seers) -> Option<RowKind> {
        let mm = &machine.tables().mm;
        let (first, _) = seers.shown.first()?;
        let program = || crate::text::clean(&self.spaces[*first].name);
        Some(match mm.pages.used(frame) {
            Use::Anonymous if seers.count > 1 => RowKind::CopyOnWrite(program()),
            Use::Anonymous => RowKind::Own(program()),
            Use::Object { object, .. } => match mm.object(object).map(|object| &object.kind) {
                Some(Kind::Text(name)) => RowKind::Code(crate::text::clean(name)),
                Some(Kind::SystemV(id)) => RowKind::Shared(format!("shm {id:#x}")),
                Some(Kind::File(inode)) => RowKind::File(inode.number.to_string()),
                Some(Kind::Memfd(name)) => RowKind::Shared(crate::text::clean(name)),
                Some(Kind::Anonymous) | None => RowKind::Shared(program()),
            },
            Use::File { inode, .. } => RowKind::File(inode.number.to_string()),
            _ => return None,
        })
    }

    fn add(&mut self, kind: RowKind, frame: FrameId, seers: &Seers) {
        let seen = self.frames.entry(kind).or_default().entry(frame).or_default();
        for (place, address) in &seers.shown {
            let mut areas = self.spaces[*place].areas.iter();
            let area = areas.find(|area| *address < area.vma.end);
            *seen.entry(*place).or_default() |= area.is_some_and(|area| area.vma.rights.write);
        }
    }

    fn finish(self) -> Vec<Row> {
        let spaces = self.spaces.len();
        let row = |(kind, frames): (RowKind, BTreeMap<FrameId, Seen>)| {
            let (mut seen, mut writes) = (vec![0; spaces], vec![false; spaces]);
            let mut bonds: Vec<Option<usize>> = vec![None; spaces];
            for sees in frames.values() {
                for (place, may_write) in sees {
                    seen[*place] += 1;
                    writes[*place] |= may_write;
                }
                let places: Vec<usize> = sees.keys().copied().collect();
                for pair in places.windows(2) {
                    let bond = &mut bonds[pair[0]];
                    *bond = Some(bond.map_or(pair[1], |old| old.min(pair[1])));
                }
            }
            Row { kind, frames: frames.len(), seen, writes, bonds }
        };
        let mut rows: Vec<Row> = self.frames.into_iter().map(row).collect();
        // Program by program, in the order of the first who has a part in it.
        let first = |row: &Row| row.seen.iter().position(|seen| *seen > 0);
        rows.sort_by_key(|row| (first(row), row.kind.clone()));
        rows
    }
}

/// Where processes faulted last, in the newest records before now.
#[must_use]
pub fn last_faults(machine: &Machine) -> BTreeMap<Pid, u64> {
    use oscope_kernel::event::{Event, MemoryEvent};
    const NEWEST: u64 = 4096;
    let log = machine.log();
    let mut threads = BTreeMap::new();
    for (_, thread) in machine.tables().proc.threads.iter() {
        if let Some(process) = machine.tables().proc.processes.get(thread.process) {
            threads.insert(thread.serial, process.pid);
        }
    }
    let mut faults = BTreeMap::new();
    for (_, record) in log.since(log.end().saturating_sub(NEWEST)) {
        if let Event::Memory(MemoryEvent::Fault { address, .. }) = record.event
            && let Some(pid) = threads.get(&record.stamp.thread)
        {
            faults.insert(*pid, address);
        }
    }
    faults
}
