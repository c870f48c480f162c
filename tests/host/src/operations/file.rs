//! Pipes, files and waiting for many of them.

use super::{Operation, repeat};
use crate::sys::{self, Child, PAGE, check};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub(super) const PIPE_ROUND_TRIP: Operation = Operation {
    name: "pipe-round-trip",
    about: "a byte through a pipe to another process, and back through a second one",
    batch: 500,
    prepare: || {
        let (mut their_end, mut to) = sys::pipe()?;
        let (mut from, mut their_answer) = sys::pipe()?;
        let partner = Child::new(move || {
            let mut byte = [0];
            while their_end.read_exact(&mut byte).is_ok() && their_answer.write_all(&byte).is_ok() {
            }
        })?;
        Ok(repeat(move || {
            let _alive = &partner;
            let mut byte = [1];
            to.write_all(&byte)?;
            from.read_exact(&mut byte)
        }))
    },
};

/// A directory in memory if there is one, so that no disk is measured.
fn directory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// A path of this process's own.
fn path(name: &str) -> PathBuf {
    directory().join(format!("oscope-host-{}-{name}", std::process::id()))
}

pub(super) const CREATE_WRITE_UNLINK: Operation = Operation {
    name: "create-write-unlink",
    about: "a file created in memory, 1 KiB written to it, closed and unlinked",
    batch: 100,
    prepare: || {
        let path = path("created");
        Ok(repeat(move || {
            File::create(&path)?.write_all(&[7; 1024])?;
            fs::remove_file(&path)
        }))
    },
};

pub(super) const CACHED_READ_4K: Operation = Operation {
    name: "cached-read-4k",
    about: "pread64(2) of a page that is in memory",
    batch: 2_000,
    prepare: || {
        let path = path("cached");
        fs::write(&path, [7; PAGE])?;
        let file = File::open(&path)?;
        fs::remove_file(&path)?;
        Ok(repeat(move || file.read_exact_at(&mut [0; PAGE], 0)))
    },
};

pub(super) const PATH_WALK_10: Operation = Operation {
    name: "path-walk-10",
    about: "newfstatat(2) of a path with ten components",
    batch: 2_000,
    prepare: || {
        // `directory` has two components of its own, or one.
        let top = path("walked");
        let mut deep = top.clone();
        while deep.components().count() < 10 {
            deep.push("component");
        }
        fs::create_dir_all(&deep)?;
        let file = deep.join("last");
        fs::write(&file, "")?;
        let removed = Removed(top);
        Ok(repeat(move || {
            let _there = &removed;
            fs::metadata(&file).map(|_| ())
        }))
    },
};

/// A directory that goes with its owner.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // What is left in a directory for temporary files harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How many descriptors an epoll instance watches.
const WATCHED: usize = 64;

pub(super) const EPOLL_WAIT: Operation = Operation {
    name: "epoll-wait",
    about: "epoll_wait(2) on 64 pipes of which one is ready",
    batch: 2_000,
    prepare: || {
        // SAFETY: epoll_create1(2) touches no memory.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
        let epoll = unsafe { File::from_raw_fd(fd) };
        let mut pipes = Vec::new();
        for _ in 0..WATCHED {
            let pipe = sys::pipe()?;
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
            let (operation, end) = (libc::EPOLL_CTL_ADD, pipe.0.as_raw_fd());
            // SAFETY: both descriptors are open, and `event` is read during the call.
            check(unsafe { libc::epoll_ctl(fd, operation, end, &raw mut event) })?;
            pipes.push(pipe);
        }
        let ready = &mut pipes[WATCHED / 2].1;
        ready.write_all(&[1])?;
        Ok(repeat(move || {
            let _open = &pipes;
            let mut events = [libc::epoll_event { events: 0, u64: 0 }; 16];
            // SAFETY: there is room for 16 events.
            let count = unsafe { libc::epoll_wait(epoll.as_raw_fd(), events.as_mut_ptr(), 16, -1) };
            if check(count)? == 1 { Ok(()) } else { Err(io::Error::other("not one was ready")) }
        }))
    },
};
