//! What the system tells about files and about itself: `struct stat`, `struct linux_dirent64`,
//! `struct new_utsname` (asm-generic/stat.h, linux/dirent.h, linux/utsname.h).

use super::{Reader, Timespec, Writer};
use crate::abi::flags::file::{FILE_TYPE_MASK, file_type, print_mode};
use std::fmt;

/// What newfstatat(2) and fstat(2) tell about a file: `struct stat` of asm-generic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stat {
    /// Device that holds the file.
    pub device: u64,
    /// Number of the inode.
    pub inode: u64,
    /// Kind of file and permissions.
    pub mode: u32,
    /// Number of directory entries that lead here.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// For a device file: the device that it stands for; see [`makedev`].
    pub special: u64,
    /// Length in bytes.
    pub size: i64,
    /// Size of a good read, in bytes.
    pub block_size: i32,
    /// Blocks of 512 bytes that it takes up.
    pub blocks: i64,
    /// Last read.
    pub accessed: Timespec,
    /// Last change of the contents.
    pub modified: Timespec,
    /// Last change of the inode.
    pub changed: Timespec,
}

impl Stat {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 128;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let mut stat = Self {
            device: reader.u64(),
            inode: reader.u64(),
            mode: reader.u32(),
            links: reader.u32(),
            uid: reader.u32(),
            gid: reader.u32(),
            special: reader.u64(),
            ..Self::default()
        };
        let _pad = reader.u64();
        stat.size = reader.i64();
        stat.block_size = reader.i32();
        let _pad = reader.u32();
        stat.blocks = reader.i64();
        stat.accessed = Timespec::from_bytes(&reader.bytes());
        stat.modified = Timespec::from_bytes(&reader.bytes());
        stat.changed = Timespec::from_bytes(&reader.bytes());
        stat
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new()
            .u64(self.device)
            .u64(self.inode)
            .u32(self.mode)
            .u32(self.links)
            .u32(self.uid)
            .u32(self.gid)
            .u64(self.special)
            .u64(0) // __pad1
            .i64(self.size)
            .i32(self.block_size)
            .u32(0) // __pad2
            .i64(self.blocks)
            .bytes(&self.accessed.to_bytes())
            .bytes(&self.modified.to_bytes())
            .bytes(&self.changed.to_bytes())
            .finish() // __unused4 and __unused5 stay zero
    }
}

/// As strace prints it without `-v`: `{st_mode=S_IFREG|0644, st_size=54, ...}`, or the device's
/// number.
impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{st_mode={}, ", print_mode(self.mode))?;
        match self.mode & FILE_TYPE_MASK {
            file_type::BLK | file_type::CHR => {
                write!(
                    f,
                    "st_rdev=makedev({:#x}, {:#x})",
                    major(self.special),
                    minor(self.special)
                )?;
            }
            _ => write!(f, "st_size={}", self.size)?,
        }
        f.write_str(", ...}")
    }
}

/// The number of a device as programs see it (`new_encode_dev`, linux/kdev_t.h, as glibc widens
/// it).
#[must_use]
pub const fn makedev(major: u32, minor: u32) -> u64 {
    let (major, minor) = (major as u64, minor as u64);
    (major & 0xfff) << 8 | (major & !0xfff) << 32 | minor & 0xff | (minor & !0xff) << 12
}

/// The major number of a device: its driver.
#[must_use]
pub const fn major(device: u64) -> u32 {
    // Both halves lie within 32 bits.
    ((device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000)) as u32
}

/// The minor number of a device: which of the driver's.
#[must_use]
pub const fn minor(device: u64) -> u32 {
    ((device & 0xff) | (device >> 12 & 0xffff_ff00)) as u32
}

/// One entry of getdents64(2): `struct linux_dirent64`. Its length varies with the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dirent {
    /// Number of the inode.
    pub inode: u64,
    /// Where lseek(2) must go to read the next entry.
    pub next: i64,
    /// Kind of file: bits 12 to 15 of the mode (`DT_REG` is 8).
    pub kind: u8,
    /// The name, without a zero byte.
    pub name: Vec<u8>,
}

impl Dirent {
    /// Bytes before the name.
    const HEADER: usize = 19;

    /// Length in memory, in bytes: the name, its zero, and up to the next multiple of eight.
    #[must_use]
    pub fn length(&self) -> usize {
        (Self::HEADER + self.name.len() + 1).next_multiple_of(8)
    }

    /// Appends the entry as it lies in memory; `false`, and nothing appended, if it is longer than
    /// its 16-bit length field can say.
    pub fn append_to(&self, buffer: &mut Vec<u8>) -> bool {
        let Ok(length) = u16::try_from(self.length()) else {
            return false;
        };
        let end = buffer.len() + self.length();
        let header = Writer::<{ Self::HEADER }>::new();
        let header = header.u64(self.inode).i64(self.next).u16(length).u8(self.kind).finish();
        buffer.extend_from_slice(&header);
        buffer.extend_from_slice(&self.name);
        buffer.resize(end, 0);
        true
    }

    /// Takes the first entry off a buffer; `None` if there is none, or it does not fit.
    #[must_use]
    pub fn take_from(buffer: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader::new(buffer.get(..Self::HEADER)?);
        let (inode, next) = (reader.u64(), reader.i64());
        let (length, kind) = (usize::from(reader.u16()), reader.u8());
        let padded = buffer.get(Self::HEADER..length)?;
        let name = padded.split(|byte| *byte == 0).next()?.to_vec();
        Some((Self { inode, next, kind, name }, buffer.get(length..)?))
    }
}

/// Name of the system, for uname(2): `struct new_utsname`, six strings of 65 bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Utsname {
    /// `Linux`.
    pub system: String,
    /// Name of the machine in its network.
    pub node: String,
    /// Version of the kernel: `6.1.0`.
    pub release: String,
    /// Which build of it.
    pub version: String,
    /// `riscv64`.
    pub machine: String,
    /// NIS domain: `(none)`.
    pub domain: String,
}

impl Utsname {
    /// Length of one string in memory, with at least one zero at its end.
    pub const FIELD: usize = 65;
    /// Size in memory, in bytes.
    pub const SIZE: usize = 6 * Self::FIELD;

    /// Reads the structure as it lies in memory; what is not UTF-8 is replaced.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let mut field = || {
            let bytes: [u8; Self::FIELD] = reader.bytes();
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        };
        Self {
            system: field(),
            node: field(),
            release: field(),
            version: field(),
            machine: field(),
            domain: field(),
        }
    }

    /// The structure as it lies in memory; strings longer than 64 bytes are cut.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let fields =
            [&self.system, &self.node, &self.release, &self.version, &self.machine, &self.domain];
        let writer = fields.into_iter().fold(Writer::new(), |writer, text| {
            let mut field = [0; Self::FIELD];
            for (place, byte) in field.iter_mut().take(Self::FIELD - 1).zip(text.bytes()) {
                *place = byte;
            }
            writer.bytes(&field)
        });
        writer.finish()
    }
}

/// As strace prints it without `-v`: `{sysname="Linux", nodename="web", ...}`.
impl fmt::Display for Utsname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{sysname={:?}, nodename={:?}, ...}}", self.system, self.node)
    }
}
