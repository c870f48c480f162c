//! Redirections (XCU 2.7), and how they are taken back after builtins and compound commands.

use super::ast::{Redirection, RedirectionKind};
use super::start::OWN_FDS;
use super::{Flow, Shell};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::OpenFlags;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, access_mode, fcntl, file_type};

/// Descriptors as they were: a copy of each, or none if it was not open.
#[derive(Debug, Default)]
pub(super) struct Saved(Vec<(u64, Option<u64>)>);

impl Shell {
    /// Carries redirections out. `None`, and everything as it was, if one fails: the message is written and the
    /// status set.
    pub(super) async fn redirect(&mut self, list: &[Redirection]) -> Flow<Option<Saved>> {
        let mut saved = Saved::default();
        if list.is_empty() {
            return Ok(Some(saved));
        }
        self.flush().await;
        for redirection in list {
            match self.one(redirection, &mut saved).await {
                Ok(None) => {}
                Ok(Some(message)) => {
                    // Said where messages went before.
                    self.restore(saved).await;
                    self.complain(&message).await;
                    self.state.status = 2;
                    return Ok(None);
                }
                Err(stop) => {
                    self.restore(saved).await;
                    return Err(stop);
                }
            }
        }
        Ok(Some(saved))
    }

    /// One redirection; the message if it fails.
    async fn one(&mut self, redirection: &Redirection, saved: &mut Saved) -> Flow<Option<String>> {
        use RedirectionKind as Kind;
        let default = match redirection.kind {
            Kind::Read | Kind::ReadWrite | Kind::DupIn | Kind::Here => 0,
            _ => 1,
        };
        let fd = redirection.fd.map_or(default, u64::from);
        let target = self.text(&redirection.target).await?;
        if matches!(redirection.kind, Kind::DupIn | Kind::DupOut) {
            if target == "-" {
                self.save(fd, saved).await;
                let _ = self.sys.close(fd).await;
                return Ok(None);
            }
            let Ok(from) = target.parse::<u32>().map(u64::from) else {
                return Err(self.abort("Syntax error: Bad fd number", 2).await);
            };
            if from != fd {
                self.save(fd, saved).await;
            }
            return match self.sys.dup2(from, fd).await {
                Ok(_) => Ok(None),
                Err(errno) => Ok(Some(format!("{from}: {}", errno.message()))),
            };
        }
        let opened = match redirection.kind {
            Kind::Here => Ok(self.write_here(&target).await?),
            kind => self.open_target(kind, &target).await,
        };
        let new = match opened {
            Ok(new) => new,
            Err(message) => return Ok(Some(message)),
        };
        if new != fd {
            self.save(fd, saved).await;
            let moved = self.sys.dup2(new, fd).await;
            let _ = self.sys.close(new).await;
            if let Err(errno) = moved {
                return Ok(Some(format!("{fd}: {}", errno.message())));
            }
        } else {
            // It was closed before, and will be again; execve(2) must not close it.
            saved.0.push((fd, None));
            let _ = self.sys.fcntl(fd, fcntl::SETFD, 0).await;
        }
        Ok(None)
    }

    async fn open_target(&self, kind: RedirectionKind, path: &str) -> Result<u64, String> {
        use RedirectionKind as Kind;
        let create = access_mode::WRONLY | OpenFlags::CREAT.bits();
        let flags = match kind {
            Kind::Read => access_mode::RDONLY,
            Kind::ReadWrite => access_mode::RDWR | OpenFlags::CREAT.bits(),
            Kind::Append => create | OpenFlags::APPEND.bits(),
            Kind::Write if self.state.has('C') => match self.sys.stat(path).await {
                Err(_) => create | OpenFlags::EXCL.bits(),
                Ok(status) if status.mode & FILE_TYPE_MASK == file_type::REG => {
                    return Err(format!("cannot create {path}: File exists"));
                }
                Ok(_) => access_mode::WRONLY,
            },
            _ => create | OpenFlags::TRUNC.bits(),
        };
        let is_input = kind == Kind::Read;
        self.sys.open(path, flags, 0o666).await.map_err(|errno| {
            let verb = if is_input { "open" } else { "create" };
            let why = match errno {
                Errno::ENOENT if is_input => "No such file",
                Errno::ENOENT => "Directory nonexistent",
                errno => errno.message(),
            };
            format!("cannot {verb} {path}: {why}")
        })
    }

    /// Keeps a descriptor for later, out of the way of those that scripts use.
    async fn save(&self, fd: u64, saved: &mut Saved) {
        if saved.0.iter().all(|(known, _)| *known != fd) {
            let copy = self.sys.fcntl(fd, fcntl::DUPFD_CLOEXEC, OWN_FDS).await.ok();
            saved.0.push((fd, copy));
        }
    }

    /// Descriptors are again what they were.
    pub(super) async fn restore(&mut self, saved: Saved) {
        if !saved.0.is_empty() {
            self.flush().await;
        }
        for (fd, copy) in saved.0.into_iter().rev() {
            match copy {
                Some(copy) => {
                    let _ = self.sys.dup2(copy, fd).await;
                    let _ = self.sys.close(copy).await;
                }
                None => {
                    let _ = self.sys.close(fd).await;
                }
            }
        }
    }

    /// Redirections stay (`exec >file`).
    pub(super) async fn keep(&mut self, saved: Saved) {
        for (_, copy) in saved.0 {
            if let Some(copy) = copy {
                let _ = self.sys.close(copy).await;
            }
        }
    }
}
