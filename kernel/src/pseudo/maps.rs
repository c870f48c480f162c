//! What a process has in its address space: /proc/PID/maps, smaps and smaps_rollup (proc_pid_maps(5), proc_pid_smaps(5)).

use crate::abi::types::{major, makedev, minor};
use crate::base::{DentryId, InodeId, SpaceId};
use crate::context::Tables;
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::Pte;
use crate::mm::object::Kind;
use crate::mm::{AddressSpace, AreaFlags, Backing, Use, Vma};
use std::fmt::Write;

const KIB: u64 = PAGE_SIZE as u64 / 1024;

/// What an area shows, in pages.
#[derive(Clone, Copy, Default)]
struct Figures {
    size: u64,
    resident: u64,
    /// Each page divided by how many map it, in 4096ths of a page (Linux' `PSS_SHIFT`).
    share: u64,
    share_dirty: u64,
    shared_clean: u64,
    shared_dirty: u64,
    private_clean: u64,
    private_dirty: u64,
    referenced: u64,
    anonymous: u64,
    swap: u64,
    swap_share: u64,
    locked: u64,
}

/// A page's share is counted in this many parts.
const PARTS: u64 = 4096;

impl Figures {
    fn of(t: &Tables, space: &AddressSpace, area: &Vma) -> Self {
        let mut figures = Self { size: area.pages(), ..Self::default() };
        for (_, pte) in space.mapped(&t.memory.ram, area.start, area.end) {
            figures.count(t, area, pte);
        }
        if area.flags.contains(AreaFlags::LOCKED) {
            figures.locked = figures.share;
        }
        figures
    }

    fn count(&mut self, t: &Tables, area: &Vma, pte: Pte) {
        if let Some(slot) = pte.slot() {
            let names = t.mm.swap.as_ref().map_or(1, |swap| swap.names(slot)).max(1);
            self.swap += 1;
            self.swap_share += PARTS / u64::from(names);
        }
        if !pte.keeps_frame() {
            return;
        }
        let frame = pte.frame();
        let used = t.mm.pages.used(frame);
        // The page of zeroes is nobody's memory (Linux does not count it either).
        if used == Use::Zero {
            return;
        }
        let owners = (t.mm.mappers(frame).count() as u64).max(1);
        let is_dirty = pte.has(Pte::DIRTY) || used == Use::Anonymous;
        self.resident += 1;
        self.share += PARTS / owners;
        if is_dirty {
            self.share_dirty += PARTS / owners;
        }
        match (owners > 1, is_dirty) {
            (true, false) => self.shared_clean += 1,
            (true, true) => self.shared_dirty += 1,
            (false, false) => self.private_clean += 1,
            (false, true) => self.private_dirty += 1,
        }
        self.referenced += u64::from(pte.has(Pte::ACCESSED));
        self.anonymous += u64::from(used == Use::Anonymous && !area.is_shared());
    }

    fn add(&mut self, other: &Self) {
        self.size += other.size;
        self.resident += other.resident;
        self.share += other.share;
        self.share_dirty += other.share_dirty;
        self.shared_clean += other.shared_clean;
        self.shared_dirty += other.shared_dirty;
        self.private_clean += other.private_clean;
        self.private_dirty += other.private_dirty;
        self.referenced += other.referenced;
        self.anonymous += other.anonymous;
        self.swap += other.swap;
        self.swap_share += other.swap_share;
        self.locked += other.locked;
    }

    /// The lines that both smaps and smaps_rollup have, in kB.
    fn lines(&self, is_rollup: bool) -> String {
        let line = |name: &str, kib: u64| format!("{:16}{kib:8} kB\n", format!("{name}:"));
        let mut out = String::new();
        out += &line("Rss", self.resident * KIB);
        out += &line("Pss", self.share * KIB / PARTS);
        out += &line("Pss_Dirty", self.share_dirty * KIB / PARTS);
        if is_rollup {
            let anonymous = self.anonymous * KIB;
            let rest = (self.share * KIB / PARTS).saturating_sub(anonymous);
            out += &line("Pss_Anon", anonymous);
            out += &line("Pss_File", rest);
            out += &line("Pss_Shmem", 0);
        }
        let pages = [
            ("Shared_Clean", self.shared_clean),
            ("Shared_Dirty", self.shared_dirty),
            ("Private_Clean", self.private_clean),
            ("Private_Dirty", self.private_dirty),
            ("Referenced", self.referenced),
            ("Anonymous", self.anonymous),
            ("KSM", 0),
            ("LazyFree", 0),
            ("AnonHugePages", 0),
            ("ShmemPmdMapped", 0),
            ("FilePmdMapped", 0),
            ("Shared_Hugetlb", 0),
            ("Private_Hugetlb", 0),
            ("Swap", self.swap),
        ];
        for (name, pages) in pages {
            out += &line(name, pages * KIB);
        }
        out += &line("SwapPss", self.swap_share * KIB / PARTS);
        out + &line("Locked", self.locked * KIB / PARTS)
    }
}

/// The name that a file's inode was opened or run by, as far as the dentry cache knows one.
fn name_of(t: &Tables, inode: InodeId) -> Option<String> {
    let (found, _) = t.fs.dentries.iter().find(|(_, dentry)| dentry.inode == Some(inode))?;
    let mut parts: Vec<&str> = Vec::new();
    let mut at = found;
    while let Some(dentry) = t.fs.dentries.get(at).filter(|dentry| dentry.parent != DentryId::NONE)
    {
        parts.push(&dentry.name);
        at = dentry.parent;
    }
    // Where its file system is mounted first.
    let mount = t.fs.mounts().find(|(_, mount)| mount.root == at)?.1;
    let root = t.fs.root(mount.namespace)?;
    let mut path = mount.at.map_or_else(String::new, |place| t.fs.path(place, root).0);
    for part in parts.iter().rev() {
        path.push('/');
        path.push_str(part);
    }
    Some(path)
}

/// What an area maps: offset, device, inode and name.
fn source(t: &Tables, space: &AddressSpace, area: &Vma) -> (u64, u64, u64, String) {
    let own = match area.name {
        "[data]" | "" => String::new(),
        name => name.to_owned(),
    };
    let of_file = |inode: InodeId, page: u64| {
        let device = match t.fs.device_of(inode) {
            Some(_) => makedev(254, u32::from(inode.fs)),
            None => makedev(0, 20 + u32::from(inode.fs)),
        };
        (page * PAGE_SIZE as u64, device, inode.number, name_of(t, inode).unwrap_or_default())
    };
    match area.backing {
        Backing::Anonymous => (0, 0, 0, own),
        Backing::File { inode, page } => of_file(inode, page),
        Backing::Object { object, page } => {
            let offset = page * PAGE_SIZE as u64;
            let device = makedev(0, 1);
            match t.mm.object(object).map(|object| &object.kind) {
                Some(Kind::File(inode)) => of_file(*inode, page),
                Some(Kind::Anonymous) => {
                    (offset, device, object.bits(), "/dev/zero (deleted)".into())
                }
                Some(Kind::SystemV(key)) => {
                    (offset, device, object.bits(), format!("/SYSV{key:08x} (deleted)"))
                }
                Some(Kind::Memfd(name)) => {
                    (offset, device, object.bits(), format!("/memfd:{name} (deleted)"))
                }
                Some(Kind::Text(name)) => text(t, space, name),
                None => (offset, 0, 0, own),
            }
        }
    }
}

/// A program's text: its file, if it came from one.
fn text(t: &Tables, space: &AddressSpace, name: &str) -> (u64, u64, u64, String) {
    let known = space.command.file.and_then(|at| Some((at, t.fs.inode_at(at)?)));
    let Some((at, inode)) = known else { return (0, 0, 0, name.to_owned()) };
    let device = match t.fs.device_of(inode) {
        Some(_) => makedev(254, u32::from(inode.fs)),
        None => makedev(0, 20 + u32::from(inode.fs)),
    };
    let root = t.fs.mount_of(at.mount).and_then(|mount| t.fs.root(mount.namespace)).unwrap_or(at);
    (0, device, inode.number, t.fs.path(at, root).0)
}

/// A line of /proc/PID/maps; names begin in column 74.
fn line(t: &Tables, space: &AddressSpace, area: &Vma) -> String {
    let (offset, device, inode, name) = source(t, space, area);
    let letter = |has: bool, letter: char| if has { letter } else { '-' };
    let mut line = format!(
        "{:08x}-{:08x} {}{}{}{} {offset:08x} {:02x}:{:02x} {inode} ",
        area.start,
        area.end,
        letter(area.rights.read, 'r'),
        letter(area.rights.write, 'w'),
        letter(area.rights.execute, 'x'),
        if area.is_shared() { 's' } else { 'p' },
        major(device),
        minor(device),
    );
    if !name.is_empty() {
        // What would end the line is written in octal.
        let name = name.replace('\n', "\\012");
        line = format!("{line:73}{name}");
    }
    line.push('\n');
    line
}

/// /proc/PID/maps.
pub(super) fn maps(t: &Tables, id: SpaceId) -> String {
    let Some(space) = t.mm.space(id) else { return String::new() };
    space.areas().map(|area| line(t, space, area)).collect()
}

/// /proc/PID/smaps.
pub(super) fn smaps(t: &Tables, id: SpaceId) -> String {
    let Some(space) = t.mm.space(id) else { return String::new() };
    let mut out = String::new();
    for area in space.areas() {
        let figures = Figures::of(t, space, area);
        out += &line(t, space, area);
        let _ = writeln!(out, "{:16}{:8} kB", "Size:", figures.size * KIB);
        let _ = writeln!(out, "{:16}{KIB:8} kB", "KernelPageSize:");
        let _ = writeln!(out, "{:16}{KIB:8} kB", "MMUPageSize:");
        out += &figures.lines(false);
        let _ =
            writeln!(out, "THPeligible:    {:8}", u8::from(area.flags.contains(AreaFlags::HUGE)));
        let _ = writeln!(out, "VmFlags: {}", flag_names(area));
    }
    out
}

/// /proc/PID/smaps_rollup: all areas together.
pub(super) fn rollup(t: &Tables, id: SpaceId) -> String {
    let Some(space) = t.mm.space(id) else { return String::new() };
    let mut total = Figures::default();
    for area in space.areas() {
        total.add(&Figures::of(t, space, area));
    }
    let first = space.areas().next().map_or(0, |area| area.start);
    let last = space.areas().next_back().map_or(0, |area| area.end);
    let head = format!("{first:08x}-{last:08x} ---p 00000000 00:00 0 ");
    format!("{head:73}[rollup]\n{}", total.lines(true))
}

/// The two-letter names of an area's flags (`VmFlags`).
fn flag_names(area: &Vma) -> String {
    let all = [
        (area.rights.read, "rd"),
        (area.rights.write, "wr"),
        (area.rights.execute, "ex"),
        (area.is_shared(), "sh"),
        (area.most.read, "mr"),
        (area.most.write, "mw"),
        (area.most.execute, "me"),
        (area.is_shared() && area.most.write, "ms"),
        (area.grows_down(), "gd"),
        (area.flags.contains(AreaFlags::LOCKED), "lo"),
        (area.flags.contains(AreaFlags::SEQUENTIAL), "sr"),
        (area.flags.contains(AreaFlags::RANDOM), "rr"),
        (area.flags.contains(AreaFlags::NO_FORK), "dc"),
        (area.promised() > 0, "ac"),
        (area.flags.contains(AreaFlags::NO_RESERVE), "nr"),
        (area.flags.contains(AreaFlags::WIPE_ON_FORK), "wf"),
        (area.flags.contains(AreaFlags::NO_DUMP), "dd"),
        (area.flags.contains(AreaFlags::HUGE), "hg"),
        (area.flags.contains(AreaFlags::NO_HUGE), "nh"),
        (area.flags.contains(AreaFlags::MERGEABLE), "mg"),
    ];
    let names: Vec<&str> = all.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
    names.join(" ")
}
