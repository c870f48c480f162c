//! What the programs do that measure files.

use super::programs::{FEW, SOME, pause};
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::nr;

/// The file that [`reader`] reads.
const CACHED: &str = "/tmp/cached";
const HERE: u64 = -100i64 as u64;

/// pread64(2) of a page that is cached.
pub(super) fn reader() -> RustImage {
    async fn round(sys: Sys, (fd, buffer): (u64, u64)) -> u64 {
        for _ in 0..SOME {
            let read = sys.call(nr::PREAD64, [fd, buffer, 4096, 0, 0, 0]).await;
            if read != Ok(4096) {
                return 1;
            }
        }
        pause(&sys).await;
        sys.rebase((fd, buffer), round).await
    }
    RustImage::new("reader", |sys: Sys| async move {
        // O_RDWR | O_CREAT
        let (Ok(buffer), Ok(fd)) = (sys.mmap(4096).await, sys.open(CACHED, 0o102, 0o600).await)
        else {
            return 1;
        };
        if sys.write(fd, &[7; 4096]).await.is_err() {
            return 1;
        }
        let _ = sys.call(nr::PREAD64, [fd, buffer, 4096, 0, 0, 0]).await;
        pause(&sys).await;
        round(sys, (fd, buffer)).await
    })
}

/// A file created, 1 KiB written to it, closed and unlinked.
pub(super) fn creator() -> RustImage {
    const PATH: &[u8] = b"/tmp/created\0";
    async fn round(sys: Sys, buffer: u64) -> u64 {
        for _ in 0..FEW {
            // O_WRONLY | O_CREAT | O_TRUNC
            let Ok(fd) = sys.call(nr::OPENAT, [HERE, buffer, 0o1101, 0o644, 0, 0]).await else {
                return 1;
            };
            let written = sys.call(nr::WRITE, [fd, buffer + 1024, 1024, 0, 0, 0]).await;
            let _ = sys.close(fd).await;
            let unlinked = sys.call(nr::UNLINKAT, [HERE, buffer, 0, 0, 0, 0]).await;
            if written != Ok(1024) || unlinked.is_err() {
                return 1;
            }
        }
        pause(&sys).await;
        sys.rebase(buffer, round).await
    }
    RustImage::new("creator", |sys: Sys| async move {
        let Ok(buffer) = sys.mmap(4096).await else { return 1 };
        sys.poke(buffer, PATH).await;
        pause(&sys).await;
        round(sys, buffer).await
    })
}

/// Makes a directory, or a file, at a path.
async fn make(sys: &Sys, path: &str, is_directory: bool) -> bool {
    if !is_directory {
        let made = sys.open(path, 0o101, 0o600).await;
        return match made {
            Ok(fd) => sys.close(fd).await.is_ok(),
            Err(_) => false,
        };
    }
    let at = sys.scratch();
    sys.poke(at, format!("{path}\0").as_bytes()).await;
    sys.call(nr::MKDIRAT, [HERE, at, 0o755, 0, 0, 0]).await.is_ok()
}

/// newfstatat(2) of a path with ten components.
pub(super) fn walker() -> RustImage {
    async fn round(sys: Sys, buffer: u64) -> u64 {
        for _ in 0..SOME {
            let words = [HERE, buffer, buffer + 1024, 0, 0, 0];
            if sys.call(nr::NEWFSTATAT, words).await.is_err() {
                return 1;
            }
        }
        pause(&sys).await;
        sys.rebase(buffer, round).await
    }
    RustImage::new("walker", |sys: Sys| async move {
        let Ok(buffer) = sys.mmap(4096).await else { return 1 };
        let mut path = "/tmp".to_owned();
        for depth in 2..=10 {
            path.push_str(&format!("/component{depth}"));
            if !make(&sys, &path, depth < 10).await {
                return 1;
            }
        }
        path.push('\0');
        sys.poke(buffer, path.as_bytes()).await;
        pause(&sys).await;
        round(sys, buffer).await
    })
}

/// How many names [`lister`] lists.
pub(super) const NAMES: u64 = 10_000;

/// A directory of many names, read to its end.
pub(super) fn lister() -> RustImage {
    async fn round(sys: Sys, (fd, buffer): (u64, u64)) -> u64 {
        loop {
            match sys.call(nr::GETDENTS64, [fd, buffer, 32_768, 0, 0, 0]).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => return 1,
            }
        }
        if sys.lseek(fd, 0, 0).await.is_err() {
            return 1;
        }
        pause(&sys).await;
        sys.rebase((fd, buffer), round).await
    }
    RustImage::new("lister", |sys: Sys| async move {
        let Ok(buffer) = sys.mmap(32_768).await else { return 1 };
        for n in 0..NAMES {
            if !make(&sys, &format!("/tmp/name{n}"), false).await {
                return 1;
            }
        }
        let Ok(fd) = sys.open("/tmp", 0, 0).await else { return 1 };
        pause(&sys).await;
        round(sys, (fd, buffer)).await
    })
}
