//! `ping [-c COUNT] [-i SECONDS] [-s SIZE] [-W SECONDS] HOST`: asks a machine to answer (ICMP echo, ping(8)).

use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::flags::network::{family, protocol, socket_type};
use oscope_kernel::base::Duration;
use std::net::SocketAddrV4;

/// An ICMP echo request; the kernel fills in identifier and checksum.
fn request(sequence: u16, size: usize) -> Vec<u8> {
    let mut bytes = vec![8, 0, 0, 0, 0, 0];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((0..size).map(|n| n as u8));
    bytes
}

fn milliseconds(length: Duration) -> String {
    format!("{}.{:03}", length.0 / 1_000_000, length.0 / 1_000 % 1_000)
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "ping").await;
    let Some(options) = tool.options("c:i:s:W:n").await else { return 2 };
    let number = |letter, default: u64| {
        options.value(letter).map_or(Some(default), |text| text.parse().ok())
    };
    let (Some(count), Some(interval), Some(size), Some(patience)) =
        (number('c', 4), number('i', 1), number('s', 56), number('W', 1))
    else {
        tool.complain("invalid argument").await;
        return 2;
    };
    let [host] = &options.operands[..] else {
        tool.complain("usage error: Destination address required").await;
        return 1;
    };
    let size = usize::try_from(size.min(8000)).unwrap_or(56);
    let Ok(address) = tool.sys.look_up(host).await else {
        tool.complain(&format!("{host}: Name or service not known")).await;
        return 2;
    };
    let socket = tool.sys.socket(family::INET, socket_type::DGRAM, protocol::ICMP).await;
    let Ok(socket) = socket else {
        tool.complain("socket: Operation not permitted").await;
        return 2;
    };
    let _ = tool.sys.set_receive_timeout(socket, patience.max(1) * 1000).await;
    let all = size + 28;
    tool.put(format!("PING {host} ({address}) {size}({all}) bytes of data.\n").as_bytes()).await;
    let (mut received, mut shortest, mut longest, mut sum) = (0u64, u64::MAX, 0, 0);
    for sequence in 1..=count {
        let begun = tool.sys.now().await;
        let to = SocketAddrV4::new(address, 0);
        let sent = tool.sys.send_to(socket, &request(sequence as u16, size), to).await;
        match sent {
            Ok(()) => match tool.sys.receive_from(socket).await {
                Ok((answer, from)) => {
                    let took = tool.sys.now().await.since(begun);
                    received += 1;
                    shortest = shortest.min(took.0);
                    longest = longest.max(took.0);
                    sum += took.0;
                    let line = format!(
                        "{} bytes from {}: icmp_seq={sequence} time={} ms\n",
                        answer.len(),
                        from.ip(),
                        milliseconds(took)
                    );
                    tool.put(line.as_bytes()).await;
                }
                Err(errno) if errno.name() == "EAGAIN" => {}
                Err(errno) => {
                    let line = format!("From {address} icmp_seq={sequence} {}\n", errno.message());
                    tool.put(line.as_bytes()).await;
                }
            },
            Err(errno) => tool.complain(&format!("sendmsg: {}", errno.message())).await,
        }
        tool.flush().await;
        if sequence < count {
            let _ = tool.sys.sleep(Duration::seconds(interval)).await;
        }
    }
    let lost = (count - received) * 100 / count.max(1);
    let line = format!(
        "\n--- {host} ping statistics ---\n\
         {count} packets transmitted, {received} received, {lost}% packet loss\n"
    );
    tool.put(line.as_bytes()).await;
    if let Some(average) = sum.checked_div(received) {
        let [min, avg, max] =
            [shortest, average, longest].map(|length| milliseconds(Duration(length)));
        tool.put(format!("rtt min/avg/max = {min}/{avg}/{max} ms\n").as_bytes()).await;
    }
    tool.flush().await;
    u64::from(received == 0)
}
