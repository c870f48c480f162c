//! Inodes as they lie on the disk: where, and what their fields say.

use super::Ext2;
use super::layout::{
    INDEXED, LINK_MAX, ROOT, SMALL_INODE, feature, get16, get32, inode as field, sb, set16, set32,
};
use crate::abi::Errno;
use crate::abi::types::{Timespec, major, makedev, minor};
use crate::base::BlockNumber;
use crate::fs::attributes::{Attributes, Kind, New};
use crate::fs::txn::{FsStop, Txn};

/// As far as `i_extra_isize` of our inodes reaches: nanoseconds, and the time of making (Linux: 32).
const EXTRA: u16 = 32;

impl Ext2 {
    /// Where an inode lies.
    ///
    /// # Errors
    /// `ESTALE` for a number that no inode has.
    fn place(&self, txn: &Txn<'_>, inode: u32) -> Result<(BlockNumber, usize), FsStop> {
        if inode == 0 || inode > self.inodes {
            return Err(Errno::ESTALE.into());
        }
        let (group, n) = ((inode - 1) / self.inodes_per_group, (inode - 1) % self.inodes_per_group);
        let table = self.group(txn, group)?.inode_table;
        let per_block = (self.size / self.inode_size) as u32;
        let at = (n % per_block) as usize * self.inode_size;
        Ok((BlockNumber((table + n / per_block).into()), at))
    }

    /// An inode's bytes.
    ///
    /// # Errors
    /// `ESTALE`.
    pub(super) fn record<'t>(&self, txn: &'t Txn<'_>, inode: u32) -> Result<&'t [u8], FsStop> {
        let (block, at) = self.place(txn, inode)?;
        Ok(&txn.read(block)?[at..at + self.inode_size])
    }

    /// An inode's bytes, to change.
    ///
    /// # Errors
    /// `ESTALE`.
    pub(super) fn record_mut<'t>(
        &self,
        txn: &'t mut Txn<'_>,
        inode: u32,
    ) -> Result<&'t mut [u8], FsStop> {
        let (block, at) = self.place(txn, inode)?;
        Ok(&mut txn.edit(block)?[at..at + self.inode_size])
    }

    /// A number that a directory or a caller names, if an inode in use may have it.
    ///
    /// # Errors
    /// `EUCLEAN`.
    pub(super) fn usable(&self, inode: u32) -> Result<u32, FsStop> {
        let is_usable = inode == ROOT || inode >= self.first_inode && inode <= self.inodes;
        if is_usable { Ok(inode) } else { Err(Errno::EUCLEAN.into()) }
    }

    /// What is said of an inode.
    ///
    /// # Errors
    /// `ESTALE` for one that is free, `EUCLEAN` for a kind or a size that cannot be.
    pub(super) fn attributes_of(&self, txn: &Txn<'_>, inode: u32) -> Result<Attributes, FsStop> {
        let raw = self.record(txn, inode)?;
        let mode = get16(raw, field::MODE);
        let links = get16(raw, field::LINKS);
        if links == 0 && (mode == 0 || self.is_free(txn, inode)?) {
            return Err(Errno::ESTALE.into());
        }
        let kind = Kind::of(mode.into()).ok_or(Errno::EUCLEAN)?;
        let size = size_of(raw, kind);
        if size > self.largest_size() {
            return Err(Errno::EUCLEAN.into());
        }
        let wide = |low, high| u32::from(get16(raw, low)) | u32::from(get16(raw, high)) << 16;
        let device = if kind.is_device() { device_of(raw) } else { 0 };
        Ok(Attributes {
            kind,
            mode: mode & 0o7777,
            links: links.into(),
            uid: wide(field::UID, field::UID_HIGH),
            gid: wide(field::GID, field::GID_HIGH),
            size,
            blocks: get32(raw, field::SECTORS).into(),
            device,
            accessed: time_of(raw, field::ACCESSED, field::ACCESSED_EXTRA),
            modified: time_of(raw, field::MODIFIED, field::MODIFIED_EXTRA),
            changed: time_of(raw, field::CHANGED, field::CHANGED_EXTRA),
        })
    }

    /// Whether the bitmap says that an inode is free.
    fn is_free(&self, txn: &Txn<'_>, inode: u32) -> Result<bool, FsStop> {
        let (group, n) = ((inode - 1) / self.inodes_per_group, (inode - 1) % self.inodes_per_group);
        let bitmap = self.group(txn, group)?.inode_bitmap;
        Ok(!super::layout::bit(&txn.read(super::alloc::block(bitmap))?[..self.size], n))
    }

    /// Writes what is to be said of an inode, but for its size.
    ///
    /// # Errors
    /// `ESTALE`.
    pub(super) fn set_attributes(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        to: &Attributes,
    ) -> Result<(), FsStop> {
        let raw = self.record_mut(txn, inode)?;
        set16(raw, field::MODE, to.st_mode() as u16);
        set16(raw, field::LINKS, to.links as u16);
        for (low, high, id) in
            [(field::UID, field::UID_HIGH, to.uid), (field::GID, field::GID_HIGH, to.gid)]
        {
            set16(raw, low, id as u16);
            set16(raw, high, (id >> 16) as u16);
        }
        set_time(raw, field::ACCESSED, field::ACCESSED_EXTRA, to.accessed);
        set_time(raw, field::MODIFIED, field::MODIFIED_EXTRA, to.modified);
        set_time(raw, field::CHANGED, field::CHANGED_EXTRA, to.changed);
        Ok(())
    }

    /// Makes an inode in a directory, with so many names.
    ///
    /// # Errors
    /// `ENOSPC`.
    pub(super) fn make_inode(
        &self,
        txn: &mut Txn<'_>,
        parent: u32,
        new: &New<'_>,
        links: u32,
    ) -> Result<u32, FsStop> {
        let inode = self.take_inode(txn, parent, new.kind == Kind::Directory)?;
        self.write_new(txn, inode, new, links)?;
        Ok(inode)
    }

    /// Writes a new inode's record.
    ///
    /// # Errors
    /// `ESTALE`.
    pub(super) fn write_new(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        new: &New<'_>,
        links: u32,
    ) -> Result<(), FsStop> {
        let now = txn.now();
        let raw = self.record_mut(txn, inode)?;
        raw.fill(0);
        if raw.len() >= SMALL_INODE + usize::from(EXTRA) {
            set16(raw, field::EXTRA, EXTRA);
            set_time(raw, field::CREATED, field::CREATED + 4, now);
        }
        if new.kind.is_device() {
            let (major, minor) = (major(new.device), minor(new.device));
            // As old and as new kernels wrote it (Linux: old_encode_dev, new_encode_dev).
            if major < 256 && minor < 256 {
                set32(raw, field::BLOCKS, major << 8 | minor);
            } else {
                set32(raw, field::BLOCKS + 4, minor & 0xff | major << 8 | (minor & !0xff) << 12);
            }
        }
        let (uid, gid, accessed, modified, changed) = (new.uid, new.gid, now, now, now);
        let fresh = Attributes::new(new.kind, new.mode);
        let fresh = Attributes { links, uid, gid, accessed, modified, changed, ..fresh };
        self.set_attributes(txn, inode, &fresh)
    }

    /// Sets a size; the first file of 2 GiB makes the file system one that has such files.
    ///
    /// # Errors
    /// `EFBIG` in revision 0, which has no room for it.
    pub(super) fn set_size(&self, txn: &mut Txn<'_>, inode: u32, size: u64) -> Result<(), FsStop> {
        if size > i32::MAX as u64 {
            if self.revision == 0 {
                return Err(Errno::EFBIG.into());
            }
            let features = self.word(txn, sb::RO_COMPAT)?;
            if features & feature::LARGE_FILE == 0 {
                set32(self.superblock(txn)?, sb::RO_COMPAT, features | feature::LARGE_FILE);
            }
        }
        let raw = self.record_mut(txn, inode)?;
        set32(raw, field::SIZE, size as u32);
        if Kind::of(get16(raw, field::MODE).into()) == Some(Kind::Regular) {
            set32(raw, field::SIZE_HIGH, (size >> 32) as u32);
        }
        Ok(())
    }

    /// An inode has so many names more or less, and was changed.
    ///
    /// # Errors
    /// `EMLINK`.
    pub(super) fn count_links(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        by: i32,
    ) -> Result<u32, FsStop> {
        let now = txn.now();
        let raw = self.record_mut(txn, inode)?;
        let links = u32::from(get16(raw, field::LINKS)).saturating_add_signed(by);
        if by > 0 && links > LINK_MAX {
            return Err(Errno::EMLINK.into());
        }
        set16(raw, field::LINKS, links as u16);
        set_time(raw, field::CHANGED, field::CHANGED_EXTRA, now);
        Ok(links)
    }

    /// A directory's names were changed. An index that it may have is not kept up, so it has none any more.
    ///
    /// # Errors
    /// `ESTALE`.
    pub(super) fn touch(&self, txn: &mut Txn<'_>, directory: u32) -> Result<(), FsStop> {
        let now = txn.now();
        let raw = self.record_mut(txn, directory)?;
        set32(raw, field::FLAGS, get32(raw, field::FLAGS) & !INDEXED);
        set_time(raw, field::CHANGED, field::CHANGED_EXTRA, now);
        set_time(raw, field::MODIFIED, field::MODIFIED_EXTRA, now);
        Ok(())
    }

    /// Whether an inode is a directory.
    ///
    /// # Errors
    /// As [`attributes_of`](Self::attributes_of).
    pub(super) fn is_directory(&self, txn: &Txn<'_>, inode: u32) -> Result<bool, FsStop> {
        Ok(self.attributes_of(txn, inode)?.kind == Kind::Directory)
    }
}

/// The size that an inode's bytes tell.
pub(super) fn size_of(raw: &[u8], kind: Kind) -> u64 {
    let high = if kind == Kind::Regular { get32(raw, field::SIZE_HIGH) } else { 0 };
    u64::from(high) << 32 | u64::from(get32(raw, field::SIZE))
}

fn device_of(raw: &[u8]) -> u64 {
    match (get32(raw, field::BLOCKS), get32(raw, field::BLOCKS + 4)) {
        (0, new) => makedev(new >> 8 & 0xfff, new & 0xff | new >> 12 & 0xf_ff00),
        (old, _) => makedev(old >> 8 & 0xff, old & 0xff),
    }
}

/// Whether an inode's bytes reach to such a field and behind it.
fn has(raw: &[u8], at: usize) -> bool {
    raw.len() > SMALL_INODE && at + 4 <= SMALL_INODE + usize::from(get16(raw, field::EXTRA))
}

/// Seconds in 32 bits since ever; in larger inodes two bits more of them, and nanoseconds (Linux: `ext4_encode_extra_time`).
fn time_of(raw: &[u8], at: usize, extra: usize) -> Timespec {
    let seconds = i64::from(get32(raw, at).cast_signed());
    if !has(raw, extra) {
        return Timespec { seconds, nanoseconds: 0 };
    }
    let more = get32(raw, extra);
    let nanoseconds = i64::from(more >> 2).min(999_999_999);
    Timespec { seconds: seconds + (i64::from(more & 3) << 32), nanoseconds }
}

fn set_time(raw: &mut [u8], at: usize, extra: usize, time: Timespec) {
    set32(raw, at, time.seconds as u32);
    if has(raw, extra) {
        let low = i64::from((time.seconds as u32).cast_signed());
        let epoch = (time.seconds.wrapping_sub(low) >> 32) as u32 & 3;
        set32(raw, extra, (time.nanoseconds as u32) << 2 | epoch);
    }
}
