//! POSIX shared memory: shm_open(3), shm_unlink(3). No calls of the kernel, but files below /dev/shm, as in the C
//! library; mmap(2) does the rest.

use super::{Result, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::OpenFlags;

/// The file behind a name: one slash or several before it do not count, and there may be none within.
fn path(name: &str) -> Option<String> {
    let name = name.trim_start_matches('/');
    (!name.is_empty() && !name.contains('/')).then(|| format!("/dev/shm/{name}"))
}

impl Sys {
    /// shm_open(3): a descriptor of a shared memory object, which ftruncate(2) gives a size.
    ///
    /// # Errors
    /// `EINVAL` for a name that cannot be one, those of open(2).
    pub async fn shm_open(&self, name: &str, flags: u32, mode: u32) -> Result {
        let path = path(name).ok_or(Errno::EINVAL)?;
        let always = (OpenFlags::NOFOLLOW | OpenFlags::CLOEXEC).bits();
        let opened = self.open(&path, flags | always, mode).await;
        opened.map_err(|errno| if errno == Errno::EISDIR { Errno::EINVAL } else { errno })
    }

    /// shm_unlink(3): takes the name away; whoever has the object open or mapped keeps it.
    ///
    /// # Errors
    /// `ENOENT` for a name that cannot be one, `EACCES` where unlink(2) says EPERM, those of unlink(2).
    pub async fn shm_unlink(&self, name: &str) -> Result {
        let path = path(name).ok_or(Errno::ENOENT)?;
        let removed = self.unlink(&path).await;
        removed.map_err(|errno| if errno == Errno::EPERM { Errno::EACCES } else { errno })
    }
}
