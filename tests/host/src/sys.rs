//! Calls of libc, made safe: all `unsafe` of this crate that is not an operation's subject stands here.

use std::fs::File;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{FromRawFd, RawFd};

/// The result of a call that returns −1 for failure.
pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The CPUs that this process may use.
fn allowed() -> io::Result<Vec<usize>> {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: `set` is a place for `size` bytes, which the kernel fills.
    check(unsafe { libc::sched_getaffinity(0, size, set.as_mut_ptr()) })?;
    // SAFETY: a set of bits is valid whatever its bits are, and all were zeroed before the kernel wrote.
    let allowed = unsafe { set.assume_init() };
    let cpus = 0..libc::CPU_SETSIZE as usize;
    // SAFETY: `cpu` is within the set.
    Ok(cpus.filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &allowed) }).collect())
}

/// Moves processes to one CPU; 0 is this one.
fn pin_to(cpu: Option<&usize>, pids: &[libc::pid_t]) -> io::Result<()> {
    let &cpu = cpu.ok_or_else(|| io::Error::other("this process may run on no CPU"))?;
    // SAFETY: all zeroes is a set.
    let mut only: libc::cpu_set_t = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: `cpu` is within the set.
    unsafe { libc::CPU_SET(cpu, &mut only) };
    for &pid in pids {
        // SAFETY: `only` is a set of this size, which the kernel reads.
        check(unsafe { libc::sched_setaffinity(pid, size_of_val(&only), &raw const only) })?;
    }
    Ok(())
}

/// Moves this process, and another one if there is one, to one CPU: the last of those that it may use, because
/// interrupts like the first.
pub(crate) fn pin(other: Option<libc::pid_t>) -> io::Result<()> {
    let pids: Vec<_> = [Some(0), other].into_iter().flatten().collect();
    pin_to(allowed()?.last(), &pids)
}

/// Moves this process to the first CPU that it may use: the one that a machine with one CPU has.
pub(crate) fn pin_first() -> io::Result<()> {
    pin_to(allowed()?.first(), &[0])
}

/// What uname(2) tells of the kernel.
pub(crate) struct Names {
    /// Its version.
    pub(crate) release: String,
    /// Its architecture.
    pub(crate) machine: String,
}

/// Asks which kernel this is.
pub(crate) fn names() -> io::Result<Names> {
    let mut names = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: there is room for the structure.
    check(unsafe { libc::uname(names.as_mut_ptr()) })?;
    // SAFETY: it consists of bytes, zeroed before the kernel wrote.
    let names = unsafe { names.assume_init() };
    let text = |field: &[libc::c_char]| {
        let bytes = field.iter().map(|c| *c as u8).take_while(|byte| *byte != 0);
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    };
    Ok(Names { release: text(&names.release), machine: text(&names.machine) })
}

/// A child that runs `body`, exits with the status that it returns, and does not outlive this process.
pub(crate) fn fork(body: impl FnOnce() -> i32) -> io::Result<libc::pid_t> {
    // SAFETY: this program has one thread whenever it forks, so the child may do what it likes.
    let pid = check(unsafe { libc::fork() })?;
    if pid > 0 {
        return Ok(pid);
    }
    // SAFETY: prctl(2) with these arguments touches no memory.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let status = body();
    // SAFETY: ends the child here, without running the parent's destructors.
    unsafe { libc::_exit(status) }
}

/// The process that started this one.
pub(crate) fn parent() -> libc::pid_t {
    // SAFETY: getppid(2) has no conditions.
    unsafe { libc::getppid() }
}

/// A pipe: its reading end and its writing end.
pub(crate) fn pipe() -> io::Result<(File, File)> {
    let mut fds: [RawFd; 2] = [-1; 2];
    // SAFETY: `fds` has room for two descriptors.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
    let reader = unsafe { File::from_raw_fd(fds[0]) };
    // SAFETY: as above.
    let writer = unsafe { File::from_raw_fd(fds[1]) };
    Ok((reader, writer))
}

/// A child process that runs `body`; killed and waited for when it is dropped.
pub(crate) struct Child {
    pid: libc::pid_t,
}

impl Child {
    /// Forks.
    pub(crate) fn new(body: impl FnOnce()) -> io::Result<Self> {
        let pid = fork(|| {
            body();
            0
        })?;
        Ok(Self { pid })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: `pid` is a child that nobody else waits for, so the number is still its own.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        let _ = wait(self.pid);
    }
}

/// Waits for a child; returns its status word.
pub(crate) fn wait(pid: libc::pid_t) -> io::Result<libc::c_int> {
    let mut status = 0;
    // SAFETY: `status` is a place for the word.
    check(unsafe { libc::waitpid(pid, &raw mut status, 0) })?;
    Ok(status)
}

/// How often this process has lost its CPU while it could have gone on.
pub(crate) fn preemptions() -> io::Result<i64> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a place for the structure, which the kernel fills.
    check(unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) })?;
    // SAFETY: it consists of integers, zeroed before the kernel wrote.
    let usage = unsafe { usage.assume_init() };
    Ok(usage.ru_nivcsw)
}

/// Private memory of zeroes, unmapped when it is dropped.
pub(crate) struct Mapping {
    address: *mut u8,
    length: usize,
}

/// Bytes in a page.
pub(crate) const PAGE: usize = 4096;

impl Mapping {
    /// Maps `pages` pages. Huge pages are declined: a fault is to bring one page.
    pub(crate) fn new(pages: usize) -> io::Result<Self> {
        let length = pages * PAGE;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: an anonymous mapping at an address that the kernel chooses touches nothing that exists.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, -1, 0) };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { address: address.cast(), length })
    }

    /// Asks for pages of the ordinary size.
    pub(crate) fn decline_huge_pages(&self) {
        // SAFETY: the range is a mapping of our own. A kernel without huge pages refuses, which is as good.
        unsafe { libc::madvise(self.address.cast(), self.length, libc::MADV_NOHUGEPAGE) };
    }

    /// Writes a byte to the first page.
    pub(crate) fn touch_first(&self) {
        // SAFETY: the mapping has a page at least, and nobody has a reference to its bytes.
        unsafe { self.address.write_volatile(1) };
    }

    /// Writes a byte to every page.
    pub(crate) fn touch(&self) {
        for offset in (0..self.length).step_by(PAGE) {
            // SAFETY: the offset is within the mapping, and nobody has a reference to its bytes.
            let byte = unsafe { self.address.add(offset) };
            // SAFETY: as above; volatile, so that the compiler leaves it in.
            unsafe { byte.write_volatile(1) };
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.address.cast(), self.length) };
    }
}
