//! Calls on scheduling, and a lock that lends priority.

use super::{Result, Sys};
use oscope_kernel::abi::flags::FutexOp;
use oscope_kernel::abi::nr;

impl Sys {
    /// setpriority(2) for one thread; 0 is the caller.
    ///
    /// # Errors
    /// `ESRCH`, `EPERM`, `EACCES`.
    pub async fn setpriority(&self, tid: u64, nice: i8) -> Result {
        self.call3(nr::SETPRIORITY, 0, tid, i64::from(nice) as u64).await
    }

    /// getpriority(2) of one thread, as a nice value.
    ///
    /// # Errors
    /// `ESRCH`.
    pub async fn getpriority(&self, tid: u64) -> Result<i64> {
        Ok(20 - self.call3(nr::GETPRIORITY, 0, tid, 0).await? as i64)
    }

    /// setpriority(2) for whom `which` says: a process (0), a process group (1) or a user (2).
    ///
    /// # Errors
    /// `ESRCH`, `EPERM`, `EACCES`.
    pub async fn setpriority_of(&self, (which, who): (u64, u64), nice: i64) -> Result {
        self.call3(nr::SETPRIORITY, which, who, nice as u64).await
    }

    /// getpriority(2) in the same way: the highest of all that are meant, as a nice value.
    ///
    /// # Errors
    /// `ESRCH`.
    pub async fn getpriority_of(&self, (which, who): (u64, u64)) -> Result<i64> {
        Ok(20 - self.call3(nr::GETPRIORITY, which, who, 0).await? as i64)
    }

    /// sched_setscheduler(2); 0 is the caller.
    ///
    /// # Errors
    /// `EINVAL`, `ESRCH`, `EPERM`.
    pub async fn sched_setscheduler(&self, tid: u64, policy: u32, priority: u32) -> Result {
        let at = self.scratch();
        self.store32(at, priority).await;
        self.call3(nr::SCHED_SETSCHEDULER, tid, policy.into(), at).await
    }

    /// sched_setaffinity(2) with the first 64 CPUs as bits; 0 is the caller.
    ///
    /// # Errors
    /// `EINVAL`, `ESRCH`, `EPERM`.
    pub async fn sched_setaffinity(&self, tid: u64, cpus: u64) -> Result {
        let at = self.scratch();
        self.store(at, cpus).await;
        self.call3(nr::SCHED_SETAFFINITY, tid, 8, at).await
    }

    /// sched_getaffinity(2), the first 64 CPUs as bits; 0 is the caller.
    ///
    /// # Errors
    /// `EINVAL` with more than 64 CPUs, `ESRCH`.
    pub async fn sched_getaffinity(&self, tid: u64) -> Result {
        let at = self.scratch();
        self.call3(nr::SCHED_GETAFFINITY, tid, 8, at).await?;
        Ok(self.load(at).await)
    }

    /// Locks a mutex that lends the priority of who waits to who has it (pthread_mutexattr_setprotocol(3) with
    /// PTHREAD_PRIO_INHERIT). The word at `address` holds the owner's number.
    ///
    /// # Errors
    /// `EDEADLK`, `ESRCH`.
    pub async fn lock_pi(&self, address: u64) -> Result<()> {
        let me = self.gettid().await as u32;
        if self.compare_exchange32(address, 0, me).await == 0 {
            return Ok(());
        }
        let operation = u64::from(FutexOp::LOCK_PI2 | FutexOp::PRIVATE);
        self.call(nr::FUTEX, [address, operation, 0, 0, 0, 0]).await.map(|_| ())
    }

    /// Unlocks it, for the most urgent of those who wait.
    ///
    /// # Errors
    /// `EPERM`.
    pub async fn unlock_pi(&self, address: u64) -> Result<()> {
        let me = self.gettid().await as u32;
        if self.compare_exchange32(address, me, 0).await == me {
            return Ok(());
        }
        let operation = u64::from(FutexOp::UNLOCK_PI | FutexOp::PRIVATE);
        self.call(nr::FUTEX, [address, operation, 0, 0, 0, 0]).await.map(|_| ())
    }
}
