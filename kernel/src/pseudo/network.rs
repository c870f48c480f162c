//! /proc/net: interfaces, routes, neighbours and sockets (proc_net(5)), of the network namespace of the process that it belongs to.

use crate::base::{Duration, NsId, PortId, Time};
use crate::context::{Cx, Tables};
use crate::net::local::{Name, Style};
use crate::net::neighbour::Neighbour;
use crate::net::ports::Protocol;
use crate::net::route::mask;
use crate::net::tcp::{State, Tcp};
use crate::net::{Kind, Net};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};

/// What is in the directory.
pub(super) const FILES: [(&str, File); 9] = [
    ("arp", File::Neighbours),
    ("dev", File::Interfaces),
    ("icmp", File::Datagrams(Protocol::Ping)),
    ("packet", File::Taps),
    ("raw", File::Datagrams(Protocol::Raw)),
    ("route", File::Routes),
    ("tcp", File::Streams),
    ("udp", File::Datagrams(Protocol::Udp)),
    ("unix", File::Locals),
];

/// A file of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Neighbours,
    Interfaces,
    Datagrams(Protocol),
    Taps,
    Routes,
    Streams,
    Locals,
}

/// What a file says; nothing for one that is not there.
pub(super) fn render(t: &Tables, cx: &Cx, namespace: NsId, index: u8) -> String {
    match FILES.get(usize::from(index)).map(|(_, file)| *file) {
        Some(File::Neighbours) => neighbours(&t.net, cx.now, namespace),
        Some(File::Interfaces) => interfaces(&t.net, namespace),
        Some(File::Datagrams(protocol)) => datagrams(&t.net, namespace, protocol),
        Some(File::Taps) => taps(&t.net, namespace),
        Some(File::Routes) => routes(&t.net, namespace),
        Some(File::Streams) => streams(&t.net, cx.now, namespace),
        Some(File::Locals) => locals(&t.net, namespace),
        None => String::new(),
    }
}

/// An address as the bytes of the wire, read as a number of this machine.
fn word(address: Ipv4Addr) -> u32 {
    u32::from_le_bytes(address.octets())
}

fn end(end: SocketAddrV4) -> String {
    format!("{:08X}:{:04X}", word(*end.ip()), end.port())
}

/// A line, filled up with spaces as Linux does.
fn line(out: &mut String, width: usize, text: &str) {
    let _ = writeln!(out, "{text:<width$}");
}

fn name_of(net: &Net, port: PortId) -> &str {
    net.interface(port).map_or("?", |interface| &interface.name)
}

fn neighbours(net: &Net, now: Time, namespace: NsId) -> String {
    let mut out =
        "IP address       HW type     Flags       HW address            Mask     Device\n"
            .to_owned();
    let known = net.stack(namespace).into_iter().flat_map(|stack| &stack.neighbours);
    for ((port, address), neighbour) in known {
        // ATF_COM: the answer has come.
        let (flags, mac) = match neighbour {
            Neighbour::Known { mac, until } if *until > now => (2, *mac),
            _ => (0, [0; 6]),
        };
        let mac = mac.map(|byte| format!("{byte:02x}")).join(":");
        let address = address.to_string();
        let device = name_of(net, *port);
        let _ = writeln!(
            out,
            "{address:<16} 0x1         {:#x}         {mac}     *        {device}",
            flags
        );
    }
    out
}

fn interfaces(net: &Net, namespace: NsId) -> String {
    let mut out = "Inter-|   Receive                                                |  Transmit\n \
                   face |bytes    packets errs drop fifo frame compressed multicast\
                   |bytes    packets errs drop fifo colls carrier compressed\n"
        .to_owned();
    let mut own: Vec<_> =
        net.interfaces().filter(|(_, interface)| interface.namespace == namespace).collect();
    own.sort_by_key(|(port, _)| Net::index_of(*port));
    for (_, interface) in own {
        let (received, sent) = (&interface.received, &interface.sent);
        let _ = writeln!(
            out,
            "{:>6}: {:7} {:7}    0 {:4}    0     0          0         0 {:8} {:7}    0 {:4}    0     0       0          0",
            interface.name,
            received.bytes,
            received.frames,
            received.dropped,
            sent.bytes,
            sent.frames,
            sent.dropped
        );
    }
    out
}

fn routes(net: &Net, namespace: NsId) -> String {
    const WIDTH: usize = 127;
    /// RTF_UP, RTF_GATEWAY, RTF_HOST.
    const FLAGS: [u16; 3] = [1, 2, 4];
    let mut out = String::new();
    let head =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
    line(&mut out, WIDTH, head);
    let mut all: Vec<_> =
        net.stack(namespace).into_iter().flat_map(|stack| stack.routes.iter()).collect();
    // Linux goes through its trie by the networks' numbers.
    all.sort_by_key(|route| (route.network, 32 - route.prefix.min(32), route.metric));
    for route in all {
        let [up, gateway, host] = FLAGS;
        let flags = up
            | if route.gateway.is_some() { gateway } else { 0 }
            | if route.prefix == 32 { host } else { 0 };
        let text = format!(
            "{}\t{:08X}\t{:08X}\t{flags:04X}\t0\t0\t{}\t{:08X}\t0\t0\t0",
            name_of(net, route.port),
            word(route.network),
            word(route.gateway.unwrap_or(Ipv4Addr::UNSPECIFIED)),
            route.metric,
            word(mask(Ipv4Addr::BROADCAST, route.prefix)),
        );
        line(&mut out, WIDTH, &text);
    }
    out
}

/// How long a timer has to go, in ticks of 10 ms.
fn ticks(now: Time, at: Time) -> u64 {
    at.since(now).0.div_ceil(Duration::millis(10).0)
}

/// Which timer of a connection runs, and for how long still.
fn timer(tcp: &Tcp, now: Time) -> (u8, u64) {
    let timers = [
        (1, tcp.retransmit_at),
        (4, tcp.probe_at),
        (2, tcp.keep_alive_at),
        (3, tcp.forget_at.filter(|_| tcp.state == State::TimeWait)),
    ];
    let running = timers.into_iter().find_map(|(kind, at)| Some((kind, at?)));
    running.map_or((0, 0), |(kind, at)| (kind, ticks(now, at)))
}

fn streams(net: &Net, now: Time, namespace: NsId) -> String {
    const WIDTH: usize = 149;
    let mut out = String::new();
    let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    line(&mut out, WIDTH, head);
    let mut all: Vec<_> = net
        .sockets()
        .filter(|(_, socket)| socket.namespace == namespace)
        .filter_map(|(id, socket)| Some((id, socket.stream()?)))
        // One that has no port is in no table.
        .filter(|(_, tcp)| tcp.local.port() != 0)
        .filter(|(_, tcp)| tcp.listener.is_some() || tcp.state != State::Closed)
        .collect();
    all.sort_by_key(|(_, tcp)| tcp.listener.is_none());
    for (n, (id, tcp)) in all.into_iter().enumerate() {
        let state = if tcp.listener.is_some() { State::Listen } else { tcp.state };
        let waiting = tcp.listener.as_ref().map_or(tcp.received.len(), |l| l.ready.len());
        let (kind, when) = timer(tcp, now);
        let inode = if tcp.orphan { 0 } else { id.bits() };
        let text = format!(
            "{n:4}: {} {} {:02X} {:08X}:{waiting:08X} {kind:02X}:{when:08X} {:08X} {:5} {:8} {inode} 1 {:016x} {} 0 0 {} -1",
            end(tcp.local),
            end(tcp.remote),
            state as u8,
            tcp.unsent.len(),
            tcp.timing.backoff,
            0,
            tcp.probes,
            id.bits(),
            ticks(Time::ZERO, Time::ZERO + tcp.timing.timeout()),
            tcp.congestion.window() / u32::from(tcp.mss).max(1),
        );
        line(&mut out, WIDTH, &text);
    }
    out
}

fn datagrams(net: &Net, namespace: NsId, protocol: Protocol) -> String {
    const WIDTH: usize = 127;
    let mut out = String::new();
    let head = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
    // Raw sockets have lines of another making.
    let (head, width) =
        if protocol == Protocol::Raw { (head.get(1..).unwrap_or(head), 0) } else { (head, WIDTH) };
    line(&mut out, width, head);
    let own = net.sockets().filter(|(_, socket)| socket.namespace == namespace);
    let own = own.filter_map(|(id, socket)| match &socket.kind {
        Kind::Datagram(found) => Some((id, found)),
        _ => None,
    });
    for (n, (id, found)) in own.enumerate() {
        if found.protocol != protocol || protocol != Protocol::Raw && found.local.port() == 0 {
            continue;
        }
        let nobody = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        // What is connected counts as established, what is not as closed.
        let state = if found.remote.is_some() { State::Established } else { State::Closed };
        let local = match protocol {
            Protocol::Raw => SocketAddrV4::new(*found.local.ip(), u16::from(found.number)),
            _ => found.local,
        };
        let text = format!(
            "{n:5}: {} {} {:02X} 00000000:{:08X} 00:00000000 00000000 {:5} {:8} {} 2 {:016x} {}",
            end(local),
            end(found.remote.unwrap_or(nobody)),
            state as u8,
            found.queued(),
            0,
            0,
            id.bits(),
            id.bits(),
            found.dropped
        );
        line(&mut out, width, &text);
    }
    out
}

fn taps(net: &Net, namespace: NsId) -> String {
    /// SOCK_RAW.
    const RAW: u32 = 3;
    let mut out = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n".to_owned();
    for (id, socket) in net.sockets().filter(|(_, socket)| socket.namespace == namespace) {
        if let Kind::Tap(tap) = &socket.kind {
            let interface = tap.port.map_or(0, Net::index_of);
            let _ = writeln!(
                out,
                "{:016x} 3      {RAW:<4} {:04x}   {interface:<5} 1 {:<6} 0      {:<6}",
                id.bits(),
                tap.protocol,
                0,
                id.bits()
            );
        }
    }
    out
}

fn locals(net: &Net, namespace: NsId) -> String {
    /// The socket listens (`__SO_ACCEPTCON`).
    const LISTENS: u32 = 0x1_0000;
    let mut out = "Num       RefCount Protocol Flags    Type St Inode Path\n".to_owned();
    for (id, socket) in net.sockets().filter(|(_, socket)| socket.namespace == namespace) {
        let Some(local) = socket.local() else { continue };
        let listens = local.backlog.is_some();
        let kind = match local.style {
            Style::Stream => 1,
            Style::Datagram => 2,
            Style::Packets => 5,
        };
        // SS_UNCONNECTED, SS_CONNECTED.
        let state = if local.peer.is_some() { 3 } else { 1 };
        let _ = write!(
            out,
            "{:016x}: {:08X} {:08X} {:08X} {kind:04X} {state:02X} {:5}",
            id.bits(),
            2 + u32::from(local.peer.is_some()),
            0,
            if listens { LISTENS } else { 0 },
            id.bits()
        );
        match &local.name {
            Some(Name::Path(_, path)) => {
                let _ = write!(out, " {}", String::from_utf8_lossy(path));
            }
            Some(Name::Abstract(name)) => {
                let shown = String::from_utf8_lossy(name).replace('\0', "@");
                let _ = write!(out, " @{shown}");
            }
            None => {}
        }
        out.push('\n');
    }
    out
}
