//! Wrappers for calls on processes: making them, waiting for them, groups, credentials, limits.

use super::{FUNCTIONS, Result, Sys, THREAD_STACK};
use oscope_kernel::abi::flags::{CloneFlags, WaitFlags};
use oscope_kernel::abi::types::{Rlimit, Rusage, SigInfo, Utsname, WaitStatus};
use oscope_kernel::abi::{Errno, Signal, nr};
use oscope_kernel::base::Duration;

/// What a thread shares with its maker, as pthread_create(3) asks for it.
pub(crate) const THREAD: CloneFlags = CloneFlags::VM
    .union(CloneFlags::FS)
    .union(CloneFlags::FILES)
    .union(CloneFlags::SIGHAND)
    .union(CloneFlags::THREAD)
    .union(CloneFlags::SYSVSEM)
    .union(CloneFlags::PARENT_SETTID)
    .union(CloneFlags::CHILD_CLEARTID);

/// More than any kernel takes as arguments.
const LARGEST_ARGUMENTS: u64 = 1 << 20;

/// Whom waitid(2) waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitTarget {
    /// Any child.
    Any,
    /// The child with this number.
    Pid(u64),
    /// Any child of this process group; 0 is the caller's.
    Group(u64),
}

/// A child of which wait4(2) told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Its number.
    pub pid: u64,
    /// What became of it.
    pub status: WaitStatus,
    /// What it used.
    pub usage: Rusage,
}

impl Sys {
    /// fork(2): returns 0 in the child, and the child's number in the parent.
    ///
    /// # Errors
    /// `EAGAIN`, `ENOMEM`.
    pub async fn fork(&self) -> Result {
        self.clone_with(CloneFlags::empty(), Some(Signal::CHLD)).await
    }

    /// vfork(2): as fork, but the child uses the parent's memory, and the parent waits until the child has
    /// called execve or ended.
    ///
    /// # Errors
    /// `EAGAIN`, `ENOMEM`.
    pub async fn vfork(&self) -> Result {
        self.clone_with(CloneFlags::VM | CloneFlags::VFORK, Some(Signal::CHLD)).await
    }

    /// clone(2) without a stack: the child goes on where the caller is.
    ///
    /// # Errors
    /// `EINVAL`, `EAGAIN`, `ENOMEM`.
    pub async fn clone_with(&self, flags: CloneFlags, exit_signal: Option<Signal>) -> Result {
        let signal = exit_signal.map_or(0, |signal| u64::from(signal.number()));
        self.call3(nr::CLONE, flags.bits() | signal, 0, 0).await
    }

    /// Starts function number `function` of the image on a stack of its own, with `word`. Returns the
    /// thread's number and the address of a word that becomes 0 when it ends.
    ///
    /// # Errors
    /// `EAGAIN`, `ENOMEM`.
    pub async fn spawn(&self, function: u64, word: u64) -> Result<(u64, u64)> {
        self.clone_function(THREAD, None, (function, word)).await
    }

    /// clone(2) with a stack, as the wrapper of the C library does it: function number `function` of the
    /// image runs there with `word`. Returns what [`spawn`](Self::spawn) does; the word becomes 0 only with
    /// CLONE_CHILD_CLEARTID.
    ///
    /// # Errors
    /// `EINVAL`, `EAGAIN`, `ENOMEM`.
    pub async fn clone_function(
        &self,
        flags: CloneFlags,
        exit_signal: Option<Signal>,
        (function, word): (u64, u64),
    ) -> Result<(u64, u64)> {
        let stack = self.mmap(THREAD_STACK).await?;
        let top = stack + THREAD_STACK - 64;
        self.store(top, FUNCTIONS + function * 16).await;
        self.store(top + 8, word).await;
        let done = top + 16;
        self.store32(done, 1).await;
        let signal = exit_signal.map_or(0, |signal| u64::from(signal.number()));
        let arguments = [flags.bits() | signal, top, top + 24, 0, done, 0];
        let tid = self.call(nr::CLONE, arguments).await?;
        Ok((tid, done))
    }

    /// Waits until a thread has ended, as pthread_join(3) does.
    pub async fn join(&self, done: u64) {
        while self.load32(done).await != 0 {
            let _ = self.futex_wait(done, 1, None).await;
        }
    }

    /// execve(2) without an environment. Returns only if it fails.
    pub async fn execve(&self, path: &str, arguments: &[&str]) -> Errno {
        self.execve_with(path, arguments, &[]).await
    }

    /// execve(2). Returns only if it fails.
    pub async fn execve_with(&self, path: &str, arguments: &[&str], environment: &[&str]) -> Errno {
        let count = (arguments.len() + environment.len() + 2) as u64;
        let length = |list: &[&str]| list.iter().map(|text| text.len() + 1).sum::<usize>();
        let list_size = (count * 8).next_multiple_of(4096);
        let size = list_size + (path.len() + 1 + length(arguments) + length(environment)) as u64;
        let mut base = self.scratch();
        if size > super::SCRATCH {
            if size > LARGEST_ARGUMENTS {
                return Errno::E2BIG;
            }
            match self.mmap(size.next_multiple_of(4096)).await {
                Ok(larger) => base = larger,
                Err(errno) => return errno,
            }
        }
        let strings = base + list_size;
        let mut text = path.as_bytes().to_vec();
        text.push(0);
        let mut pointers = Vec::new();
        for list in [arguments, environment] {
            for argument in list {
                pointers.push(strings + text.len() as u64);
                text.extend_from_slice(argument.as_bytes());
                text.push(0);
            }
            pointers.push(0);
        }
        let list: Vec<u8> = pointers.iter().flat_map(|pointer| pointer.to_le_bytes()).collect();
        self.poke(base, &list).await;
        self.poke(strings, &text).await;
        let environment = base + (arguments.len() as u64 + 1) * 8;
        match self.call3(nr::EXECVE, strings, base, environment).await {
            Err(errno) => errno,
            Ok(_) => Errno::ENOSYS,
        }
    }

    /// exit_group(2).
    pub async fn exit(&self, code: u64) -> u64 {
        let _ = self.call3(nr::EXIT_GROUP, code, 0, 0).await;
        code
    }

    /// exit(2): ends this thread alone.
    pub async fn exit_thread(&self, code: u64) -> u64 {
        let _ = self.call3(nr::EXIT, code, 0, 0).await;
        code
    }

    /// wait4(2) for an end: the child's number and its status word.
    ///
    /// # Errors
    /// `ECHILD`, `EINTR`.
    pub async fn wait(&self, pid: i64) -> Result<(u64, u32)> {
        let at = self.scratch();
        let child = self.call(nr::WAIT4, [pid as u64, at, 0, 0, 0, 0]).await?;
        Ok((child, self.load32(at).await))
    }

    /// wait4(2); `None` if there is nothing to tell with WNOHANG.
    ///
    /// # Errors
    /// `ECHILD`, `EINTR`, `EINVAL`.
    pub async fn wait4(&self, pid: i64, options: WaitFlags) -> Result<Option<Waited>> {
        let at = self.scratch();
        let options = u64::from(options.bits());
        let pid = self.call(nr::WAIT4, [pid as u64, at, options, at + 8, 0, 0]).await?;
        if pid == 0 {
            return Ok(None);
        }
        let status = WaitStatus::from_word(self.load32(at).await).ok_or(Errno::EINVAL)?;
        let mut usage = [0; Rusage::SIZE];
        usage.copy_from_slice(&self.peek(at + 8, Rusage::SIZE).await);
        Ok(Some(Waited { pid, status, usage: Rusage::from_bytes(&usage) }))
    }

    /// waitid(2): what SIGCHLD would tell; its signal is 0 if there is nothing to tell with WNOHANG.
    ///
    /// # Errors
    /// `ECHILD`, `EINTR`, `EINVAL`.
    pub async fn waitid(&self, target: WaitTarget, options: WaitFlags) -> Result<SigInfo> {
        let (kind, id) = match target {
            WaitTarget::Any => (0, 0),
            WaitTarget::Pid(pid) => (1, pid),
            WaitTarget::Group(group) => (2, group),
        };
        let at = self.scratch();
        self.call(nr::WAITID, [kind, id, at, u64::from(options.bits()), 0, 0]).await?;
        Ok(self.siginfo_at(at).await)
    }

    /// A `siginfo_t` in memory.
    pub(super) async fn siginfo_at(&self, address: u64) -> SigInfo {
        let mut bytes = [0; SigInfo::SIZE];
        bytes.copy_from_slice(&self.peek(address, SigInfo::SIZE).await);
        SigInfo::from_bytes(&bytes)
    }

    // ---- groups and sessions ----

    /// setpgid(2).
    ///
    /// # Errors
    /// `ESRCH`, `EACCES`, `EPERM`, `EINVAL`.
    pub async fn setpgid(&self, pid: u64, group: u64) -> Result {
        self.call3(nr::SETPGID, pid, group, 0).await
    }

    /// getpgid(2).
    ///
    /// # Errors
    /// `ESRCH`.
    pub async fn getpgid(&self, pid: u64) -> Result {
        self.call3(nr::GETPGID, pid, 0, 0).await
    }

    /// setsid(2).
    ///
    /// # Errors
    /// `EPERM`.
    pub async fn setsid(&self) -> Result {
        self.call3(nr::SETSID, 0, 0, 0).await
    }

    /// getsid(2).
    ///
    /// # Errors
    /// `ESRCH`.
    pub async fn getsid(&self, pid: u64) -> Result {
        self.call3(nr::GETSID, pid, 0, 0).await
    }

    // ---- credentials, names, limits ----

    /// The real user.
    pub async fn getuid(&self) -> u64 {
        self.call3(nr::GETUID, 0, 0, 0).await.unwrap_or(0)
    }

    /// The effective user.
    pub async fn geteuid(&self) -> u64 {
        self.call3(nr::GETEUID, 0, 0, 0).await.unwrap_or(0)
    }

    /// The real group.
    pub async fn getgid(&self) -> u64 {
        self.call3(nr::GETGID, 0, 0, 0).await.unwrap_or(0)
    }

    /// The effective group.
    pub async fn getegid(&self) -> u64 {
        self.call3(nr::GETEGID, 0, 0, 0).await.unwrap_or(0)
    }

    /// getgroups(2): the supplementary groups, 1024 at most.
    ///
    /// # Errors
    /// None.
    pub async fn getgroups(&self) -> Result<Vec<u32>> {
        let at = self.scratch();
        let count = self.call3(nr::GETGROUPS, 1024, at, 0).await?;
        let bytes = self.peek(at, count as usize * 4).await;
        Ok(bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    /// getrandom(2): so many bytes by chance, 256 at most.
    ///
    /// # Errors
    /// `EINTR`.
    pub async fn random(&self, length: usize) -> Result<Vec<u8>> {
        let at = self.scratch();
        let count = self.call3(nr::GETRANDOM, at, length.min(256) as u64, 0).await?;
        Ok(self.peek(at, count as usize).await)
    }

    /// setuid(2).
    ///
    /// # Errors
    /// `EPERM`, `EINVAL`.
    pub async fn setuid(&self, uid: u64) -> Result {
        self.call3(nr::SETUID, uid, 0, 0).await
    }

    /// setresuid(2); `u64::MAX` leaves a number as it is.
    ///
    /// # Errors
    /// `EPERM`.
    pub async fn setresuid(&self, real: u64, effective: u64, saved: u64) -> Result {
        self.call3(nr::SETRESUID, real, effective, saved).await
    }

    /// prctl(2).
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn prctl(&self, option: u32, argument: u64) -> Result {
        self.call3(nr::PRCTL, u64::from(option), argument, 0).await
    }

    /// Gives the thread a name (PR_SET_NAME).
    ///
    /// # Errors
    /// None.
    pub async fn set_name(&self, name: &str) -> Result {
        let at = self.scratch();
        let mut bytes: Vec<u8> = name.bytes().take(15).collect();
        bytes.push(0);
        self.poke(at, &bytes).await;
        self.prctl(oscope_kernel::abi::flags::process::prctl::SET_NAME, at).await
    }

    /// getrlimit(2).
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn getrlimit(&self, resource: u32) -> Result<Rlimit> {
        let at = self.scratch();
        self.call(nr::PRLIMIT64, [0, u64::from(resource), 0, at, 0, 0]).await?;
        let mut bytes = [0; Rlimit::SIZE];
        bytes.copy_from_slice(&self.peek(at, Rlimit::SIZE).await);
        Ok(Rlimit::from_bytes(&bytes))
    }

    /// setrlimit(2).
    ///
    /// # Errors
    /// `EINVAL`, `EPERM`.
    pub async fn setrlimit(&self, resource: u32, limit: Rlimit) -> Result {
        let at = self.scratch();
        self.poke(at, &limit.to_bytes()).await;
        self.call(nr::PRLIMIT64, [0, u64::from(resource), at, 0, 0, 0]).await
    }

    /// getrusage(2): 0 the process, `u64::MAX` its children, 1 the thread.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn getrusage(&self, who: u64) -> Result<Rusage> {
        let at = self.scratch();
        self.call3(nr::GETRUSAGE, who, at, 0).await?;
        let mut bytes = [0; Rusage::SIZE];
        bytes.copy_from_slice(&self.peek(at, Rusage::SIZE).await);
        Ok(Rusage::from_bytes(&bytes))
    }

    /// uname(2).
    ///
    /// # Errors
    /// None.
    pub async fn uname(&self) -> Result<Utsname> {
        let at = self.scratch();
        self.call3(nr::UNAME, at, 0, 0).await?;
        let mut bytes = [0; Utsname::SIZE];
        bytes.copy_from_slice(&self.peek(at, Utsname::SIZE).await);
        Ok(Utsname::from_bytes(&bytes))
    }

    /// alarm(2): SIGALRM after this long; zero takes it back.
    ///
    /// # Errors
    /// None.
    pub async fn alarm(&self, length: Duration) -> Result {
        self.setitimer(length, Duration::ZERO).await
    }
}
