//! What happened on the network, in words.

use oscope_kernel::event::{Loss, NetEvent};
use std::net::Ipv4Addr;

/// Why something was thrown away, in English.
#[must_use]
pub fn loss_en(reason: Loss) -> &'static str {
    match reason {
        Loss::Ring => "the card had no buffer for it",
        Loss::Queue => "the queue in front of the cable was full",
        Loss::Cable => "the cable lost it",
        Loss::Damaged => "it is damaged",
        Loss::Stranger => "it is for somebody else",
        Loss::Route => "no route leads to where it goes",
        Loss::Hops => "it has passed too many routers",
        Loss::Neighbour => "nobody answers for the next hop",
        Loss::Socket => "no socket wants it",
        Loss::Buffer => "the socket's buffer is full",
        Loss::Fragment => "the other fragments did not come",
    }
}

/// Why something was thrown away, in Korean.
#[must_use]
pub fn loss_ko(reason: Loss) -> &'static str {
    match reason {
        Loss::Ring => "카드에 빈 버퍼가 없음",
        Loss::Queue => "선 앞의 대기열이 가득 참",
        Loss::Cable => "선에서 사라짐",
        Loss::Damaged => "손상됨",
        Loss::Stranger => "다른 기계에게 가는 것",
        Loss::Route => "가는 길(라우트)이 없음",
        Loss::Hops => "라우터를 너무 많이 거침",
        Loss::Neighbour => "다음 홉이 대답하지 않음",
        Loss::Socket => "받을 소켓이 없음",
        Loss::Buffer => "소켓 버퍼가 가득 참",
        Loss::Fragment => "나머지 조각이 오지 않음",
    }
}

/// An event of the network, in English. `actor` is who did it.
#[must_use]
pub fn english(event: &NetEvent, actor: impl Fn() -> String) -> String {
    match event {
        NetEvent::Transmit { length, .. } => format!("{} sent a frame of {length} bytes", actor()),
        NetEvent::Receive { length, .. } => format!("a frame of {length} bytes came in"),
        NetEvent::Drop { length, reason, .. } => {
            format!("a frame of {length} bytes was thrown away: {}", loss_en(*reason))
        }
        NetEvent::State { socket, from, to } => {
            format!("connection {socket} went from {from} to {to}")
        }
        NetEvent::Retransmit { socket, sequence, length, after_timeout } => {
            let why = if *after_timeout { "the timer went off" } else { "it counts as lost" };
            format!("connection {socket} sends {length} bytes from byte {sequence} on again: {why}")
        }
        NetEvent::Timeout { socket, backoff } => {
            format!(
                "connection {socket} has waited in vain for an acknowledgement, {backoff} in a row"
            )
        }
        NetEvent::Congestion { socket, window, .. } => {
            format!("the congestion window of connection {socket} is {window} bytes now")
        }
        NetEvent::Overflow { socket } => {
            format!("listening socket {socket} turns a caller away: its queue is full")
        }
        NetEvent::Neighbour { address, .. } => {
            format!("the station address of {} is known now", Ipv4Addr::from(*address))
        }
    }
}

/// An event of the network, in Korean.
#[must_use]
pub fn korean(event: &NetEvent, actor: impl Fn() -> String) -> String {
    match event {
        NetEvent::Transmit { length, .. } => format!("{} {length}바이트 프레임을 보냄", actor()),
        NetEvent::Receive { length, .. } => format!("{length}바이트 프레임이 들어옴"),
        NetEvent::Drop { length, reason, .. } => {
            format!("{length}바이트 프레임을 버림: {}", loss_ko(*reason))
        }
        NetEvent::State { socket, from, to } => format!("연결 {socket}: {from}에서 {to}로 바뀜"),
        NetEvent::Retransmit { socket, sequence, length, after_timeout } => {
            let why =
                if *after_timeout { "타이머가 다 됨" } else { "잃어버린 것으로 봄" };
            format!("연결 {socket}: {sequence}번째부터 {length}바이트를 다시 보냄({why})")
        }
        NetEvent::Timeout { socket, backoff } => {
            format!("연결 {socket}: 확인 응답을 기다리다 시간이 다 됨(연속 {backoff}번)")
        }
        NetEvent::Congestion { socket, window, .. } => {
            format!("연결 {socket}: 혼잡 윈도가 이제 {window}바이트")
        }
        NetEvent::Overflow { socket } => {
            format!("듣는 소켓 {socket}: 대기열이 가득 차 새 연결을 받지 않음")
        }
        NetEvent::Neighbour { address, .. } => {
            format!("{}의 물리 주소를 알게 됨", Ipv4Addr::from(*address))
        }
    }
}
