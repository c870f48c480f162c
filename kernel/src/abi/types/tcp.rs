//! The states of a TCP connection, with the numbers that TCP_INFO and /proc/net/tcp show
//! (`include/net/tcp_states.h`).

use serde::Serialize;
use std::fmt;

/// A state of a connection (RFC 9293 §3.3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpState {
    /// Both ends may send.
    Established = 1,
    /// This end has asked for a connection.
    SynSent,
    /// The other end has, and was answered.
    SynReceived,
    /// This end has said that it sends no more.
    FinWait1,
    /// And that was acknowledged.
    FinWait2,
    /// All is said; late segments are answered for a while.
    TimeWait,
    /// There is no connection.
    #[default]
    Closed,
    /// The other end has said that it sends no more.
    CloseWait,
    /// And this end has, too: its last acknowledgement is awaited.
    LastAck,
    /// Connections are welcome.
    Listen,
    /// Both ends said at once that they send no more.
    Closing,
}

impl TcpState {
    /// The name that ss(8) prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "ESTAB",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECV",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "UNCONN",
            Self::CloseWait => "CLOSE-WAIT",
            Self::LastAck => "LAST-ACK",
            Self::Listen => "LISTEN",
            Self::Closing => "CLOSING",
        }
    }
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
