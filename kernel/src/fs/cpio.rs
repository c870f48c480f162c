//! The archive that a machine starts with: cpio in the "new" format, as Linux' initramfs
//! (Documentation/driver-api/early-userspace/buffer-format.rst; cpio(5) of BSD).
//!
//! ```text
//! 070701 | 13 fields of 8 hexadecimal digits | name, a zero | padding to 4 | data | padding to 4
//! ...
//! TRAILER!!!
//! ```

use super::attributes::Kind;
use crate::abi::types::makedev;

const MAGIC: &[u8] = b"070701";
const HEADER: usize = 110;
const TRAILER: &str = "TRAILER!!!";

/// A member of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The path, relative to the root.
    pub name: &'a str,
    /// Kind and permissions.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// For a device file: which device.
    pub device: u64,
    /// Contents; for a symbolic link, where it leads.
    pub data: &'a [u8],
}

impl Member<'_> {
    /// What it is; `None` for bits that are no kind of file.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::of(self.mode)
    }
}

/// Reads an archive. Stops at the trailer, or where the bytes make no sense; `Err` has the offset of that place.
pub fn members(archive: &[u8]) -> impl Iterator<Item = Result<Member<'_>, usize>> {
    let mut at = 0;
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        match member(archive, at) {
            Some((member, _)) if member.name == TRAILER => None,
            Some((member, next)) => {
                at = next;
                Some(Ok(member))
            }
            None => {
                is_over = true;
                Some(Err(at))
            }
        }
    })
}

fn member(archive: &[u8], at: usize) -> Option<(Member<'_>, usize)> {
    let header = archive.get(at..at.checked_add(HEADER)?)?;
    let fields = header.strip_prefix(MAGIC)?;
    let field = |n: usize| {
        let digits = std::str::from_utf8(fields.get(n * 8..n * 8 + 8)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (size, length) = (field(6)? as usize, field(11)? as usize);
    let name_end = (at + HEADER).checked_add(length)?;
    let name = archive.get(at + HEADER..name_end)?.strip_suffix(b"\0")?;
    let start = name_end.checked_next_multiple_of(4)?;
    let end = start.checked_add(size)?;
    let data = archive.get(start..end)?;
    let member = Member {
        name: std::str::from_utf8(name).ok()?,
        mode: field(1)?,
        uid: field(2)?,
        gid: field(3)?,
        device: makedev(field(9)?, field(10)?),
        data,
    };
    Some((member, end.checked_next_multiple_of(4)?))
}

/// Writes an archive.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    members: u32,
}

impl Archive {
    /// Adds a member. Directories must come before what is in them.
    pub fn add(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.members += 1;
        let inode = self.members;
        self.put(name, (inode, mode), data);
    }

    fn put(&mut self, name: &str, (inode, mode): (u32, u32), data: &[u8]) {
        let length = name.len() as u32 + 1;
        self.bytes.extend_from_slice(MAGIC);
        for field in [inode, mode, 0, 0, 1, 0, data.len() as u32, 0, 0, 0, 0, length, 0] {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// The archive, with its trailer.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.put(TRAILER, (0, 0), b"");
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::{Archive, members};

    #[test]
    fn what_was_written_is_read_back_and_what_is_cut_is_noticed() {
        let mut archive = Archive::default();
        archive.add("bin", 0o040_755, b"");
        archive.add("bin/sh", 0o100_755, b"hello");
        let bytes = archive.finish();
        let read: Vec<_> = members(&bytes).map(|member| member.expect("it is whole")).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[1].name, read[1].mode, read[1].data),
            ("bin/sh", 0o100_755, &b"hello"[..])
        );
        for cut in 0..bytes.len() - 1 {
            let names = members(&bytes[..cut]).count();
            assert!(names <= 3, "{cut}");
        }
        assert_eq!(members(b"nonsense").next(), Some(Err(0)));
    }
}
