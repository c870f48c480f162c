//! `nc HOST PORT` and `nc -l PORT`: standard input over a connection, and what comes back to standard output (nc(1)).
//! `-u`: datagrams instead. `-w SECONDS`: gives up after so long. `-N` is always on: the end of the input is sent on.

use super::tool::Tool;
use crate::sys::{Result, Sys};
use oscope_kernel::abi::flags::PollEvents;
use oscope_kernel::abi::flags::network::shutdown;
use oscope_kernel::base::Duration;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Moves bytes both ways until both have ended.
async fn relay(tool: &mut Tool, connection: u64, patience: Option<Duration>) -> Result<()> {
    let (mut reads_input, mut reads_peer) = (true, true);
    while reads_peer {
        // A descriptor below zero is passed over.
        let fd = |fd: u64, reads: bool| (if reads { fd } else { u64::MAX }, PollEvents::IN);
        let asked = [fd(0, reads_input), fd(connection, reads_peer)];
        let ready = tool.sys.poll(&asked, patience).await?;
        let has = |at: usize| ready.get(at).is_some_and(|events| !events.is_empty());
        if !has(0) && !has(1) {
            return Ok(());
        }
        if has(1) {
            let part = tool.sys.receive(connection, 8192).await?;
            reads_peer = !part.is_empty();
            tool.put(&part).await;
            tool.flush().await;
        }
        if has(0) {
            let part = tool.sys.read(0, 8192).await?;
            if part.is_empty() {
                reads_input = false;
                let _ = tool.sys.shutdown(connection, shutdown::WR).await;
            } else {
                tool.sys.send_all(connection, &part).await?;
            }
        }
    }
    Ok(())
}

async fn open(tool: &Tool, listens: bool, udp: bool, host: &str, port: u16) -> Result<u64> {
    let sys = &tool.sys;
    match (listens, udp) {
        (true, false) => {
            let socket = sys.tcp_listener(port, 1).await?;
            let connection = sys.accept(socket, 0).await?;
            sys.close(socket).await?;
            Ok(connection)
        }
        (true, true) => {
            let socket = sys.udp_socket().await?;
            sys.bind(socket, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)).await?;
            // Who speaks first is the partner.
            let (first, from) = sys.receive_from(socket).await?;
            sys.connect(socket, from).await?;
            sys.write(1, &first).await?;
            Ok(socket)
        }
        (false, udp) => {
            let to = SocketAddrV4::new(sys.look_up(host).await?, port);
            if !udp {
                return sys.tcp_connect(to).await;
            }
            let socket = sys.udp_socket().await?;
            sys.connect(socket, to).await?;
            Ok(socket)
        }
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "nc").await;
    let Some(options) = tool.options("luNw:p:").await else { return 1 };
    let (listens, udp) = (options.has('l'), options.has('u'));
    let mut words = options.operands.iter().map(String::as_str);
    let (host, port) = match (words.next(), words.next(), options.value('p')) {
        (Some(host), Some(port), _) => (host, port),
        (Some(port), None, None) if listens => ("", port),
        (None, None, Some(port)) if listens => ("", port),
        _ => {
            tool.complain("usage: nc [-u] HOST PORT, or nc -l [-u] PORT").await;
            return 1;
        }
    };
    let Ok(port) = port.parse() else {
        tool.complain(&format!("port number invalid: {port}")).await;
        return 1;
    };
    let patience = options.value('w').and_then(|text| text.parse().ok()).map(Duration::seconds);
    match open(&tool, listens, udp, host, port).await {
        Ok(connection) => match relay(&mut tool, connection, patience).await {
            Ok(()) => 0,
            Err(errno) => {
                tool.complain(errno.message()).await;
                1
            }
        },
        Err(errno) => {
            tool.complain(&format!("connect to {host} port {port}: {}", errno.message())).await;
            1
        }
    }
}
