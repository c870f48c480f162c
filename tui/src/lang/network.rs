//! The texts of the network view.

/// The texts of the network view.
#[derive(Clone, Copy, Debug)]
pub struct NetworkWords {
    /// Heading of the cables.
    pub cables: &'static str,
    /// Behind the number of frames carried; lost; bytes that wait.
    pub carried: [&'static str; 3],
    /// No cable is there.
    pub alone: &'static str,
    /// Heading of the sockets.
    pub sockets: &'static str,
    /// Columns: kind, state, to be read, unacknowledged, this end, the other, congestion window, round trip, sent again.
    pub columns: [&'static str; 9],
    /// There is no socket.
    pub no_socket: &'static str,
    /// Heading of the states of TCP.
    pub states: &'static str,
    /// Heading of neighbours and routes.
    pub neighbours: &'static str,
    /// Behind an address that was asked for and has not answered.
    pub asked: &'static str,
    /// Between a network and its router; if it is on the cable itself.
    pub over: [&'static str; 2],
    /// Heading of the packets.
    pub packets: &'static str,
    /// Packets: it arrives; it was lost.
    pub fates: [&'static str; 2],
}

/// English.
pub(super) const EN: NetworkWords = NetworkWords {
    cables: "Cables",
    carried: ["frames", "lost", "bytes wait"],
    alone: "This machine has no cable: its packets come back by the loopback, lo.",
    sockets: "Sockets",
    columns: [
        "kind",
        "state",
        "recv-q",
        "send-q",
        "this end",
        "other end",
        "cwnd",
        "round trip",
        "again",
    ],
    no_socket: "No program has a socket.",
    states: "TCP: where the connections stand",
    neighbours: "Neighbours and routes",
    asked: "who is it?",
    over: ["over", "on the cable"],
    packets: "Packets of this machine, the newest at the bottom",
    fates: ["arrives", "LOST"],
};

/// Korean.
pub(super) const KO: NetworkWords = NetworkWords {
    cables: "선(케이블)",
    carried: ["프레임", "손실", "바이트 대기"],
    alone: "이 기계에는 선이 없어 패킷이 루프백(lo)으로 되돌아옵니다.",
    sockets: "소켓",
    columns: ["종류", "상태", "수신", "송신", "이쪽 끝", "저쪽 끝", "혼잡창", "왕복", "다시"],
    no_socket: "소켓을 가진 프로그램이 없습니다.",
    states: "TCP: 연결이 서 있는 상태",
    neighbours: "이웃과 라우트",
    asked: "누구인가?",
    over: ["경유", "선에 바로"],
    packets: "이 기계의 패킷, 가장 새것이 맨 아래",
    fates: ["도착", "손실"],
};
