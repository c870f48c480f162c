//! The first task: how it comes to be, and what the runner asks the kernel about its children.

use super::control::Control;
use super::isolate::{self, Entry, Isolation};
use super::{raw, task};
use crate::sys::check;
use std::ffi::CString;
use std::io;
use std::sync::atomic::Ordering::Release;

/// How a tree is to begin.
pub(super) struct Setup {
    /// Where the script's own memory begins, and its length in bytes.
    pub(super) arena: (u64, usize),
    /// Resource, soft limit and hard limit.
    pub(super) limits: Vec<(u32, u64, u64)>,
    /// The mask for new files.
    pub(super) umask: u32,
    /// Where the first task is.
    pub(super) directory: String,
    /// What is there.
    pub(super) entries: Vec<Entry>,
    /// Whether descriptors 0, 1 and 2 are open (on /dev/null).
    pub(super) descriptors: bool,
    /// Whether the first task leads a session, and not only a process group.
    pub(super) session: bool,
    /// What the first task is called (PR_SET_NAME).
    pub(super) name: Option<String>,
    /// Whether handlers stay until they are told to return.
    pub(super) stay: bool,
    /// Whether the first task is init of a pid namespace of its own, and not a child of the runner's.
    pub(super) init: bool,
}

fn map(address: u64, length: usize, flags: i32) -> io::Result<*mut u8> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = flags | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let address = address as *mut libc::c_void;
    // SAFETY: where the kernel chooses, or where nothing is yet (MAP_FIXED_NOREPLACE), nothing is touched.
    let place = unsafe { libc::mmap(address, length, protection, flags, -1, 0) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}

/// Memory that this process and its descendants share; zeroes.
pub(super) fn share(length: usize) -> io::Result<*mut u8> {
    map(0, length, libc::MAP_SHARED)
}

/// Memory of which every process has its own.
pub(super) fn private(length: usize) -> io::Result<*mut u8> {
    map(0, length, libc::MAP_PRIVATE)
}

/// Makes shared memory zeroes again. Nobody else may be using it.
pub(super) fn clear(place: *mut u8, length: usize) -> io::Result<()> {
    // SAFETY: the pages were made by `share`; they are replaced by zeroes.
    check(unsafe { libc::madvise(place.cast(), length, libc::MADV_REMOVE) }).map(drop)
}

/// Ends every process of the namespace but this one, its init, and waits for them.
pub(super) fn kill_all() -> io::Result<()> {
    // SAFETY: kill(2) touches no memory. In this namespace there is nobody but the tree.
    unsafe { libc::kill(-1, libc::SIGKILL) };
    loop {
        // SAFETY: no status is asked for.
        let pid = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::__WALL) };
        if pid < 0 {
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::ECHILD) => return Ok(()),
                Some(libc::EINTR) => {}
                _ => return Err(error),
            }
        }
    }
}

/// Whether there is a child that has not been waited for.
pub(super) fn has_children() -> bool {
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: there is room for the structure, which is not looked at.
    unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), options) == 0 }
}

/// A child that has ended, and its status; `None` if there is none just now.
pub(super) fn reap() -> io::Result<Option<(u32, i32)>> {
    let mut status = 0;
    // SAFETY: there is room for the status.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
    if pid < 0 {
        let error = io::Error::last_os_error();
        return if error.raw_os_error() == Some(libc::ECHILD) { Ok(None) } else { Err(error) };
    }
    Ok((pid > 0).then_some((pid as u32, status)))
}

/// Bytes of a task's memory, as many of them as are there.
pub(super) fn read(tid: u32, address: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let own = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: length };
    let other = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length };
    // SAFETY: the kernel writes to the buffer and checks the other process' range.
    let count =
        unsafe { libc::process_vm_readv(tid as i32, &raw const own, 1, &raw const other, 1, 0) };
    bytes.truncate(usize::try_from(count).unwrap_or(0));
    bytes
}

/// Writes to a task's memory; returns how many bytes could be.
pub(super) fn write(tid: u32, address: u64, bytes: &[u8]) -> usize {
    let own = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let other = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: the kernel reads the buffer; the other range is the script's own memory, as the caller has checked.
    let count =
        unsafe { libc::process_vm_writev(tid as i32, &raw const own, 1, &raw const other, 1, 0) };
    usize::try_from(count).unwrap_or(0)
}

/// Starts the first task.
pub(super) fn begin(
    control: &'static Control,
    isolation: &Isolation,
    setup: &Setup,
) -> io::Result<()> {
    if isolation.has("ipc") {
        // What the tree before has left there goes away with its last user.
        // SAFETY: unshare(2) touches no memory.
        check(unsafe { libc::unshare(libc::CLONE_NEWIPC) })?;
    }
    let namespace = if setup.init { libc::CLONE_NEWPID } else { 0 };
    let words = [(namespace | libc::SIGCHLD) as u64, 0, 0, 0, 0, 0];
    // SAFETY: fork(2), but for the namespace; this process has one thread, so the child may do what it likes.
    let child = unsafe { raw::call(libc::SYS_clone, words) };
    if child != 0 {
        return if child > 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-child as i32)) };
    }
    let slot = &control.slots[0];
    if let Err(error) = prepare(isolation, setup) {
        let number = error.raw_os_error().unwrap_or(libc::EIO);
        slot.frames[0].result.store(-i64::from(number), Release);
        // SAFETY: the child ends without running the parent's destructors.
        unsafe { libc::_exit(1) }
    }
    task::begin(control, slot)
}

fn prepare(isolation: &Isolation, setup: &Setup) -> io::Result<()> {
    if setup.session {
        // SAFETY: setsid(2) has no conditions.
        check(unsafe { libc::setsid() })?;
    } else {
        // SAFETY: setpgid(2) touches no memory.
        check(unsafe { libc::setpgid(0, 0) })?;
    }
    isolate::enter(isolation.root)?;
    std::env::set_current_dir(&setup.directory)?;
    // Not even standard error: what the tree has open is what a script finds open.
    // SAFETY: nothing in this process uses a descriptor from here on.
    check(unsafe { libc::close_range(0, libc::c_uint::MAX, 0) })?;
    if setup.descriptors {
        let null = CString::new("/dev/null").map_err(io::Error::other)?;
        for flags in [libc::O_RDONLY, libc::O_WRONLY, libc::O_WRONLY] {
            // SAFETY: a string that ends in zero.
            check(unsafe { libc::open(null.as_ptr(), flags) })?;
        }
    }
    for &limit in &setup.limits {
        set_limit(limit)?;
    }
    // SAFETY: umask(2) has no conditions.
    unsafe { libc::umask(setup.umask) };
    if let Some(name) = &setup.name {
        let name = CString::new(name.as_str()).map_err(io::Error::other)?;
        // SAFETY: a string that ends in zero.
        check(unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) })?;
    }
    forget_signals();
    map(setup.arena.0, setup.arena.1, libc::MAP_PRIVATE | libc::MAP_FIXED_NOREPLACE)?;
    Ok(())
}

/// Sets a limit. What this machine does not let anybody raise stays as low as it is.
fn set_limit((resource, soft, hard): (u32, u64, u64)) -> io::Result<()> {
    let mut old = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the structure.
    check(unsafe { libc::getrlimit64(resource, &raw mut old) })?;
    let wanted = libc::rlimit64 { rlim_cur: soft, rlim_max: hard };
    let most = old.rlim_max;
    let lower = libc::rlimit64 { rlim_cur: soft.min(most), rlim_max: hard.min(most) };
    // SAFETY: the kernel reads the structure.
    if unsafe { libc::setrlimit64(resource, &raw const wanted) } == 0 {
        return Ok(());
    }
    // SAFETY: as above.
    check(unsafe { libc::setrlimit64(resource, &raw const lower) }).map(drop)
}

/// Undoes what the standard library of Rust has set up: SIGPIPE ignored, handlers for a stack that overflows.
fn forget_signals() {
    // All zeroes: SIG_DFL, no flags, no mask. The C library would add a flag, and skips two signals.
    let default = [0_u64; 4];
    for signal in 1..=64 {
        let words = [signal, default.as_ptr() as u64, 0, 8, 0, 0];
        // SAFETY: the kernel reads the structure, and refuses the signals that cannot be set.
        unsafe { raw::call(libc::SYS_rt_sigaction, words) };
    }
    let none =
        libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: no handler is running on the stack that is given up.
    unsafe { libc::sigaltstack(&raw const none, std::ptr::null_mut()) };
    raw::set_mask(0);
}
