//! `typist`: sends what is typed on its console as a frame, and shows what comes back.
//! `echo`: sends back every frame that it gets.

use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::nr;
use oscope_kernel::abi::types::SockAddrLl;
use oscope_kernel::base::Duration;

/// The EtherType for local experiments (IEEE 802, "local experimental ethertype 1").
const EXPERIMENT: u16 = 0x88b5;
const BROADCAST: [u8; 6] = [0xff; 6];
const AF_PACKET: u64 = 17;
const SOCK_RAW: u64 = 3;

/// A packet socket bound to the first interface.
async fn socket(sys: &Sys) -> crate::sys::Result {
    let protocol = u64::from(EXPERIMENT.to_be());
    let socket = sys.call(nr::SOCKET, [AF_PACKET, SOCK_RAW, protocol, 0, 0, 0]).await?;
    let address = SockAddrLl { protocol: EXPERIMENT, interface: 2, ..SockAddrLl::default() };
    let at = sys.scratch();
    let bytes = address.to_bytes();
    sys.poke(at, &bytes).await;
    sys.call(nr::BIND, [socket, at, bytes.len() as u64, 0, 0, 0]).await?;
    Ok(socket)
}

/// A frame for everybody with these bytes in it.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = BROADCAST.to_vec();
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 1]);
    frame.extend_from_slice(&EXPERIMENT.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

async fn type_on(sys: Sys, socket: u64) -> u64 {
    let Ok(typed) = sys.read(0, 256).await else {
        return 1;
    };
    if sys.write(socket, &frame(&typed)).await.is_err() {
        return 2;
    }
    let Ok(answer) = sys.read(socket, 1514).await else {
        return 3;
    };
    let _ = sys.write(1, answer.get(14..).unwrap_or_default()).await;
    sys.rebase(socket, type_on).await
}

async fn echo_on(sys: Sys, socket: u64) -> u64 {
    let Ok(request) = sys.read(socket, 1514).await else {
        return 1;
    };
    sys.compute(Duration::micros(20)).await;
    let answer = frame(&request.get(14..).unwrap_or_default().to_ascii_uppercase());
    if sys.write(socket, &answer).await.is_err() {
        return 2;
    }
    sys.rebase(socket, echo_on).await
}

pub(super) fn typist() -> RustImage {
    RustImage::new("typist", |sys| async move {
        match socket(&sys).await {
            Ok(socket) => type_on(sys, socket).await,
            Err(errno) => u64::from(errno.number()),
        }
    })
}

pub(super) fn echo() -> RustImage {
    RustImage::new("echo", |sys| async move {
        match socket(&sys).await {
            Ok(socket) => echo_on(sys, socket).await,
            Err(errno) => u64::from(errno.number()),
        }
    })
}
