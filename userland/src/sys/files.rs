//! Wrappers for calls on files and descriptors.

use super::{Result, Sys};
use oscope_kernel::abi::flags::PollEvents;
use oscope_kernel::abi::flags::file::fcntl;
use oscope_kernel::abi::nr;
use oscope_kernel::abi::types::{Iovec, PollFd, Stat, Timespec};
use oscope_kernel::base::Duration;

impl Sys {
    /// openat(2) from the working directory.
    ///
    /// # Errors
    /// Those of open(2).
    pub async fn open(&self, path: &str, flags: u32, mode: u32) -> Result {
        let at = self.path(0, path).await;
        let here = -100i64 as u64;
        self.call(nr::OPENAT, [here, at, u64::from(flags), u64::from(mode), 0, 0]).await
    }

    /// read(2) of at most 8 KiB.
    ///
    /// # Errors
    /// Those of read(2).
    pub async fn read(&self, fd: u64, length: usize) -> Result<Vec<u8>> {
        let at = self.scratch() + 4096;
        let length = length.min(8192) as u64;
        let count = self.call3(nr::READ, fd, at, length).await?;
        Ok(self.peek(at, count as usize).await)
    }

    /// write(2), all of it, in parts of at most 8 KiB.
    ///
    /// # Errors
    /// Those of write(2).
    pub async fn write(&self, fd: u64, bytes: &[u8]) -> Result<()> {
        let at = self.scratch() + 4096;
        for part in bytes.chunks(8192) {
            self.poke(at, part).await;
            let mut done = 0;
            while done < part.len() as u64 {
                done += self.call3(nr::WRITE, fd, at + done, part.len() as u64 - done).await?;
            }
        }
        Ok(())
    }

    /// read(2) into memory: how many bytes.
    ///
    /// # Errors
    /// Those of read(2).
    pub async fn read_at(&self, fd: u64, address: u64, length: u64) -> Result {
        self.call3(nr::READ, fd, address, length).await
    }

    /// write(2) out of memory, once: how many bytes.
    ///
    /// # Errors
    /// Those of write(2).
    pub async fn write_at(&self, fd: u64, address: u64, length: u64) -> Result {
        self.call3(nr::WRITE, fd, address, length).await
    }

    /// pread64(2) into memory.
    ///
    /// # Errors
    /// Those of pread(2).
    pub async fn pread(&self, fd: u64, address: u64, length: u64, offset: u64) -> Result {
        self.call(nr::PREAD64, [fd, address, length, offset, 0, 0]).await
    }

    /// pwrite64(2) out of memory.
    ///
    /// # Errors
    /// Those of pwrite(2).
    pub async fn pwrite(&self, fd: u64, address: u64, length: u64, offset: u64) -> Result {
        self.call(nr::PWRITE64, [fd, address, length, offset, 0, 0]).await
    }

    /// readv(2) into several buffers of memory.
    ///
    /// # Errors
    /// Those of readv(2).
    pub async fn readv(&self, fd: u64, buffers: &[Iovec]) -> Result {
        let at = self.iovecs(buffers).await;
        self.call3(nr::READV, fd, at, buffers.len() as u64).await
    }

    /// writev(2) out of several buffers of memory.
    ///
    /// # Errors
    /// Those of writev(2).
    pub async fn writev(&self, fd: u64, buffers: &[Iovec]) -> Result {
        let at = self.iovecs(buffers).await;
        self.call3(nr::WRITEV, fd, at, buffers.len() as u64).await
    }

    async fn iovecs(&self, buffers: &[Iovec]) -> u64 {
        let at = self.scratch();
        let bytes: Vec<u8> = buffers.iter().flat_map(|buffer| buffer.to_bytes()).collect();
        self.poke(at, &bytes).await;
        at
    }

    /// lseek(2): 0 from the start, 1 from here, 2 from the end.
    ///
    /// # Errors
    /// `EBADF`, `EINVAL`, `ESPIPE`.
    pub async fn lseek(&self, fd: u64, offset: i64, whence: u64) -> Result {
        self.call3(nr::LSEEK, fd, offset as u64, whence).await
    }

    /// close(2).
    ///
    /// # Errors
    /// `EBADF`.
    pub async fn close(&self, fd: u64) -> Result {
        self.call3(nr::CLOSE, fd, 0, 0).await
    }

    /// fstat(2).
    ///
    /// # Errors
    /// `EBADF`.
    pub async fn fstat(&self, fd: u64) -> Result<Stat> {
        let at = self.scratch();
        self.call3(nr::FSTAT, fd, at, 0).await?;
        let mut bytes = [0; Stat::SIZE];
        bytes.copy_from_slice(&self.peek(at, Stat::SIZE).await);
        Ok(Stat::from_bytes(&bytes))
    }

    // ---- descriptors ----

    /// pipe2(2): the reader's and the writer's descriptor.
    ///
    /// # Errors
    /// `EMFILE`, `EINVAL`.
    pub async fn pipe2(&self, flags: u32) -> Result<(u64, u64)> {
        let at = self.scratch();
        self.call3(nr::PIPE2, at, u64::from(flags), 0).await?;
        let both = self.load(at).await;
        Ok((both & 0xffff_ffff, both >> 32))
    }

    /// pipe(2).
    ///
    /// # Errors
    /// `EMFILE`.
    pub async fn pipe(&self) -> Result<(u64, u64)> {
        self.pipe2(0).await
    }

    /// dup(2).
    ///
    /// # Errors
    /// `EBADF`, `EMFILE`.
    pub async fn dup(&self, fd: u64) -> Result {
        self.call3(nr::DUP, fd, 0, 0).await
    }

    /// dup3(2).
    ///
    /// # Errors
    /// `EBADF`, `EINVAL`.
    pub async fn dup3(&self, old: u64, new: u64, flags: u32) -> Result {
        self.call3(nr::DUP3, old, new, u64::from(flags)).await
    }

    /// dup2(2), as the C library makes it of dup3(2): equal descriptors are left as they are.
    ///
    /// # Errors
    /// `EBADF`.
    pub async fn dup2(&self, old: u64, new: u64) -> Result {
        if old == new {
            return self.fcntl(old, fcntl::GETFD, 0).await.map(|_| new);
        }
        self.dup3(old, new, 0).await
    }

    /// fcntl(2).
    ///
    /// # Errors
    /// `EBADF`, `EINVAL`, `EMFILE`.
    pub async fn fcntl(&self, fd: u64, command: u32, argument: u64) -> Result {
        self.call3(nr::FCNTL, fd, u64::from(command), argument).await
    }

    /// close_range(2).
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn close_range(&self, first: u64, last: u64, flags: u64) -> Result {
        self.call3(nr::CLOSE_RANGE, first, last, flags).await
    }

    /// poll(2), as the C library makes it of ppoll(2): what came, for each descriptor. `None` waits for ever.
    ///
    /// # Errors
    /// `EINTR`, `EINVAL`.
    pub async fn poll(
        &self,
        wanted: &[(u64, PollEvents)],
        timeout: Option<Duration>,
    ) -> Result<Vec<PollEvents>> {
        let at = self.scratch();
        let bytes: Vec<u8> = wanted
            .iter()
            .flat_map(|&(fd, events)| {
                PollFd { fd: fd as i32, events: events.bits(), returned: 0 }.to_bytes()
            })
            .collect();
        self.poke(at + 64, &bytes).await;
        let time = match timeout {
            Some(timeout) => {
                self.poke(at, &Timespec::from(timeout).to_bytes()).await;
                at
            }
            None => 0,
        };
        self.call(nr::PPOLL, [at + 64, wanted.len() as u64, time, 0, 8, 0]).await?;
        let bytes = self.peek(at + 64, wanted.len() * PollFd::SIZE).await;
        let told = bytes.as_chunks().0.iter().map(PollFd::from_bytes);
        Ok(told.map(|told| PollEvents::from_bits_truncate(told.returned)).collect())
    }
}
