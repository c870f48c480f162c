//! Programs that talk to themselves over the loopback, and one that waits for many descriptors.
//!
//! Both ends are in one machine, as the host's are; only one of them is measured to wait for the other.

use super::programs::{FEW, SOME, pause};
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::flags::network::EpollEvents;
use std::net::{Ipv4Addr, SocketAddrV4};

const PORT: u16 = 7;
/// How much goes over at once.
const BULK: u64 = 64 << 10;
/// How many descriptors an epoll instance watches.
const WATCHED: u64 = 64;

fn here() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, PORT)
}

/// Sends back what it gets, for ever.
async fn echo(sys: Sys, connection: u64) -> u64 {
    let at = sys.scratch() + 4096;
    for _ in 0..SOME {
        match sys.read_at(connection, at, 1).await {
            Ok(1) => drop(sys.write_at(connection, at, 1).await),
            _ => return 0,
        }
    }
    sys.rebase(connection, echo).await
}

/// Takes so many bytes in as many pieces as they come in; `false` at the end.
async fn take(sys: &Sys, connection: u64, room: u64, length: u64) -> bool {
    let mut got = 0;
    while got < length {
        match sys.read_at(connection, room, length - got).await {
            Ok(count @ 1..) => got += count,
            _ => return false,
        }
    }
    true
}

/// Answers each load with a byte, for ever.
async fn swallow(sys: Sys, (connection, room): (u64, u64)) -> u64 {
    for _ in 0..SOME {
        if !take(&sys, connection, room, BULK).await {
            return 0;
        }
        let _ = sys.write_at(connection, room, 1).await;
    }
    sys.rebase((connection, room), swallow).await
}

/// A connection to a child of one's own; `None` in the child, which has the other end.
async fn pair(sys: &Sys) -> Option<(u64, bool)> {
    let listener = sys.tcp_listener(PORT, 1).await.ok()?;
    match sys.fork().await {
        Ok(0) => {
            let connection = sys.accept(listener, 0).await.ok()?;
            Some((connection, true))
        }
        _ => {
            let connection = sys.tcp_connect(here()).await.ok()?;
            sys.set_no_delay(connection).await.ok()?;
            Some((connection, false))
        }
    }
}

/// A byte there and back.
pub(super) fn round_trip() -> RustImage {
    async fn round(sys: Sys, connection: u64) -> u64 {
        let at = sys.scratch() + 4096;
        for _ in 0..SOME {
            let _ = sys.write_at(connection, at, 1).await;
            let _ = sys.read_at(connection, at, 1).await;
        }
        pause(&sys).await;
        sys.rebase(connection, round).await
    }
    RustImage::new("round-trip", |sys: Sys| async move {
        match pair(&sys).await {
            Some((connection, true)) => sys.rebase(connection, echo).await,
            Some((connection, false)) => sys.rebase(connection, round).await,
            None => 1,
        }
    })
}

/// Much one way, a byte back.
pub(super) fn bulk() -> RustImage {
    async fn round(sys: Sys, (connection, room): (u64, u64)) -> u64 {
        for _ in 0..FEW {
            let mut sent = 0;
            while let Ok(count @ 1..) = sys.write_at(connection, room, BULK - sent).await {
                sent += count;
                if sent >= BULK {
                    break;
                }
            }
            take(&sys, connection, room, 1).await;
        }
        pause(&sys).await;
        sys.rebase((connection, room), round).await
    }
    RustImage::new("bulk", |sys: Sys| async move {
        let Ok(room) = sys.mmap(BULK).await else { return 1 };
        match pair(&sys).await {
            Some((connection, true)) => sys.rebase((connection, room), swallow).await,
            Some((connection, false)) => sys.rebase((connection, room), round).await,
            None => 1,
        }
    })
}

/// A connection made, accepted, and closed at both ends by a reset, which nobody has to wait for.
pub(super) fn connector() -> RustImage {
    async fn round(sys: Sys, listener: u64) -> u64 {
        for _ in 0..FEW {
            let Ok(client) = sys.tcp_connect(here()).await else { return 1 };
            let Ok(server) = sys.accept(listener, 0).await else { return 1 };
            let _ = sys.reset_on_close(client).await;
            let _ = sys.close(client).await;
            let _ = sys.close(server).await;
        }
        pause(&sys).await;
        sys.rebase(listener, round).await
    }
    RustImage::new("connector", |sys: Sys| async move {
        match sys.tcp_listener(PORT, 16).await {
            Ok(listener) => sys.rebase(listener, round).await,
            Err(_) => 1,
        }
    })
}

/// An epoll instance that watches many pipes of which one is ready.
pub(super) fn watcher() -> RustImage {
    async fn round(sys: Sys, epoll: u64) -> u64 {
        for _ in 0..SOME {
            let _ = sys.epoll_wait(epoll, None).await;
        }
        pause(&sys).await;
        sys.rebase(epoll, round).await
    }
    RustImage::new("watcher", |sys: Sys| async move {
        let Ok(epoll) = sys.epoll(0).await else { return 1 };
        for n in 0..WATCHED {
            let Ok((reader, writer)) = sys.pipe().await else { return 1 };
            if sys.epoll_add(epoll, reader, EpollEvents::IN.bits(), n).await.is_err() {
                return 1;
            }
            if n == WATCHED / 2 {
                let _ = sys.write(writer, b"x").await;
            }
        }
        sys.rebase(epoll, round).await
    })
}
