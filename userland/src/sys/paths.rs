//! Wrappers for calls that take the names of files.
//!
//! Those that have `at` in their names in the kernel take a directory's descriptor first; most programs mean the
//! working directory, and the C library's functions without `at` (mkdir(2), unlink(2)) are these.

use super::{Result, Sys};
use oscope_kernel::abi::flags::AtFlags;
use oscope_kernel::abi::flags::file::AT_FDCWD;
use oscope_kernel::abi::nr;
use oscope_kernel::abi::types::{Dirent, Stat, Timespec};

/// The working directory, where a call wants a directory's descriptor.
const HERE: u64 = AT_FDCWD as u64;

/// How many bytes of directory entries one call brings.
const ENTRIES: usize = 8192;

/// What utimensat(2) does to a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// UTIME_NOW.
    Now,
    /// UTIME_OMIT: leave it.
    Omit,
    /// This time.
    At(Timespec),
}

impl Stamp {
    const fn timespec(self) -> Timespec {
        match self {
            Self::Now => Timespec { seconds: 0, nanoseconds: 0x3fff_ffff },
            Self::Omit => Timespec { seconds: 0, nanoseconds: 0x3fff_fffe },
            Self::At(time) => time,
        }
    }
}

/// What statfs(2) tells about a file system (`struct statfs64` of asm-generic).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSystemStatus {
    /// Its magic number (linux/magic.h).
    pub kind: u64,
    /// Size of a block in bytes.
    pub block_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Free blocks.
    pub free: u64,
    /// Free blocks for everybody but root.
    pub available: u64,
    /// Inodes in all.
    pub files: u64,
    /// Free inodes.
    pub free_files: u64,
}

impl Sys {
    /// Puts a path where calls find it; the second of two lies behind the first. Nobody's path is longer than 4095
    /// bytes, so one that is keeps only enough of itself to be refused.
    pub(super) async fn path(&self, place: u64, path: &str) -> u64 {
        let at = self.scratch() + place * 4352;
        let length = path.len().min(4300);
        let mut text = path.as_bytes().get(..length).unwrap_or_default().to_vec();
        text.push(0);
        self.poke(at, &text).await;
        at
    }

    /// newfstatat(2).
    ///
    /// # Errors
    /// Those of stat(2).
    pub async fn stat_at(&self, directory: u64, path: &str, flags: AtFlags) -> Result<Stat> {
        let name = self.path(0, path).await;
        let at = self.scratch() + 8704;
        self.call(nr::NEWFSTATAT, [directory, name, at, u64::from(flags.bits()), 0, 0]).await?;
        let mut bytes = [0; Stat::SIZE];
        bytes.copy_from_slice(&self.peek(at, Stat::SIZE).await);
        Ok(Stat::from_bytes(&bytes))
    }

    /// stat(2).
    ///
    /// # Errors
    /// Those of stat(2).
    pub async fn stat(&self, path: &str) -> Result<Stat> {
        self.stat_at(HERE, path, AtFlags::empty()).await
    }

    /// lstat(2): about a symbolic link itself.
    ///
    /// # Errors
    /// Those of stat(2).
    pub async fn lstat(&self, path: &str) -> Result<Stat> {
        self.stat_at(HERE, path, AtFlags::SYMLINK_NOFOLLOW).await
    }

    /// faccessat2(2) with AT_EACCESS: whether the effective ids may read (4), write (2) or execute (1) it.
    ///
    /// # Errors
    /// Those of access(2).
    pub async fn access(&self, path: &str, mode: u32) -> Result {
        let name = self.path(0, path).await;
        self.call(nr::FACCESSAT2, [HERE, name, u64::from(mode), 0x200, 0, 0]).await
    }

    /// mkdir(2).
    ///
    /// # Errors
    /// Those of mkdir(2).
    pub async fn mkdir(&self, path: &str, mode: u32) -> Result {
        let name = self.path(0, path).await;
        self.call3(nr::MKDIRAT, HERE, name, u64::from(mode)).await
    }

    /// unlink(2).
    ///
    /// # Errors
    /// Those of unlink(2).
    pub async fn unlink(&self, path: &str) -> Result {
        let name = self.path(0, path).await;
        self.call3(nr::UNLINKAT, HERE, name, 0).await
    }

    /// rmdir(2).
    ///
    /// # Errors
    /// Those of rmdir(2).
    pub async fn rmdir(&self, path: &str) -> Result {
        let name = self.path(0, path).await;
        self.call3(nr::UNLINKAT, HERE, name, u64::from(AtFlags::REMOVEDIR.bits())).await
    }

    /// link(2), or with [`AtFlags::SYMLINK_FOLLOW`] a link to what a symbolic link leads to.
    ///
    /// # Errors
    /// Those of link(2).
    pub async fn link(&self, old: &str, new: &str, flags: AtFlags) -> Result {
        let (old, new) = (self.path(0, old).await, self.path(1, new).await);
        self.call(nr::LINKAT, [HERE, old, HERE, new, u64::from(flags.bits()), 0]).await
    }

    /// symlink(2): `path` becomes a symbolic link with the text `target`.
    ///
    /// # Errors
    /// Those of symlink(2).
    pub async fn symlink(&self, target: &str, path: &str) -> Result {
        let (target, name) = (self.path(0, target).await, self.path(1, path).await);
        self.call3(nr::SYMLINKAT, target, HERE, name).await
    }

    /// readlink(2).
    ///
    /// # Errors
    /// Those of readlink(2).
    pub async fn readlink(&self, path: &str) -> Result<String> {
        let name = self.path(0, path).await;
        let at = self.scratch() + 8704;
        let length = self.call(nr::READLINKAT, [HERE, name, at, 4096, 0, 0]).await?;
        Ok(String::from_utf8_lossy(&self.peek(at, length as usize).await).into_owned())
    }

    /// renameat2(2); flags are those of linux/fs.h (`RENAME_NOREPLACE` is 1).
    ///
    /// # Errors
    /// Those of rename(2).
    pub async fn rename(&self, old: &str, new: &str, flags: u32) -> Result {
        let (old, new) = (self.path(0, old).await, self.path(1, new).await);
        self.call(nr::RENAMEAT2, [HERE, old, HERE, new, u64::from(flags), 0]).await
    }

    /// mknod(2): the mode has the kind of file in it.
    ///
    /// # Errors
    /// Those of mknod(2).
    pub async fn mknod(&self, path: &str, mode: u32, device: u64) -> Result {
        let name = self.path(0, path).await;
        self.call(nr::MKNODAT, [HERE, name, u64::from(mode), device, 0, 0]).await
    }

    /// chmod(2).
    ///
    /// # Errors
    /// Those of chmod(2).
    pub async fn chmod(&self, path: &str, mode: u32) -> Result {
        let name = self.path(0, path).await;
        self.call3(nr::FCHMODAT, HERE, name, u64::from(mode)).await
    }

    /// fchownat(2); `u32::MAX` leaves a number as it is.
    ///
    /// # Errors
    /// Those of chown(2).
    pub async fn chown(&self, path: &str, owner: u32, group: u32, flags: AtFlags) -> Result {
        let name = self.path(0, path).await;
        let (owner, group) = (u64::from(owner), u64::from(group));
        self.call(nr::FCHOWNAT, [HERE, name, owner, group, u64::from(flags.bits()), 0]).await
    }

    /// utimensat(2): when it was last read and last changed.
    ///
    /// # Errors
    /// Those of utimensat(2).
    pub async fn set_times(&self, path: &str, accessed: Stamp, modified: Stamp) -> Result {
        let name = self.path(0, path).await;
        let at = self.scratch() + 8704;
        let times = [accessed.timespec().to_bytes(), modified.timespec().to_bytes()].concat();
        self.poke(at, &times).await;
        self.call(nr::UTIMENSAT, [HERE, name, at, 0, 0, 0]).await
    }

    /// truncate(2).
    ///
    /// # Errors
    /// Those of truncate(2).
    pub async fn truncate(&self, path: &str, length: u64) -> Result {
        let name = self.path(0, path).await;
        self.call3(nr::TRUNCATE, name, length, 0).await
    }

    /// ftruncate(2).
    ///
    /// # Errors
    /// Those of ftruncate(2).
    pub async fn ftruncate(&self, fd: u64, length: u64) -> Result {
        self.call3(nr::FTRUNCATE, fd, length, 0).await
    }

    /// statfs(2).
    ///
    /// # Errors
    /// Those of statfs(2).
    pub async fn statfs(&self, path: &str) -> Result<FileSystemStatus> {
        let name = self.path(0, path).await;
        let at = self.scratch() + 8704;
        self.call3(nr::STATFS, name, at, 0).await?;
        let bytes = self.peek(at, 56).await;
        let mut words = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next().unwrap_or(0);
        Ok(FileSystemStatus {
            kind: next(),
            block_size: next(),
            blocks: next(),
            free: next(),
            available: next(),
            files: next(),
            free_files: next(),
        })
    }

    /// getdents64(2): some entries of a directory, from where the last call stopped; none at the end.
    ///
    /// # Errors
    /// Those of getdents(2).
    pub async fn entries(&self, fd: u64) -> Result<Vec<Dirent>> {
        let at = self.scratch() + 4096;
        let length = self.call3(nr::GETDENTS64, fd, at, ENTRIES as u64).await?;
        let bytes = self.peek(at, length as usize).await;
        let (mut rest, mut entries) = (bytes.as_slice(), Vec::new());
        while let Some((entry, behind)) = Dirent::take_from(rest) {
            entries.push(entry);
            rest = behind;
        }
        Ok(entries)
    }

    /// The names in a directory and what they are (opendir(3), readdir(3)), without `.` and `..`.
    ///
    /// # Errors
    /// Those of open(2) and getdents(2).
    pub async fn read_directory(&self, path: &str) -> Result<Vec<Dirent>> {
        // O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let fd = self.open(path, 0o2_200_000, 0).await?;
        let mut all = Vec::new();
        let end = loop {
            match self.entries(fd).await {
                Ok(some) if some.is_empty() => break Ok(()),
                Ok(some) => all.extend(some),
                Err(errno) => break Err(errno),
            }
        };
        let _ = self.close(fd).await;
        all.retain(|entry| entry.name != b"." && entry.name != b"..");
        end.map(|()| all)
    }

    /// getcwd(2).
    ///
    /// # Errors
    /// `ENOENT` if it was removed.
    pub async fn getcwd(&self) -> Result<String> {
        let at = self.scratch();
        self.call3(nr::GETCWD, at, 4096, 0).await?;
        Ok(self.string(at).await)
    }

    /// chdir(2).
    ///
    /// # Errors
    /// Those of chdir(2).
    pub async fn chdir(&self, path: &str) -> Result {
        let name = self.path(0, path).await;
        self.call3(nr::CHDIR, name, 0, 0).await
    }

    /// umask(2): the mask as it was.
    pub async fn umask(&self, mask: u32) -> u32 {
        self.call3(nr::UMASK, u64::from(mask), 0, 0).await.unwrap_or(0) as u32
    }

    /// mount(2).
    ///
    /// # Errors
    /// Those of mount(2).
    pub async fn mount(
        &self,
        (source, target, kind): (&str, &str, &str),
        flags: u64,
        options: &str,
    ) -> Result {
        let (source, target) = (self.path(0, source).await, self.path(1, target).await);
        let at = self.scratch() + 8704;
        let text = [kind.as_bytes(), b"\0", options.as_bytes(), b"\0"].concat();
        self.poke(at, &text).await;
        let options = at + kind.len() as u64 + 1;
        self.call(nr::MOUNT, [source, target, at, flags, options, 0]).await
    }

    /// umount2(2).
    ///
    /// # Errors
    /// Those of umount(2).
    pub async fn umount(&self, target: &str, flags: u64) -> Result {
        let name = self.path(0, target).await;
        self.call3(nr::UMOUNT2, name, flags, 0).await
    }

    /// sync(2).
    pub async fn sync(&self) {
        let _ = self.call3(nr::SYNC, 0, 0, 0).await;
    }

    /// fsync(2).
    ///
    /// # Errors
    /// Those of fsync(2).
    pub async fn fsync(&self, fd: u64) -> Result {
        self.call3(nr::FSYNC, fd, 0, 0).await
    }

    /// sendfile(2) from where the file stands: how many bytes went, 0 at its end.
    ///
    /// # Errors
    /// Those of sendfile(2).
    pub async fn sendfile(&self, to: u64, from: u64, length: u64) -> Result {
        self.call(nr::SENDFILE, [to, from, 0, length, 0, 0]).await
    }
}
