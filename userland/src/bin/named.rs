//! `named NAME=ADDRESS...`: a name server for these names.

use super::net::{dns, fail};
use crate::sys::{RustImage, Sys};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// How long an answer may be kept.
const SECONDS: u32 = 60;

/// Answers one question, and goes on.
async fn serve(sys: Sys, state: (u64, BTreeMap<String, Ipv4Addr>)) -> u64 {
    let (socket, names) = &state;
    if let Ok((query, from)) = sys.receive_from(*socket).await
        && let Some((name, _)) = dns::question(&query)
        && let Some(answer) = dns::answer(&query, names.get(&name).copied(), SECONDS)
    {
        let _ = sys.send_to(*socket, &answer, from).await;
    }
    sys.rebase(state, serve).await
}

async fn main(sys: Sys) -> u64 {
    let mut names = BTreeMap::new();
    for argument in sys.arguments().await.iter().skip(1) {
        match argument.split_once('=').map(|(name, address)| (name, address.parse())) {
            Some((name, Ok(address))) => names.insert(name.to_ascii_lowercase(), address),
            _ => return fail(&sys, "named", &format!("{argument}: not NAME=ADDRESS")).await,
        };
    }
    let Ok(socket) = sys.udp_socket().await else { return fail(&sys, "named", "no socket").await };
    let here = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, dns::PORT);
    match sys.bind(socket, here).await {
        Ok(()) => sys.rebase((socket, names), serve).await,
        Err(errno) => fail(&sys, "named", errno.message()).await,
    }
}

pub(super) fn image() -> RustImage {
    RustImage::new("named", main)
}
