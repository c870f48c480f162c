//! What /proc tells of memory: meminfo, buddyinfo, slabinfo, vmstat (proc_meminfo(5) and its neighbours).

use crate::context::Tables;
use crate::fs::Key;
use crate::hw::PAGE_SIZE;
use crate::mm::Use;
use std::fmt::Write;

const KIB: u64 = PAGE_SIZE as u64 / 1024;

/// What frames are used for, in pages.
#[derive(Clone, Copy, Default)]
struct Used {
    kernel: u64,
    tables: u64,
    anonymous: u64,
    objects: u64,
    files: u64,
    buffers: u64,
    mapped: u64,
}

impl Used {
    fn of(t: &Tables) -> Self {
        let mut used = Self::default();
        for (frame, what) in t.mm.pages.iter() {
            let count = match what {
                Use::Free | Use::Zero | Use::Reserved => continue,
                Use::Kernel => &mut used.kernel,
                Use::Table => &mut used.tables,
                Use::Anonymous => &mut used.anonymous,
                Use::Object { .. } => &mut used.objects,
                Use::File { .. } => &mut used.files,
                Use::Buffer { .. } => &mut used.buffers,
            };
            *count += 1;
            let of_file = matches!(what, Use::Object { .. } | Use::File { .. });
            used.mapped += u64::from(of_file && t.mm.pages.is_mapped(frame));
        }
        used
    }
}

/// Pages of files and of devices in the cache that are to be written, and that are being written.
fn written(t: &Tables) -> (u64, u64) {
    let writing = |key: &Key| t.fs.cache.get(*key).is_some_and(is_writing);
    let all = t.fs.cache.iter().filter(|(key, _)| writing(key)).count() as u64;
    (t.fs.cache.dirty_count() as u64, all)
}

fn is_writing(cached: &crate::fs::Cached) -> bool {
    matches!(cached.state, crate::fs::State::Writing { .. })
}

/// /proc/meminfo, in kB.
pub(super) fn meminfo(t: &Tables) -> String {
    let used = Used::of(t);
    let (total, free) = (u64::from(t.mm.frames.size()), u64::from(t.mm.frames.available()));
    let (swap, taken, cached) = t.mm.swap.as_ref().map_or((0, 0, 0), |swap| {
        (u64::from(swap.size()), u64::from(swap.used()), swap.cached_frames() as u64)
    });
    let (dirty, writing) = written(t);
    // What can be had without swapping: what is free, and pages of files that nobody uses (Linux: half of them, at least).
    let low = u64::from(t.mm.pressure.marks.low);
    let clean = used.files + used.buffers;
    let available = (free + clean - (clean / 2).min(low)).saturating_sub(low);
    let locked: u64 = t.mm.all_spaces().map(|(_, space)| space.locked_pages()).sum();
    let lines = [
        ("MemTotal", total),
        ("MemFree", free),
        ("MemAvailable", available.min(total)),
        ("Buffers", used.buffers),
        ("Cached", used.files + used.objects),
        ("SwapCached", cached),
        ("Active", 0),
        ("Inactive", used.anonymous + used.files + used.buffers + used.objects),
        ("Active(anon)", 0),
        ("Inactive(anon)", used.anonymous + used.objects),
        ("Active(file)", 0),
        ("Inactive(file)", used.files + used.buffers),
        ("Unevictable", locked),
        ("Mlocked", locked),
        ("SwapTotal", swap),
        ("SwapFree", swap.saturating_sub(taken)),
        ("Dirty", dirty),
        ("Writeback", writing),
        ("AnonPages", used.anonymous),
        ("Mapped", used.mapped),
        ("Shmem", used.objects),
        ("KReclaimable", 0),
        ("Slab", 0),
        ("SReclaimable", 0),
        ("SUnreclaim", 0),
        ("KernelStack", 0),
        ("PageTables", used.tables),
        ("CommitLimit", t.mm.promises.limit()),
        ("Committed_AS", t.mm.promises.promised()),
    ];
    let mut out = String::new();
    for (name, pages) in lines {
        let _ = writeln!(out, "{:15} {:8} kB", format!("{name}:"), pages * KIB);
    }
    out
}

/// /proc/buddyinfo: how many free blocks there are of each order.
pub(super) fn buddyinfo(t: &Tables) -> String {
    let mut out = format!("Node 0, zone {:>8} ", "Normal");
    for count in t.mm.frames.blocks() {
        let _ = write!(out, "{count:6} ");
    }
    out.push('\n');
    out
}

/// /proc/slabinfo: how many of the kernel's objects of each kind there are. They live in tables that grow with them, not in slabs
/// of pages, so that as many are there as are in use.
pub(super) fn slabinfo(t: &Tables) -> String {
    let mut out = String::from(
        "slabinfo - version: 2.1\n\
         # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> \
         : tunables <limit> <batchcount> <sharedfactor> \
         : slabdata <active_slabs> <num_slabs> <sharedavail>\n",
    );
    let areas: usize = t.mm.all_spaces().map(|(_, space)| space.map().len()).sum();
    let caches = [
        ("inode_cache", t.fs.inodes.iter().count(), size_of::<crate::fs::inodes::InUse>()),
        ("dentry", t.fs.dentries.iter().count(), size_of::<crate::fs::Dentry>()),
        ("filp", t.proc.open.len(), size_of::<crate::proc::OpenFile>()),
        ("files_cache", t.proc.files.len(), size_of::<crate::proc::FileTable>()),
        ("fs_cache", t.proc.fs.len(), size_of::<crate::proc::FsInfo>()),
        ("sighand_cache", t.proc.handlers.len(), size_of::<crate::proc::Handlers>()),
        ("task_struct", t.proc.threads.len(), size_of::<crate::proc::Thread>()),
        ("signal_cache", t.proc.processes.len(), size_of::<crate::proc::Process>()),
        ("mm_struct", t.mm.spaces(), size_of::<crate::mm::AddressSpace>()),
        ("vm_area_struct", areas, size_of::<crate::mm::Vma>()),
    ];
    for (name, count, size) in caches {
        let per_slab = (PAGE_SIZE / size.max(1)).max(1);
        let slabs = count.div_ceil(per_slab);
        let _ = writeln!(
            out,
            "{name:<17} {count:6} {count:6} {size:6} {per_slab:4} {:4} \
             : tunables {:4} {:4} {:4} : slabdata {slabs:6} {slabs:6} {:6}",
            1, 0, 0, 0, 0
        );
    }
    out
}

/// /proc/vmstat: pages, and what happened to them.
pub(super) fn vmstat(t: &Tables) -> String {
    let used = Used::of(t);
    let (dirty, writing) = written(t);
    let counters = t.mm.pressure.counters;
    let (mut faults, mut major) = (0, 0);
    for (_, thread) in t.proc.threads.iter() {
        faults += thread.times.faults;
        major += thread.times.major_faults;
    }
    for (_, process) in t.proc.processes.iter() {
        let ended = process.ended;
        faults += ended.minor_faults + ended.major_faults;
        major += ended.major_faults;
        if process.parent.is_none() {
            let children = process.children_usage;
            faults += children.minor_faults + children.major_faults;
            major += children.major_faults;
        }
    }
    let lines = [
        ("nr_free_pages", u64::from(t.mm.frames.available())),
        ("nr_anon_pages", used.anonymous),
        ("nr_mapped", used.mapped),
        ("nr_file_pages", used.files + used.buffers + used.objects),
        ("nr_dirty", dirty),
        ("nr_writeback", writing),
        ("nr_shmem", used.objects),
        ("nr_page_table_pages", used.tables),
        ("pgfault", faults),
        ("pgmajfault", major),
        ("pswpin", counters.swapped_in),
        ("pswpout", counters.swapped_out),
        ("pgsteal_file", counters.files_dropped),
        ("workingset_refault_anon", counters.refaults),
        ("oom_kill", counters.killed),
    ];
    let mut out = String::new();
    for (name, value) in lines {
        let _ = writeln!(out, "{name} {value}");
    }
    out
}
