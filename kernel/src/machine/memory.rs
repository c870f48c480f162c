//! What a machine shows of its memory: frames and what they are used for, spaces and their areas, who sees a frame, and the
//! walk from an address to it. Plain values, made when somebody looks.

use super::Machine;
use crate::base::{FrameId, Pid, ProcessId, Serial, SpaceId};
use crate::fs::{Key, State};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::{Pte, USER_END, table_index};
use crate::mm::{AddressSpace, AreaFlags, Rss, Use, Vma};
use crate::proc::Process;

const PAGE: u64 = PAGE_SIZE as u64;

/// A frame of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameView {
    /// Which.
    pub frame: FrameId,
    /// What it is used for.
    pub used: Use,
    /// How many own it: table entries, the page cache, memory objects.
    pub owners: u32,
    /// How many address spaces see it.
    pub seen_by: u32,
    /// Somebody may not write to it before it is copied.
    pub copy_on_write: bool,
    /// Newer than on the disk it belongs to; for private memory: written to.
    pub dirty: bool,
    /// Used since the last look of the kernel.
    pub accessed: bool,
    /// Locked in memory (mlock(2)).
    pub locked: bool,
}

/// An area of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaView {
    /// The area.
    pub vma: Vma,
    /// Pages that are in memory.
    pub resident: u64,
    /// Of those, private memory of the space.
    pub anonymous: u64,
    /// Of those, pages that another space sees too.
    pub shared: u64,
    /// Of those, pages that must be copied before they are written.
    pub copy_on_write: u64,
    /// Of those, pages that were written to.
    pub dirty: u64,
    /// Pages in the swap area.
    pub swapped: u64,
    /// Bytes, each page divided by how many spaces see it (Pss of /proc/PID/smaps).
    pub proportional: u64,
}

/// The address space of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceView {
    /// The space: two processes that name the same one share all of it.
    pub space: SpaceId,
    /// The process.
    pub pid: Pid,
    /// Its name.
    pub name: String,
    /// Its threads, which all see this space.
    pub threads: Vec<Serial>,
    /// Pages that the areas span (VSZ).
    pub pages: u64,
    /// What is in memory (RSS), by kind.
    pub rss: Rss,
    /// The most pages that were in memory at once (VmHWM).
    pub most: u64,
    /// Bytes, each page divided by how many spaces see it (PSS).
    pub proportional: u64,
    /// Pages that no other space sees (USS).
    pub unique: u64,
    /// Page tables, those included that are shared with others.
    pub tables: u64,
    /// Tables of the lowest level that are shared with others since fork(2).
    pub shared_tables: u64,
    /// The areas, lowest first.
    pub areas: Vec<AreaView>,
}

/// Somebody who sees a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapper {
    /// The process.
    pub pid: Pid,
    /// The address at which it sees it.
    pub address: u64,
    /// Whether it may write there as things are.
    pub writes: bool,
}

/// A step of the walk through the page tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkStep {
    /// The level of the table: 2 is the root.
    pub level: u32,
    /// The table.
    pub table: FrameId,
    /// The nine bits of the address that choose the entry.
    pub index: usize,
    /// The entry.
    pub entry: Pte,
    /// How many spaces use the table.
    pub users: u32,
}

/// The way from an address to a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkView {
    /// The address.
    pub address: u64,
    /// The tables, from the root on; fewer than three if an entry says that there is no more.
    pub steps: Vec<WalkStep>,
    /// The frame, if the last entry maps one.
    pub frame: Option<FrameId>,
    /// The twelve bits that the frame's bytes are counted with.
    pub offset: u64,
}

/// Memory in figures, in pages, as /proc/meminfo has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFigures {
    /// All RAM (MemTotal).
    pub total: u64,
    /// Free frames (MemFree).
    pub free: u64,
    /// Private memory of processes (AnonPages).
    pub anonymous: u64,
    /// Pages of files in the cache (Cached).
    pub file: u64,
    /// Blocks of devices in the cache (Buffers).
    pub buffers: u64,
    /// Pages of memory objects (Shmem).
    pub shared: u64,
    /// Page tables (PageTables).
    pub tables: u64,
    /// What the kernel and its drivers keep.
    pub kernel: u64,
    /// Of the stretch that is handed out in blocks: what no page lies in.
    pub reserved: u64,
    /// What is newer than on the disk (Dirty).
    pub dirty: u64,
    /// The swap area (SwapTotal).
    pub swap_total: u64,
    /// What is used of it.
    pub swap_used: u64,
    /// What was promised (Committed_AS).
    pub promised: u64,
    /// What may be promised (CommitLimit).
    pub promise_limit: u64,
}

impl Machine {
    /// All frames of RAM, the free ones included, in their order.
    #[must_use]
    pub fn frame_map(&self) -> Vec<FrameView> {
        (0..self.tables.mm.frames.size()).map(|n| self.frame_view(FrameId(n))).collect()
    }

    /// A frame of RAM.
    #[must_use]
    pub fn frame_view(&self, frame: FrameId) -> FrameView {
        let t = &self.tables;
        let mm = &t.mm;
        let ptes = mm.pages.entries(frame).iter();
        let all = ptes.fold(0, |all, at| all | t.memory.ram.word(at.table, usize::from(at.index)));
        let key = match mm.pages.used(frame) {
            Use::File { inode, page } => Some(Key::Page(inode, page)),
            Use::Buffer { device, block } => Some(Key::Block(device, block)),
            _ => None,
        };
        let entry = key.and_then(|key| t.fs.cache.get(key)).map(|entry| entry.state);
        let newer = matches!(entry, Some(State::Dirty | State::Writing { again: true }));
        FrameView {
            frame,
            used: mm.pages.used(frame),
            owners: mm.frames.owners(frame),
            seen_by: mm.mappers(frame).count() as u32,
            copy_on_write: self.waits_for_copy(frame, Pte(all)),
            dirty: all & Pte::DIRTY != 0 || newer,
            accessed: all & Pte::ACCESSED != 0,
            locked: mm.is_locked(frame),
        }
    }

    /// Whether a store to a frame would have to make a copy: the entry says so, and the frame has other owners still.
    fn waits_for_copy(&self, frame: FrameId, entry: Pte) -> bool {
        let mm = &self.tables.mm;
        let alone = mm.pages.used(frame) == Use::Anonymous && mm.mappers(frame).count() == 1;
        entry.has(Pte::COPY_ON_WRITE) && !alone
    }

    fn process_of_pid(&self, pid: Pid) -> Option<(ProcessId, &Process)> {
        self.tables.proc.processes.iter().find(|(_, process)| process.pid == pid)
    }

    /// The address space of a process; `None` if there is no such process, or it has none: a kernel thread, a zombie.
    #[must_use]
    pub fn space_view(&self, pid: Pid) -> Option<SpaceView> {
        let t = &self.tables;
        let (_, process) = self.process_of_pid(pid)?;
        let id = process.space?;
        let space = t.mm.space(id)?;
        let areas: Vec<AreaView> = space.areas().map(|vma| self.area_view(space, vma)).collect();
        let serials = process.threads.iter().filter_map(|&thread| t.proc.threads.get(thread));
        let unique = areas.iter().map(|area| area.resident - area.shared).sum();
        let (tables, shared_tables) = t.mm.count_tables(id, &t.memory);
        Some(SpaceView {
            space: id,
            pid,
            name: process.name.clone(),
            threads: serials.map(|thread| thread.serial).collect(),
            pages: space.pages(),
            rss: space.rss(),
            most: space.most_resident(),
            proportional: areas.iter().map(|area| area.proportional).sum(),
            unique,
            tables,
            shared_tables,
            areas,
        })
    }

    fn area_view(&self, space: &AddressSpace, vma: &Vma) -> AreaView {
        let mm = &self.tables.mm;
        let mut view = AreaView {
            vma: *vma,
            resident: 0,
            anonymous: 0,
            shared: 0,
            copy_on_write: 0,
            dirty: 0,
            swapped: 0,
            proportional: 0,
        };
        for (_, pte) in space.mapped(&self.tables.memory.ram, vma.start, vma.end) {
            if pte.slot().is_some() {
                view.swapped += 1;
                continue;
            }
            let used = mm.pages.used(pte.frame());
            if used == Use::Zero {
                continue;
            }
            let seen_by = mm.mappers(pte.frame()).count().max(1) as u64;
            view.resident += 1;
            view.anonymous += u64::from(used == Use::Anonymous);
            view.shared += u64::from(seen_by > 1);
            view.copy_on_write += u64::from(self.waits_for_copy(pte.frame(), pte));
            view.dirty += u64::from(pte.has(Pte::DIRTY));
            view.proportional += PAGE / seen_by;
        }
        view
    }

    /// Who sees a frame. Threads of one process are one, as they share a space.
    #[must_use]
    pub fn mappers(&self, frame: FrameId) -> Vec<Mapper> {
        let t = &self.tables;
        let mut mappers = Vec::new();
        for (space, address) in t.mm.mappers(frame) {
            let writes = t.mm.entry(space, &t.memory, address).is_some_and(|e| e.has(Pte::WRITE));
            let processes = t.proc.processes.iter();
            for (_, process) in processes.filter(|(_, process)| process.space == Some(space)) {
                mappers.push(Mapper { pid: process.pid, address, writes });
            }
        }
        mappers.sort_by_key(|mapper| (mapper.pid, mapper.address));
        mappers
    }

    /// The walk from an address of a process to a frame.
    #[must_use]
    pub fn walk(&self, pid: Pid, address: u64) -> Option<WalkView> {
        let t = &self.tables;
        let space = t.mm.space(self.process_of_pid(pid)?.1.space?)?;
        let mut view = WalkView { address, steps: Vec::new(), frame: None, offset: address % PAGE };
        if address >= USER_END {
            return Some(view);
        }
        let mut table = space.satp.root;
        for level in [2, 1, 0] {
            let index = table_index(address, level);
            let entry = Pte(t.memory.ram.word(table, index));
            let users = t.mm.frames.owners(table);
            view.steps.push(WalkStep { level, table, index, entry, users });
            if !entry.has(Pte::VALID) {
                break;
            }
            if entry.is_leaf() {
                view.frame = Some(entry.piece(address, level).frame());
                break;
            }
            table = entry.frame();
        }
        Some(view)
    }

    /// Memory in figures.
    #[must_use]
    pub fn memory_figures(&self) -> MemoryFigures {
        let (mm, cache) = (&self.tables.mm, &self.tables.fs.cache);
        let mut figures = MemoryFigures {
            total: u64::from(mm.frames.size()),
            free: u64::from(mm.frames.available()),
            dirty: cache.dirty_count() as u64,
            swap_total: mm.swap.as_ref().map_or(0, |swap| u64::from(swap.size())),
            swap_used: mm.swap.as_ref().map_or(0, |swap| u64::from(swap.used())),
            promised: mm.promises.promised(),
            promise_limit: mm.promises.limit(),
            ..MemoryFigures::default()
        };
        for (_, used) in mm.pages.iter() {
            let figure = match used {
                Use::Free => continue,
                Use::Reserved => &mut figures.reserved,
                Use::Kernel | Use::Zero => &mut figures.kernel,
                Use::Table => &mut figures.tables,
                Use::Anonymous => &mut figures.anonymous,
                Use::Object { .. } => &mut figures.shared,
                Use::File { .. } => &mut figures.file,
                Use::Buffer { .. } => &mut figures.buffers,
            };
            *figure += 1;
        }
        figures
    }
}

impl AreaView {
    /// Its rights and kind in four letters, as /proc/PID/maps has them: `rw-p`, `r-xs`.
    #[must_use]
    pub fn letters(&self) -> String {
        let rights = self.vma.rights;
        let letter = |is, letter| if is { letter } else { '-' };
        let kind = if self.vma.flags.contains(AreaFlags::SHARED) { 's' } else { 'p' };
        let (r, w, x) =
            (letter(rights.read, 'r'), letter(rights.write, 'w'), letter(rights.execute, 'x'));
        [r, w, x, kind].into_iter().collect()
    }
}
