//! What a machine shows of its files: mounts, names, open files and what is cached of them, as plain values.
//!
//! Layers: a [`FilesView`] has the mounts; the *names* are the dentry cache, hung up as the tree that it is; an [`OpenView`] is one open
//! file with everybody who holds it, so that one can see who shares an offset with whom; a [`CacheView`] is what the page cache has
//! of one file or disk.
//!
//! A typical sequence: `machine.files_view()` walks the tables once and changes nothing. What would have to be read from a disk
//! first is left out.

use super::Machine;
use crate::abi::flags::file::MountFlags;
use crate::base::{BlockNumber, DentryId, DeviceId, InodeId, Location, MountId, OpenFileId, Pid};
use crate::fs::{Attributes, Content, Dentry, Key, Kind, State, Txn, Usage};
use crate::proc::OpenFile;
use std::collections::{BTreeMap, BTreeSet};

/// Up to so many names are shown below one directory.
const MOST_NAMES: usize = 256;
/// Up to so many blocks of a file are shown.
const MOST_BLOCKS: u64 = 64;

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountView {
    /// Where it is in the tree.
    pub path: String,
    /// How many mounts it lies within.
    pub depth: usize,
    /// What is mounted: a device, or a word.
    pub source: String,
    /// The kind of file system.
    pub kind: &'static str,
    /// The file system, as [`InodeId::fs`] has it.
    pub fs: u16,
    /// The device below it.
    pub device: Option<DeviceId>,
    /// Whether nobody may write to it.
    pub is_read_only: bool,
    /// How full it is; none if that is not known without reading.
    pub usage: Option<Usage>,
}

/// A name, as the dentry cache has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameView {
    /// How deep it is in the tree; the root is 0.
    pub depth: usize,
    /// The name; the root's is `/`.
    pub name: String,
    /// The whole path.
    pub path: String,
    /// What it names; none: it is known that there is no such name.
    pub inode: Option<InodeId>,
    /// What is known of that; none if the disk would have to be asked.
    pub attributes: Option<Attributes>,
    /// How often it is open.
    pub opens: u32,
    /// Pages of it in the cache, and how many of them are newer than on the disk.
    pub cached: (u64, u64),
    /// Whether a file system is mounted here.
    pub is_mount: bool,
}

/// An open file ("open file description"), and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenView {
    /// Which.
    pub file: OpenFileId,
    /// As the link in /proc/PID/fd has it.
    pub name: String,
    /// The inode, if it is one of a file system.
    pub inode: Option<InodeId>,
    /// Where the next read or write begins.
    pub offset: u64,
    /// Access mode and status flags, as open(2) takes them.
    pub flags: u32,
    /// Whether it has an offset: a pipe, a socket and a terminal have none.
    pub has_offset: bool,
    /// Processes and their descriptors of it.
    pub holders: Vec<(Pid, Vec<u64>)>,
}

/// What is cached of one file, or of a disk's own structures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheView {
    /// The file.
    pub inode: Option<InodeId>,
    /// The disk, for blocks that belong to no file.
    pub device: Option<DeviceId>,
    /// Pages of the file, or blocks of the disk, by number; and how each stands.
    pub pages: Vec<(u64, State)>,
}

/// A page of a file, and the block on the disk where it begins; none for a hole.
pub type PagePlace = (u64, Option<BlockNumber>);

/// The files of a machine at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesView {
    /// Mounts, those within others after them.
    pub mounts: Vec<MountView>,
    /// The tree of names that are known.
    pub names: Vec<NameView>,
    /// Open files, those with several holders first.
    pub open: Vec<OpenView>,
    /// What is cached, the largest first.
    pub cached: Vec<CacheView>,
    /// Where the pages of files on disks lie, as far as that is known without reading.
    pub places: BTreeMap<InodeId, Vec<PagePlace>>,
    /// Names in the dentry cache.
    pub dentries: usize,
    /// Of these, names that are known not to exist.
    pub negative: usize,
    /// Lookups that the dentry cache answered, and those that it could not.
    pub lookups: (u64, u64),
    /// Pages and blocks in the cache, and how many are newer than on their disk.
    pub pages: (usize, usize),
}

impl Machine {
    /// A picture of the files of now.
    #[must_use]
    pub fn files_view(&self) -> FilesView {
        let t = &self.tables;
        let cached = self.cached();
        let mut view = FilesView {
            mounts: self.mount_views(),
            open: self.open_views(),
            places: self.places(&cached),
            dentries: t.fs.dentries.iter().count(),
            negative: t.fs.dentries.iter().filter(|(_, dentry)| dentry.inode.is_none()).count(),
            lookups: t.fs.dentries.hits_and_misses(),
            pages: (t.fs.cache.len(), t.fs.cache.dirty_count()),
            ..FilesView::default()
        };
        if let Some(root) = self.root() {
            let mut walk =
                Walk { machine: self, children: self.children(), names: &mut view.names };
            walk.visit(root, "", "/", 0);
        }
        let opens = |name: &NameView| {
            let known = name.inode.and_then(|inode| t.fs.inodes.get(inode));
            known.map_or(0, |known| known.opens)
        };
        let counts: BTreeMap<InodeId, (u64, u64)> = cached
            .iter()
            .filter_map(|file| {
                let is_dirty = |(_, state): &&(u64, State)| !matches!(state, State::Clean);
                let dirty = file.pages.iter().filter(is_dirty).count();
                Some((file.inode?, (file.pages.len() as u64, dirty as u64)))
            })
            .collect();
        for name in &mut view.names {
            name.opens = opens(name);
            let count = name.inode.and_then(|inode| counts.get(&inode));
            name.cached = count.copied().unwrap_or_default();
        }
        view.cached = cached;
        view
    }

    /// The root of the first process's tree.
    fn root(&self) -> Option<Location> {
        let t = &self.tables;
        let first = t.proc.processes.iter().map(|(_, process)| process).min_by_key(|p| p.pid)?;
        t.fs.root(first.namespaces.mount)
    }

    fn mount_views(&self) -> Vec<MountView> {
        let fs = &self.tables.fs;
        let Some(root) = self.root() else { return Vec::new() };
        let depth = |id: MountId| {
            let up = |id: &MountId| fs.mount_of(*id)?.at.map(|at| at.mount);
            std::iter::successors(Some(id), up).take(MOST_NAMES).count().saturating_sub(1)
        };
        let view = |(id, mount): (MountId, &crate::fs::Mount)| MountView {
            path: fs.path(Location { mount: id, dentry: mount.root }, root).0,
            depth: depth(id),
            source: mount.source.to_string(),
            kind: fs.of(mount.fs).map_or("none", |found| found.name()),
            fs: mount.fs,
            device: fs.of(mount.fs).and_then(|found| found.device),
            is_read_only: mount.flags.contains(MountFlags::RDONLY),
            usage: self.ask(mount.fs, |stored, txn| stored.usage(txn).ok()).map(|usage| {
                let in_memory = self.tables.mm.pages_of_files(mount.fs);
                crate::fs::Usage {
                    free: usage.free.saturating_sub(in_memory),
                    available: usage.available.saturating_sub(in_memory),
                    ..usage
                }
            }),
        };
        let mut mounts: Vec<MountView> = fs.mounts().map(view).collect();
        mounts.sort_by(|a, b| a.path.cmp(&b.path));
        mounts
    }

    /// Asks a file system, without reading anything that is not in the cache.
    fn ask<T>(
        &self,
        fs: u16,
        question: impl FnOnce(&dyn crate::fs::FileSystem, &mut Txn<'_>) -> Option<T>,
    ) -> Option<T> {
        let t = &self.tables;
        let found = t.fs.of(fs)?;
        let Content::Stored(stored) = &found.content else { return None };
        let now = self.time.into();
        match found.device {
            Some(device) => {
                let blocks = t.fs.blocks(&t.memory.ram, device);
                question(stored.as_ref(), &mut Txn::new(&blocks, now))
            }
            None => question(stored.as_ref(), &mut Txn::new(&crate::fs::NoBlocks, now)),
        }
    }

    fn attributes_of(&self, inode: InodeId) -> Option<Attributes> {
        match self.tables.fs.of(inode.fs)?.content {
            Content::Stored(_) => {
                self.ask(inode.fs, |stored, txn| stored.attributes(txn, inode.number).ok())
            }
            Content::Generated(_) => {
                crate::pseudo::attributes(&self.tables, &self.cx, inode.number).ok()
            }
        }
    }

    /// Names by the directory that they are in, in the order of the alphabet.
    fn children(&self) -> BTreeMap<DentryId, Vec<(DentryId, &Dentry)>> {
        let mut children: BTreeMap<DentryId, Vec<(DentryId, &Dentry)>> = BTreeMap::new();
        for (id, dentry) in self.tables.fs.dentries.iter().filter(|(_, dentry)| dentry.is_hashed) {
            children.entry(dentry.parent).or_default().push((id, dentry));
        }
        for below in children.values_mut() {
            below.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        }
        children
    }

    fn open_views(&self) -> Vec<OpenView> {
        let t = &self.tables;
        let mut holders: BTreeMap<OpenFileId, BTreeMap<Pid, Vec<u64>>> = BTreeMap::new();
        for (_, process) in t.proc.processes.iter() {
            let table = process.threads.first().and_then(|thread| t.proc.files_of(*thread));
            for (fd, descriptor) in table.into_iter().flat_map(|table| table.iter()) {
                let of_file = holders.entry(descriptor.file).or_default();
                of_file.entry(process.pid).or_default().push(fd);
            }
        }
        let root = self.root();
        let view = |(file, open): (OpenFileId, &OpenFile)| OpenView {
            file,
            name: crate::pseudo::name_of_open(t, root, open),
            inode: open.place.map(|place| place.inode),
            offset: open.offset,
            flags: open.flags,
            has_offset: open.has_offset(),
            holders: holders
                .get(&file)
                .map(|by| by.clone().into_iter().collect())
                .unwrap_or_default(),
        };
        let mut open: Vec<OpenView> = t.proc.open.iter().map(view).collect();
        let first = |view: &OpenView| view.holders.first().map(|(pid, fds)| (*pid, fds.clone()));
        open.sort_by_key(|view| (std::cmp::Reverse(view.holders.len()), first(view), view.file));
        open
    }

    fn cached(&self) -> Vec<CacheView> {
        type Owner = (Option<InodeId>, Option<DeviceId>);
        let mut files: BTreeMap<Owner, Vec<(u64, State)>> = BTreeMap::new();
        for (key, cached) in self.tables.fs.cache.iter() {
            let (of, number) = match key {
                Key::Page(inode, page) => ((Some(inode), None), page),
                Key::Block(device, block) => ((None, Some(device)), block.0),
            };
            files.entry(of).or_default().push((number, cached.state));
        }
        let view = |((inode, device), pages)| CacheView { inode, device, pages };
        let mut views: Vec<CacheView> = files.into_iter().map(view).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.pages.len()));
        views
    }

    /// Where the pages of files lie that are in use on disks.
    fn places(&self, cached: &[CacheView]) -> BTreeMap<InodeId, Vec<PagePlace>> {
        let open = self.tables.fs.inodes.iter().map(|(inode, _)| inode);
        let known: BTreeSet<InodeId> =
            cached.iter().filter_map(|view| view.inode).chain(open).collect();
        let on_disk = |inode: &InodeId| {
            self.tables.fs.of(inode.fs).is_some_and(|found| found.device.is_some())
        };
        let pages = |inode: InodeId| {
            let attributes = self.attributes_of(inode)?;
            let pages = attributes.size.div_ceil(crate::hw::PAGE_SIZE as u64).min(MOST_BLOCKS);
            let place = |page| {
                let places = self
                    .ask(inode.fs, |stored, txn| stored.blocks_of(txn, inode.number, page).ok())?;
                Some((page, places.into_iter().next().flatten()))
            };
            (attributes.kind == Kind::Regular)
                .then(|| (inode, (0..pages).map_while(place).collect()))
        };
        known.into_iter().filter(on_disk).filter_map(pages).collect()
    }
}

/// A walk through the tree of names.
struct Walk<'a> {
    machine: &'a Machine,
    children: BTreeMap<DentryId, Vec<(DentryId, &'a Dentry)>>,
    names: &'a mut Vec<NameView>,
}

impl Walk<'_> {
    fn visit(&mut self, at: Location, path: &str, name: &str, depth: usize) {
        let fs = &self.machine.tables.fs;
        let top = fs.top(at);
        let inode = fs.inode_at(top);
        self.names.push(NameView {
            depth,
            name: name.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            inode,
            attributes: inode.and_then(|inode| self.machine.attributes_of(inode)),
            opens: 0,
            cached: (0, 0),
            is_mount: top != at || depth == 0,
        });
        if depth >= MOST_NAMES {
            return;
        }
        let below = self.children.get(&top.dentry).cloned().unwrap_or_default();
        for (dentry, known) in below.into_iter().take(MOST_NAMES) {
            let path = format!("{path}/{}", known.name);
            self.visit(Location { mount: top.mount, dentry }, &path, &known.name, depth + 1);
        }
    }
}
