//! What is known of an inode besides its data, and who may do what with it.

use crate::abi::Errno;
use crate::abi::flags::file::{FILE_TYPE_MASK, file_type};
use crate::abi::types::Timespec;
use crate::base::Cred;

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes.
    Regular,
    /// Names.
    Directory,
    /// A path to go on with.
    Symlink,
    /// A pipe with a name.
    Fifo,
    /// The address of a Unix-domain socket.
    Socket,
    /// A device that is read and written as it comes.
    Character,
    /// A device with blocks.
    Block,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Regular,
        Self::Directory,
        Self::Symlink,
        Self::Fifo,
        Self::Socket,
        Self::Character,
        Self::Block,
    ];

    /// Its bits in a mode (`S_IFMT`).
    #[must_use]
    pub const fn file_type(self) -> u32 {
        match self {
            Self::Regular => file_type::REG,
            Self::Directory => file_type::DIR,
            Self::Symlink => file_type::LNK,
            Self::Fifo => file_type::IFO,
            Self::Socket => file_type::SOCK,
            Self::Character => file_type::CHR,
            Self::Block => file_type::BLK,
        }
    }

    /// The kind in a mode.
    #[must_use]
    pub fn of(mode: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.file_type() == mode & FILE_TYPE_MASK)
    }

    /// As getdents64(2) tells it (`DT_REG` is 8).
    #[must_use]
    pub const fn dirent_type(self) -> u8 {
        (self.file_type() >> 12) as u8
    }

    /// Whether it stands for a device.
    #[must_use]
    pub const fn is_device(self) -> bool {
        matches!(self, Self::Character | Self::Block)
    }
}

/// What a file system knows of an inode besides its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, `0..=0o7777`.
    pub mode: u16,
    /// How many names it has; a directory is also the `..` of its subdirectories.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// How much room it takes, in units of 512 bytes.
    pub blocks: u64,
    /// For a device file: which device ([`makedev`](crate::abi::types::makedev)).
    pub device: u64,
    /// Last read.
    pub accessed: Timespec,
    /// Last change of the data.
    pub modified: Timespec,
    /// Last change of the inode.
    pub changed: Timespec,
}

impl Attributes {
    /// Of a new inode that root owns, with one name (a directory: two).
    #[must_use]
    pub fn new(kind: Kind, mode: u16) -> Self {
        let links = if kind == Kind::Directory { 2 } else { 1 };
        let (accessed, modified, changed) = Default::default();
        let (uid, gid, size, blocks, device) = (0, 0, 0, 0, 0);
        Self { kind, mode, links, uid, gid, size, blocks, device, accessed, modified, changed }
    }

    /// Kind and permissions in one word, as `st_mode` has them.
    #[must_use]
    pub fn st_mode(&self) -> u32 {
        self.kind.file_type() | u32::from(self.mode)
    }

    /// With some of them changed.
    #[must_use]
    pub fn with(mut self, change: &Change) -> Self {
        self.mode = change.mode.unwrap_or(self.mode);
        self.uid = change.uid.unwrap_or(self.uid);
        self.gid = change.gid.unwrap_or(self.gid);
        self.accessed = change.accessed.unwrap_or(self.accessed);
        self.modified = change.modified.unwrap_or(self.modified);
        self.changed = change.changed.unwrap_or(self.changed);
        self
    }
}

/// Which attributes are to change, and to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Permission bits.
    pub mode: Option<u16>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Last read.
    pub accessed: Option<Timespec>,
    /// Last change of the data.
    pub modified: Option<Timespec>,
    /// Last change of the inode.
    pub changed: Option<Timespec>,
}

impl Change {
    /// The data was changed at that time, and so was the inode.
    #[must_use]
    pub fn modified(now: Timespec) -> Self {
        Self { modified: Some(now), changed: Some(now), ..Self::default() }
    }
}

/// What a new inode shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct New<'a> {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, those of the umask taken away.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// For a device file: which device.
    pub device: u64,
    /// For a symbolic link: where it leads.
    pub target: &'a str,
}

impl New<'_> {
    /// A file or directory that root owns.
    #[must_use]
    pub const fn of_root(kind: Kind, mode: u16) -> Self {
        Self { kind, mode, uid: 0, gid: 0, device: 0, target: "" }
    }
}

/// What is wanted of a file, for the permission check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// To read it, or to list a directory.
    Read = 4,
    /// To write it, or to make names in a directory.
    Write = 2,
    /// To run it, or to walk through a directory.
    Execute = 1,
}

/// Checks an inode's permission bits (path_resolution(7)).
///
/// # Errors
/// `EACCES`.
pub fn permit(attributes: &Attributes, cred: &Cred, want: Want) -> Result<(), Errno> {
    let class = if cred.euid == attributes.uid {
        6
    } else if is_member(cred, attributes.gid) {
        3
    } else {
        0
    };
    let granted = attributes.mode >> class & want as u16 != 0;
    // The superuser may do all, but runs only what somebody may run.
    let runnable = attributes.kind == Kind::Directory || attributes.mode & 0o111 != 0;
    if granted || cred.is_root() && (want != Want::Execute || runnable) {
        return Ok(());
    }
    Err(Errno::EACCES)
}

/// Whether somebody belongs to a group.
#[must_use]
pub fn is_member(cred: &Cred, gid: u32) -> bool {
    cred.egid == gid || cred.groups.contains(&gid)
}

/// Whether somebody may do what only a file's owner may (Linux' `inode_owner_or_capable`).
#[must_use]
pub fn is_owner(attributes: &Attributes, cred: &Cred) -> bool {
    cred.is_root() || cred.euid == attributes.uid
}

/// Whether a directory's sticky bit keeps somebody from taking an entry away: others' files stay (unlink(2)).
#[must_use]
pub fn is_kept(directory: &Attributes, entry: &Attributes, cred: &Cred) -> bool {
    directory.mode & 0o1000 != 0
        && !cred.is_root()
        && cred.euid != entry.uid
        && cred.euid != directory.uid
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Kind, Want, permit};
    use crate::abi::Errno;
    use crate::base::Cred;

    #[test]
    fn the_first_class_that_fits_decides() {
        let file = Attributes { uid: 7, gid: 8, ..Attributes::new(Kind::Regular, 0o047) };
        let somebody = |euid, egid| Cred { euid, egid, ..Cred::default() };
        let owner = somebody(7, 8);
        assert_eq!(
            permit(&file, &owner, Want::Read),
            Err(Errno::EACCES),
            "the owner has no rights"
        );
        let member = somebody(9, 8);
        assert_eq!(permit(&file, &member, Want::Read), Ok(()));
        assert_eq!(permit(&file, &member, Want::Write), Err(Errno::EACCES));
        assert_eq!(permit(&file, &somebody(9, 9), Want::Write), Ok(()));
    }

    #[test]
    fn kinds_and_modes_name_each_other() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.file_type() | 0o644), Some(kind));
        }
        assert_eq!(Kind::of(0o644), None);
    }
}
