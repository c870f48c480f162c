//! Processes, made and waited for.

use super::{Operation, repeat};
use crate::protocol::NOTHING;
use crate::sys::{self, Mapping, check};
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStringExt;

pub(super) const FORK_EXIT_WAIT: Operation = Operation {
    name: "fork-exit-wait",
    about: "fork(2) of this small program, exit_group(2) of the child, wait4(2)",
    batch: 20,
    prepare: || {
        Ok(repeat(|| {
            // SAFETY: this program has one thread, and the child only ends.
            let pid = check(unsafe { libc::fork() })?;
            if pid == 0 {
                // SAFETY: ends the child here.
                unsafe { libc::_exit(0) }
            }
            succeeded(sys::wait(pid)?)
        }))
    },
};

pub(super) const FORK_LARGE: Operation = Operation {
    name: "fork-10000-pages",
    about: "fork(2) of this program with 10,000 pages more, exit_group(2) of the child, wait4(2)",
    batch: 5,
    prepare: || {
        let mapping = Mapping::new(10_000)?;
        mapping.decline_huge_pages();
        mapping.touch();
        Ok(repeat(move || {
            // The mapping is kept as long as somebody forks.
            mapping.touch_first();
            // SAFETY: this program has one thread, and the child only ends.
            let pid = check(unsafe { libc::fork() })?;
            if pid == 0 {
                // SAFETY: ends the child here.
                unsafe { libc::_exit(0) }
            }
            succeeded(sys::wait(pid)?)
        }))
    },
};

pub(super) const FORK_EXEC_WAIT: Operation = Operation {
    name: "fork-exec-wait",
    about: "the same with an execve(2) of a program that does nothing",
    batch: 5,
    prepare: || {
        let path = CString::new(std::env::current_exe()?.into_os_string().into_vec())?;
        let argument = CString::new(NOTHING)?;
        Ok(repeat(move || {
            let arguments = [path.as_ptr(), argument.as_ptr(), std::ptr::null()];
            let environment = [std::ptr::null()];
            // SAFETY: this program has one thread, and the child only executes another one, or ends.
            let pid = check(unsafe { libc::fork() })?;
            if pid == 0 {
                // SAFETY: the strings end with zero bytes, the lists with null, and all outlive the call.
                unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
                // SAFETY: ends the child here.
                unsafe { libc::_exit(127) }
            }
            succeeded(sys::wait(pid)?)
        }))
    },
};

fn succeeded(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::other("the child did not end as it should")) }
}
