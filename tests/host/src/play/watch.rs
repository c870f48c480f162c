//! What /proc and descriptors of processes tell about a task from outside.

use super::isolate::open_below;
use crate::sys::check;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It called exit(2) or exit_group(2) with this status.
    Exited(u8),
    /// This signal killed it.
    Killed(u8),
    /// Nobody saw.
    Unknown,
}

impl End {
    /// From a status word of wait(2).
    pub(super) fn of_status(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            Self::Exited(libc::WEXITSTATUS(status) as u8)
        } else {
            Self::Killed(libc::WTERMSIG(status) as u8)
        }
    }
}

/// What a task is about, by proc_pid_stat(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// On a CPU or waiting for one.
    Running,
    /// Waiting for an event that signals interrupt.
    Asleep,
    /// Waiting for something that will come soon, or for a child of vfork(2).
    Deaf,
    /// Stopped by a signal.
    Stopped,
    /// Ended, and its parent has not asked yet. The status is there.
    Zombie(i32),
    /// Gone altogether.
    Gone,
}

/// The number that a thread has here, by the one that it has in a pid namespace below. `known` are passed over.
pub(super) fn find(proc: &File, inner: u32, known: &[u32]) -> io::Result<Option<u32>> {
    for process in numbers(proc, ".")? {
        for thread in numbers(proc, &format!("{process}/task")).unwrap_or_default() {
            if known.contains(&thread) {
                continue;
            }
            // It may have ended meanwhile.
            let mut status = String::new();
            let opened = open_below(proc, &format!("{process}/task/{thread}/status"));
            if opened.and_then(|mut file| file.read_to_string(&mut status)).is_err() {
                continue;
            }
            let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
            // The first is the one here; the last, the innermost, if there is a namespace below.
            let mut all = line.unwrap_or_default().split_ascii_whitespace();
            if all.next().is_some()
                && all.next_back().and_then(|number| number.parse().ok()) == Some(inner)
            {
                return Ok(Some(thread));
            }
        }
    }
    Ok(None)
}

/// The names in a directory that are numbers.
fn numbers(proc: &File, path: &str) -> io::Result<Vec<u32>> {
    let directory = open_below(proc, path)?;
    let mut numbers = Vec::new();
    let mut buffer = vec![0_u8; 32768];
    loop {
        let (fd, place) = (directory.as_raw_fd(), buffer.as_mut_ptr());
        // SAFETY: the kernel writes at most as many bytes as the buffer has.
        let length = unsafe { libc::syscall(libc::SYS_getdents64, fd, place, buffer.len()) };
        if length < 0 {
            return Err(io::Error::last_os_error());
        }
        let mut rest = buffer.get(..length as usize).unwrap_or_default();
        if rest.is_empty() {
            return Ok(numbers);
        }
        // struct linux_dirent64: the record's length at 16, the name at 19.
        while let Some(&[low, high]) = rest.get(16..18) {
            let length = usize::from(u16::from_le_bytes([low, high]));
            let name = rest.get(19..length).unwrap_or_default();
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            numbers
                .extend(std::str::from_utf8(name).ok().and_then(|name| name.parse::<u32>().ok()));
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// A task that is being watched.
pub(super) struct Watch {
    stat: File,
    /// A descriptor of the process or thread; old kernels have none for threads.
    process: Option<File>,
    /// The process that it belongs to.
    pub(super) leader: u32,
}

/// A thread, and not the process that it belongs to (Linux 6.9).
const PIDFD_THREAD: i32 = libc::O_EXCL;
/// The ioctl(2) that tells how a process ended, even after its parent has asked (Linux 6.15), the mask with which it
/// is asked, and where it answers: `struct pidfd_info` of linux/pidfd.h in its first version.
const PIDFD_GET_INFO: libc::c_ulong = 0xc040_ff0b;
const PIDFD_INFO_EXIT: u64 = 1 << 3;
const EXIT_CODE: usize = 60;

impl Watch {
    /// Begins to watch a thread.
    pub(super) fn new(proc: &File, tid: u32) -> io::Result<Self> {
        let mut status = String::new();
        open_below(proc, &format!("{tid}/status"))?.read_to_string(&mut status)?;
        let leader =
            status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok());
        let leader = leader.unwrap_or(tid);
        // Below task/ it is about the thread, beside it about the whole process.
        let stat = open_below(proc, &format!("{leader}/task/{tid}/stat"))?;
        let flags = if leader == tid { 0 } else { PIDFD_THREAD };
        // SAFETY: pidfd_open(2) touches no memory.
        let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, tid, flags) } as i32).ok();
        // SAFETY: the descriptor was just made, and nobody else owns it.
        let process = fd.map(|fd| unsafe { File::from_raw_fd(fd) });
        Ok(Self { stat, process, leader })
    }

    /// What it is about now.
    pub(super) fn state(&self) -> io::Result<State> {
        let mut buffer = [0; 1024];
        let length = match self.stat.read_at(&mut buffer, 0) {
            Ok(length) => length,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(State::Gone),
            Err(error) => return Err(error),
        };
        let text = buffer.get(..length).unwrap_or_default();
        // The name stands in parentheses and may hold anything.
        let Some(end) = text.iter().rposition(|byte| *byte == b')') else {
            return Ok(State::Gone);
        };
        let rest = std::str::from_utf8(&text[end + 1..]).unwrap_or_default();
        // The state is field 3 and exit_code is field 52.
        let mut fields = rest.split_ascii_whitespace();
        Ok(match fields.next() {
            Some("S" | "I") => State::Asleep,
            Some("D") => State::Deaf,
            Some("T" | "t") => State::Stopped,
            // Between the two moments, nobody will ask: X.
            Some("Z" | "X") => {
                let status = fields.nth(48).and_then(|field| field.parse().ok());
                State::Zombie(status.unwrap_or(0))
            }
            _ => State::Running,
        })
    }

    /// How it ended, if this kernel remembers that of who is gone.
    pub(super) fn end(&self) -> Option<End> {
        let process = self.process.as_ref()?;
        let mut info = [0_u8; 64];
        info[..8].copy_from_slice(&PIDFD_INFO_EXIT.to_le_bytes());
        // SAFETY: the request carries the structure's size, 64 bytes, which are there.
        let result = unsafe { libc::ioctl(process.as_raw_fd(), PIDFD_GET_INFO, info.as_mut_ptr()) };
        let told = u64::from(info[0]) & PIDFD_INFO_EXIT != 0;
        let status =
            info[EXIT_CODE..].iter().rev().fold(0, |word, byte| word << 8 | i32::from(*byte));
        (result == 0 && told).then(|| End::of_status(status))
    }
}

#[cfg(test)]
mod tests {
    use super::{End, State, Watch};
    use std::fs::File;

    #[test]
    fn a_thread_sees_itself_running() {
        let own = std::process::id();
        let watch = Watch::new(&File::open("/proc").expect("Linux has /proc"), own)
            .expect("this process is there");
        assert_eq!(watch.leader, own);
        // The test runs in another thread, so the process's first one sleeps or runs.
        let state = watch.state().expect("a file of this process");
        assert!(matches!(state, State::Running | State::Asleep), "{state:?}");
        assert_eq!(watch.end(), None);
    }

    #[test]
    fn status_words_are_taken_apart() {
        assert_eq!(End::of_status(3 << 8), End::Exited(3));
        assert_eq!(End::of_status(9), End::Killed(9));
        // With a core.
        assert_eq!(End::of_status(0x80 | 11), End::Killed(11));
    }
}
