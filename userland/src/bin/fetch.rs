//! `serve [PORT]`: gives whoever connects as many bytes as he asks for.
//! `fetch HOST SIZE [PORT]`: asks for them, and checks every one.
//!
//! The bytes are those of a small generator, so that a byte that is missing, doubled or out of place is noticed.

use crate::sys::{Result, RustImage, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::signal::{SIG_IGN, Signal};
use std::net::SocketAddrV4;

/// Where it listens, unless told otherwise.
const PORT: u16 = 4242;

/// Byte number `at` of the stream.
fn byte(at: u64) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ at as u8
}

fn stretch(from: u64, length: usize) -> Vec<u8> {
    (from..from + length as u64).map(byte).collect()
}

async fn answer(sys: &Sys, connection: u64) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\n") {
        let part = sys.receive(connection, 64).await?;
        if part.is_empty() {
            return Ok(());
        }
        request.extend(part);
    }
    let text = String::from_utf8_lossy(&request);
    let size: u64 = text.trim().parse().map_err(|_| Errno::EINVAL)?;
    let mut sent = 0;
    while sent < size {
        let part = stretch(sent, (size - sent).min(8192) as usize);
        sys.send_all(connection, &part).await?;
        sent += part.len() as u64;
    }
    Ok(())
}

async fn serve_on(sys: Sys, socket: u64) -> u64 {
    let Ok(connection) = sys.accept(socket, 0).await else {
        return 1;
    };
    // What goes wrong with one caller is no affair of the next.
    let _ = answer(&sys, connection).await;
    let _ = sys.close(connection).await;
    sys.rebase(socket, serve_on).await
}

pub(super) fn serve() -> RustImage {
    RustImage::new("serve", |sys| async move {
        let arguments = sys.arguments().await;
        let port = arguments.get(1).and_then(|port| port.parse().ok()).unwrap_or(PORT);
        // Who hangs up early must not end the server.
        let _ = sys.sigaction(Signal::PIPE, SIG_IGN, 0).await;
        match sys.tcp_listener(port, 16).await {
            Ok(socket) => serve_on(sys, socket).await,
            Err(errno) => u64::from(errno.number()),
        }
    })
}

async fn get(sys: &Sys, host: &str, port: u16, size: u64) -> Result<u64> {
    let address = sys.look_up(host).await?;
    let connection = sys.tcp_connect(SocketAddrV4::new(address, port)).await?;
    sys.send_all(connection, format!("{size}\n").as_bytes()).await?;
    let mut got = 0;
    loop {
        let part = sys.receive(connection, 8192).await?;
        if part.is_empty() {
            break;
        }
        if part != stretch(got, part.len()) {
            return Err(Errno::EBADMSG);
        }
        got += part.len() as u64;
    }
    sys.close(connection).await?;
    if got == size { Ok(got) } else { Err(Errno::EBADMSG) }
}

pub(super) fn fetch() -> RustImage {
    RustImage::new("fetch", |sys| async move {
        let arguments = sys.arguments().await;
        let (host, size) = match &arguments[..] {
            [_, host, size, ..] => (host.clone(), size.parse().unwrap_or(0)),
            _ => ("localhost".to_owned(), 0),
        };
        let port = arguments.get(3).and_then(|port| port.parse().ok()).unwrap_or(PORT);
        match get(&sys, &host, port, size).await {
            Ok(count) => {
                let _ = sys.write(1, format!("{count} bytes, all right\n").as_bytes()).await;
                0
            }
            Err(errno) => {
                let line = format!("fetch: {}\n", errno.message());
                let _ = sys.write(2, line.as_bytes()).await;
                1
            }
        }
    })
}
