//! One thread for all connections: the event loop that nginx and lighttpd have.
//!
//! No call waits but epoll_wait(2). Sockets are non-blocking: a connection is read when there is something, and what
//! it is to get is sent as far as there is room; the rest goes when epoll says that there is room again. What a blocking server
//! keeps on a thread's stack lies in a [`Connection`].
//!
//! One thing does wait, and everybody with it: asking the application server. A loop is only as fast as its slowest step.

use super::content::{self, STEP};
use super::proxy;
use super::serve::{DYNAMIC, Settings, note, refusal};
use crate::bin::net::http::{self, Request};
use crate::bin::steps::Step;
use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::file::fcntl;
use oscope_kernel::abi::flags::network::EpollEvents;
use oscope_kernel::abi::types::EpollEvent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is put into memory at once to be sent.
const PIECE: usize = 8 << 10;
/// SOCK_NONBLOCK.
const NONBLOCK: u32 = 0o4000;

/// A client, and how far things have got with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Connection {
    /// What has been read of the next request.
    pending: Vec<u8>,
    /// What it is to get.
    out: Vec<u8>,
    /// A file that follows that, and how much of it.
    file: Option<(u64, u64)>,
    /// Whether it is to be closed when it has got all that.
    ends: bool,
    /// Whether epoll watches for room, and not for requests.
    is_full: bool,
}

/// The server: all that it knows between two events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Loop {
    settings: Arc<Settings>,
    epoll: u64,
    connections: BTreeMap<u64, Connection>,
}

impl Loop {
    /// Begins to watch for clients.
    pub(super) async fn new(sys: &Sys, settings: Arc<Settings>) -> Result<Self> {
        let epoll = sys.epoll(0).await?;
        // O_RDWR, O_NONBLOCK.
        sys.fcntl(settings.socket, fcntl::SETFL, 0o4002).await?;
        sys.epoll_add(epoll, settings.socket, EpollEvents::IN.bits(), settings.socket).await?;
        Ok(Self { settings, epoll, connections: BTreeMap::new() })
    }

    /// Takes all clients that have come.
    async fn accept(&mut self, sys: &Sys) {
        while let Ok(connection) = sys.accept(self.settings.socket, NONBLOCK).await {
            let _ = sys.set_no_delay(connection).await;
            let wanted = EpollEvents::IN.bits();
            if sys.epoll_add(self.epoll, connection, wanted, connection).await.is_ok() {
                self.connections.insert(connection, Connection::default());
            } else {
                let _ = sys.close(connection).await;
            }
        }
    }

    /// Something has come for a connection: bytes, room, or its end.
    async fn serve(&mut self, sys: &Sys, fd: u64) {
        let Some(mut connection) = self.connections.remove(&fd) else { return };
        if self.advance(sys, fd, &mut connection).await.is_ok() {
            self.connections.insert(fd, connection);
            return;
        }
        if let Some((file, _)) = connection.file {
            let _ = sys.close(file).await;
        }
        // epoll forgets what is closed.
        let _ = sys.close(fd).await;
    }

    /// Goes as far as it gets without waiting. An error: the connection is over.
    async fn advance(&self, sys: &Sys, fd: u64, connection: &mut Connection) -> Result<()> {
        if !connection.is_full {
            let more = match sys.receive(fd, 4096).await {
                Err(Errno::EAGAIN) => return Ok(()),
                more => more?,
            };
            if more.is_empty() {
                return Err(Errno::ECONNRESET);
            }
            connection.pending.extend(more);
        }
        loop {
            let is_full = !flush(sys, fd, connection).await?;
            if is_full != connection.is_full {
                let wanted = if is_full { EpollEvents::OUT } else { EpollEvents::IN };
                sys.epoll_change(self.epoll, fd, wanted.bits(), fd).await?;
                connection.is_full = is_full;
            }
            if is_full {
                return Ok(());
            }
            if connection.ends {
                return Err(Errno::ECONNRESET);
            }
            match http::take_request(&mut connection.pending) {
                Ok(Some(request)) => self.answer(sys, connection, &request).await,
                Ok(None) => return Ok(()),
                Err(_) => {
                    connection.out = refusal(400, false).into_bytes();
                    connection.ends = true;
                    note(sys, &self.settings, "- -", (400, 0)).await;
                }
            }
        }
    }

    /// Decides what a request gets, and makes it ready to be sent.
    async fn answer(&self, sys: &Sys, connection: &mut Connection, request: &Request) {
        Step::WebTook.mark(sys, request.target.len() as u64).await;
        let is_dynamic = request.target.starts_with(DYNAMIC);
        let is_kept = request.is_kept;
        connection.ends = !is_kept;
        Step::WebDecided.mark(sys, u64::from(is_dynamic)).await;
        Step::WebWent.mark(sys, u64::from(is_dynamic)).await;
        let outcome = if request.method != "GET" {
            Err(405)
        } else if is_dynamic {
            proxy::ask(sys, &self.settings.app, request).await.map(|response| {
                connection.out = proxy::passed(&response, is_kept);
                (response.status, response.body.len() as u64)
            })
        } else {
            match content::path_of(&self.settings.root, &request.target) {
                None => Err(400),
                Some(path) => match content::open(sys, &path).await {
                    Ok((file, length)) => {
                        connection.out = content::head(&path, length, is_kept).into_bytes();
                        connection.file = Some((file, length));
                        Ok((200, length))
                    }
                    Err(_) => Err(404),
                },
            }
        };
        let told = outcome.unwrap_or_else(|status| {
            connection.out = refusal(status, is_kept).into_bytes();
            (status, 0)
        });
        Step::WebPassed.mark(sys, told.1).await;
        let line = format!("{} {}", request.method, request.target);
        note(sys, &self.settings, &line, told).await;
    }
}

/// Sends what a connection is to get. Whether that was all; if not, there is no room.
async fn flush(sys: &Sys, fd: u64, connection: &mut Connection) -> Result<bool> {
    while !connection.out.is_empty() {
        let part = connection.out.len().min(PIECE);
        let at = sys.scratch() + 4096;
        sys.poke(at, &connection.out[..part]).await;
        match sys.write_at(fd, at, part as u64).await {
            Ok(count) => drop(connection.out.drain(..(count as usize).min(part))),
            Err(Errno::EAGAIN) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    while let Some((file, left)) = connection.file {
        if left == 0 {
            let _ = sys.close(file).await;
            connection.file = None;
            break;
        }
        match sys.sendfile(fd, file, left.min(STEP)).await {
            // It has become shorter; the client must not wait for the rest.
            Ok(0) => return Err(Errno::EIO),
            Ok(count) => connection.file = Some((file, left - count.min(left))),
            Err(Errno::EAGAIN) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Waits for whatever comes, does what there is to do, and waits again.
pub(super) async fn turn(sys: Sys, mut state: Loop) -> u64 {
    let events = match sys.epoll_wait(state.epoll, None).await {
        Ok(events) => events,
        Err(Errno::EINTR) => Vec::new(),
        Err(_) => return 1,
    };
    for EpollEvent { data, .. } in events {
        if data == state.settings.socket {
            state.accept(&sys).await;
        } else {
            state.serve(&sys, data).await;
        }
    }
    sys.rebase(state, turn).await
}
