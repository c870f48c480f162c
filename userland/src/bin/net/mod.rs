//! What the servers of the three-tier system share: how they frame, parse and resolve.

pub(super) mod dns;
pub(super) mod frame;
pub(super) mod http;

use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;
use std::net::SocketAddrV4;

/// The value of an argument `name=value`.
pub(super) fn option<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    arguments.iter().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
}

/// The same as a number.
pub(super) fn option_number(arguments: &[String], name: &str, default: u64) -> u64 {
    option(arguments, name).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Connects to `HOST:PORT`, or to `HOST` at a port.
///
/// # Errors
/// `EINVAL` if that is none; `ENOENT` if nobody has that name; those of connect(2).
pub(super) async fn connect(sys: &Sys, to: &str, port: u16) -> Result {
    let (host, port) = match to.split_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| Errno::EINVAL)?),
        None => (to, port),
    };
    let address = dns::resolve(sys, host).await?;
    sys.tcp_connect(SocketAddrV4::new(address, port)).await
}

/// Ends a program with a complaint.
pub(super) async fn fail(sys: &Sys, who: &str, what: &str) -> u64 {
    let _ = sys.write(2, format!("{who}: {what}\n").as_bytes()).await;
    1
}
