//! Flags and constants of sockets, poll and epoll. From `linux/socket.h`, `linux/net.h`,
//! `asm-generic/socket.h`, `asm-generic/poll.h`, `linux/eventpoll.h`.

use super::{Field, const_set, flag_set};

const_set! {
    /// Address families, the first argument of socket(2).
    family, FAMILY, "AF_";
    UNSPEC = 0;
    UNIX = 1;
    INET = 2;
    INET6 = 10;
    NETLINK = 16;
    PACKET = 17;
    VSOCK = 40;
    XDP = 44;
}

const_set! {
    /// Kind of a socket: the low four bits of socket's second argument.
    socket_type, SOCKET_TYPE, "SOCK_";
    STREAM = 1;
    DGRAM = 2;
    RAW = 3;
    RDM = 4;
    SEQPACKET = 5;
    DCCP = 6;
    PACKET = 10;
}

/// The bits of [`socket_type`] (`SOCK_TYPE_MASK`).
pub static SOCKET_TYPE_FIELD: Field = Field { mask: 0xf, names: &SOCKET_TYPE };

flag_set! {
    /// Flags in the second argument of socket(2), besides the kind (`socket_type`).
    SocketFlags: u32, SOCKET, "SOCK_" field &SOCKET_TYPE_FIELD;
    CLOEXEC = 0o2000000;
    NONBLOCK = 0o4000;
}

flag_set! {
    /// Flags of accept4(2).
    AcceptFlags: u32, ACCEPT, "SOCK_";
    CLOEXEC = 0o2000000;
    NONBLOCK = 0o4000;
}

const_set! {
    /// Protocols of AF_INET and AF_INET6 (IANA's numbers).
    protocol, IP_PROTOCOL, "IPPROTO_";
    /// The kind's own: TCP for a stream, UDP for datagrams.
    IP = 0;
    ICMP = 1;
    IGMP = 2;
    TCP = 6;
    UDP = 17;
    IPV6 = 41;
    ICMPV6 = 58;
    SCTP = 132;
    RAW = 255;
}

const_set! {
    /// Protocols of AF_PACKET: Ethernet types, in host byte order (linux/if_ether.h).
    ethernet, ETHERNET_PROTOCOL, "ETH_P_";
    /// Every frame.
    ALL = 3;
    LOOP = 0x60;
    IP = 0x800;
    ARP = 0x806;
    P_8021Q as "ETH_P_8021Q" = 0x8100;
    IPV6 = 0x86dd;
}

const_set! {
    /// Hardware types of ARP (linux/if_arp.h).
    hardware, HARDWARE, "ARPHRD_";
    NETROM = 0;
    ETHER = 1;
    LOOPBACK = 772;
}

const_set! {
    /// How a frame came to an AF_PACKET socket (linux/if_packet.h).
    packet_type, PACKET_TYPE, "PACKET_";
    HOST = 0;
    BROADCAST = 1;
    MULTICAST = 2;
    OTHERHOST = 3;
    OUTGOING = 4;
    LOOPBACK = 5;
}

flag_set! {
    /// Flags of send(2) and recv(2).
    MessageFlags: u32, MESSAGE, "MSG_";
    OOB = 1;
    /// Look, but leave it there.
    PEEK = 2;
    DONTROUTE = 4;
    CTRUNC = 8;
    PROBE = 0x10;
    /// Return the real length of a datagram.
    TRUNC = 0x20;
    /// Do not block this once.
    DONTWAIT = 0x40;
    EOR = 0x80;
    /// Block until all has come.
    WAITALL = 0x100;
    FIN = 0x200;
    SYN = 0x400;
    CONFIRM = 0x800;
    RST = 0x1000;
    ERRQUEUE = 0x2000;
    /// EPIPE without SIGPIPE.
    NOSIGNAL = 0x4000;
    MORE = 0x8000;
    WAITFORONE = 0x1_0000;
    SENDPAGE_NOTLAST = 0x2_0000;
    BATCH = 0x4_0000;
    NO_SHARED_FRAGS = 0x8_0000;
    ZEROCOPY = 0x400_0000;
    FASTOPEN = 0x2000_0000;
    CMSG_CLOEXEC = 0x4000_0000;
    CMSG_COMPAT = 0x8000_0000;
}

const_set! {
    /// Which direction shutdown(2) closes.
    shutdown, SHUTDOWN, "SHUT_";
    RD = 0;
    WR = 1;
    RDWR = 2;
}

const_set! {
    /// Levels of setsockopt(2).
    level, SOCKET_LEVEL, "SOL_";
    IP = 0;
    SOCKET = 1;
    TCP = 6;
    UDP = 17;
    IPV6 = 41;
    RAW = 255;
    PACKET = 263;
    NETLINK = 270;
}

const_set! {
    /// Options at level SOL_SOCKET.
    socket_option, SOCKET_OPTION, "SO_";
    DEBUG = 1;
    REUSEADDR = 2;
    TYPE = 3;
    ERROR = 4;
    DONTROUTE = 5;
    BROADCAST = 6;
    SNDBUF = 7;
    RCVBUF = 8;
    KEEPALIVE = 9;
    OOBINLINE = 10;
    PRIORITY = 12;
    LINGER = 13;
    REUSEPORT = 15;
    PASSCRED = 16;
    PEERCRED = 17;
    RCVLOWAT = 18;
    SNDLOWAT = 19;
    RCVTIMEO as "SO_RCVTIMEO_OLD" = 20;
    SNDTIMEO as "SO_SNDTIMEO_OLD" = 21;
    BINDTODEVICE = 25;
    ATTACH_FILTER = 26;
    DETACH_FILTER = 27;
    TIMESTAMP as "SO_TIMESTAMP_OLD" = 29;
    ACCEPTCONN = 30;
    SNDBUFFORCE = 32;
    RCVBUFFORCE = 33;
    MARK = 36;
    PROTOCOL = 38;
    DOMAIN = 39;
    INCOMING_CPU = 49;
    ZEROCOPY = 60;
}

const_set! {
    /// Options at level SOL_TCP (linux/tcp.h).
    tcp_option, TCP_OPTION, "TCP_";
    NODELAY = 1;
    MAXSEG = 2;
    CORK = 3;
    KEEPIDLE = 4;
    KEEPINTVL = 5;
    KEEPCNT = 6;
    SYNCNT = 7;
    LINGER2 = 8;
    DEFER_ACCEPT = 9;
    WINDOW_CLAMP = 10;
    INFO = 11;
    QUICKACK = 12;
    CONGESTION = 13;
    USER_TIMEOUT = 18;
    FASTOPEN = 23;
    NOTSENT_LOWAT = 25;
    FASTOPEN_CONNECT = 30;
}

const_set! {
    /// Options at level SOL_IP (linux/in.h).
    ip_option, IP_OPTION, "IP_";
    TOS = 1;
    TTL = 2;
    HDRINCL = 3;
    OPTIONS = 4;
    RECVOPTS = 6;
    PKTINFO = 8;
    MTU_DISCOVER = 10;
    RECVERR = 11;
    RECVTTL = 12;
    RECVTOS = 13;
    MTU = 14;
    FREEBIND = 15;
    TRANSPARENT = 19;
    MULTICAST_IF = 32;
    MULTICAST_TTL = 33;
    MULTICAST_LOOP = 34;
    ADD_MEMBERSHIP = 35;
    DROP_MEMBERSHIP = 36;
}

flag_set! {
    /// Events of poll(2).
    PollEvents: u16, POLL, "POLL";
    IN = 1;
    PRI = 2;
    OUT = 4;
    RDNORM = 0x40;
    WRNORM = 0x100;
    RDBAND = 0x80;
    WRBAND = 0x200;
    ERR = 8;
    HUP = 0x10;
    NVAL = 0x20;
    MSG = 0x400;
    REMOVE = 0x1000;
    RDHUP = 0x2000;
}

flag_set! {
    /// Events of epoll_ctl(2).
    EpollEvents: u32, EPOLL, "EPOLL";
    IN = 1;
    PRI = 2;
    OUT = 4;
    RDNORM = 0x40;
    RDBAND = 0x80;
    WRNORM = 0x100;
    WRBAND = 0x200;
    MSG = 0x400;
    ERR = 8;
    HUP = 0x10;
    RDHUP = 0x2000;
    EXCLUSIVE = 0x1000_0000;
    WAKEUP = 0x2000_0000;
    /// Report once, then not until armed again.
    ONESHOT = 0x4000_0000;
    /// Report changes, not states.
    ET = 0x8000_0000;
}

const_set! {
    /// Operations of epoll_ctl(2).
    epoll_op, EPOLL_OP, "EPOLL_CTL_";
    ADD = 1;
    DEL = 2;
    MOD = 3;
}

flag_set! {
    /// Flags of epoll_create1(2).
    EpollFlags: u32, EPOLL_CREATE, "EPOLL_";
    CLOEXEC = 0o2000000;
}

flag_set! {
    /// Flags of eventfd2(2).
    EventFdFlags: u32, EVENTFD, "EFD_";
    SEMAPHORE = 1;
    CLOEXEC = 0o2000000;
    NONBLOCK = 0o4000;
}

flag_set! {
    /// Flags of signalfd4(2).
    SignalFdFlags: u32, SIGNALFD, "SFD_";
    CLOEXEC = 0o2000000;
    NONBLOCK = 0o4000;
}
