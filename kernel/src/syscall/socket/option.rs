//! Options: setsockopt(2) and getsockopt(2) (socket(7), ip(7), tcp(7)).

use super::{find, with_net};
use crate::abi::flags::network::{
    family, ip_option, level, socket_option, socket_type, tcp_option,
};
use crate::abi::{Access, Errno};
use crate::base::{Duration, SocketId};
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::net::local::Style;
use crate::net::ports::Protocol;
use crate::net::tcp::congestion::CONTROLLERS;
use crate::net::tcp::{State, Tcp};
use crate::net::{Kind, Socket};
use crate::proc::Stop;
use crate::syscall::Result;
use crate::syscall::transfer::Rest;

/// The smallest and the largest buffers (`SOCK_MIN_RCVBUF`, net.core.rmem_max).
const BUFFERS: std::ops::RangeInclusive<u64> = 2_304..=425_984;
/// Most bytes of an option's value.
const MOST: u64 = 256;

/// setsockopt(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `ENOPROTOOPT`, `EINVAL`, `EDOM`, `ENOENT` for an unknown congestion control, `EFAULT`.
pub fn sys_setsockopt(
    [fd, at_level, option, place, length]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    let length = u64::from(length as u32);
    if length > i32::MAX as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = vec![0; length.min(MOST) as usize];
    user::read(t, cx, place, &mut bytes)?;
    let number = || {
        bytes.first_chunk().map(|bytes| i32::from_le_bytes(*bytes)).ok_or(Stop::Fail(Errno::EINVAL))
    };
    let socket = t.net.socket_mut(id).ok_or(Errno::EBADF)?;
    match at_level as u32 {
        level::SOCKET => set_common(socket, option as u32, &bytes)?,
        level::TCP => {
            let name = std::str::from_utf8(&bytes).unwrap_or_default().trim_end_matches('\0');
            let value = if option as u32 == tcp_option::CONGESTION { 0 } else { number()? };
            with_net(t, cx, |net, present| {
                net.with_stream(id, present, |tcp, present| {
                    set_tcp(tcp, option as u32, (value, name))?;
                    // Small segments may go now.
                    tcp.output(present);
                    Ok(())
                })
            })
            .unwrap_or(Err(Errno::EOPNOTSUPP))?;
        }
        level::IP => {
            let value = number()?;
            let hops = match value {
                -1 => 64,
                1..=255 => value as u8,
                _ if option as u32 == ip_option::TTL => return Err(Stop::Fail(Errno::EINVAL)),
                _ => 64,
            };
            match (option as u32, &mut socket.kind) {
                (ip_option::TTL, Kind::Stream(tcp)) => tcp.settings.hops = hops,
                (ip_option::TTL, Kind::Datagram(datagram)) => datagram.hops = hops,
                (ip_option::TOS | ip_option::RECVERR | ip_option::MTU_DISCOVER, _) => {}
                _ => return Err(Stop::Fail(Errno::ENOPROTOOPT)),
            }
        }
        _ => return Err(Stop::Fail(Errno::ENOPROTOOPT)),
    }
    Ok(0)
}

fn set_common(socket: &mut Socket, option: u32, bytes: &[u8]) -> std::result::Result<(), Errno> {
    if matches!(option, socket_option::RCVTIMEO | socket_option::SNDTIMEO) {
        let (seconds, micros) = match bytes.as_chunks::<8>().0 {
            [seconds, micros, ..] => (i64::from_le_bytes(*seconds), i64::from_le_bytes(*micros)),
            _ => return Err(Errno::EINVAL),
        };
        if !(0..1_000_000).contains(&micros) {
            return Err(Errno::EDOM);
        }
        let time = Duration::seconds(seconds.max(0) as u64) + Duration::micros(micros as u64);
        let time = (time > Duration::ZERO).then_some(time);
        if option == socket_option::RCVTIMEO {
            socket.receive_timeout = time;
        } else {
            socket.send_timeout = time;
        }
        return Ok(());
    }
    let value = bytes.first_chunk().map(|b| i32::from_le_bytes(*b)).ok_or(Errno::EINVAL)?;
    let (on, size) = (value != 0, value.max(0) as u64);
    match (option, &mut socket.kind) {
        (socket_option::REUSEADDR, _) => socket.reuse = on,
        (socket_option::BROADCAST, _) => socket.broadcast = on,
        (socket_option::KEEPALIVE, Kind::Stream(tcp)) => tcp.settings.keep_alive = on,
        (socket_option::LINGER, kind) => {
            let seconds = bytes.get(4..8).and_then(|b| b.first_chunk()).ok_or(Errno::EINVAL)?;
            let seconds = u64::from(u32::from_le_bytes(*seconds));
            if let Kind::Stream(tcp) = kind {
                tcp.settings.linger = on.then_some(Duration::seconds(seconds));
            }
        }
        // Linux doubles what is asked for, for its own records (socket(7)).
        (socket_option::RCVBUF, kind) => {
            let size = (size * 2).clamp(*BUFFERS.start(), *BUFFERS.end()) as usize;
            match kind {
                Kind::Stream(tcp) => tcp.settings.receive_buffer = size,
                Kind::Datagram(datagram) => datagram.receive_buffer = size,
                _ => {}
            }
        }
        (socket_option::SNDBUF, kind) => {
            let size = (size * 2).clamp(*BUFFERS.start() * 2, *BUFFERS.end()) as usize;
            if let Kind::Stream(tcp) = kind {
                tcp.settings.send_buffer = size;
            }
        }
        (socket_option::PASSCRED, Kind::Local(local)) => local.wants_credentials = on,
        (
            socket_option::REUSEPORT
            | socket_option::KEEPALIVE
            | socket_option::PRIORITY
            | socket_option::RCVLOWAT
            | socket_option::OOBINLINE
            | socket_option::DONTROUTE
            | socket_option::TIMESTAMP,
            _,
        ) => {}
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

fn set_tcp(
    tcp: &mut Tcp,
    option: u32,
    (value, name): (i32, &str),
) -> std::result::Result<(), Errno> {
    let settings = &mut tcp.settings;
    let on = value != 0;
    let seconds = |most: i32| match value {
        value if (1..=most).contains(&value) => Ok(Duration::seconds(value as u64)),
        _ => Err(Errno::EINVAL),
    };
    match option {
        tcp_option::NODELAY => settings.no_delay = on,
        tcp_option::CORK => settings.cork = on,
        tcp_option::QUICKACK => settings.quick_ack = on,
        tcp_option::MAXSEG => match u16::try_from(value) {
            Ok(size @ 88..=32_767) => settings.max_segment = size,
            _ => return Err(Errno::EINVAL),
        },
        tcp_option::KEEPIDLE => settings.keep_alive_times.0 = seconds(32_767)?,
        tcp_option::KEEPINTVL => settings.keep_alive_times.1 = seconds(32_767)?,
        tcp_option::KEEPCNT if (1..=127).contains(&value) => {
            settings.keep_alive_times.2 = value as u32;
        }
        tcp_option::CONGESTION => {
            let known = CONTROLLERS.into_iter().find(|known| *known == name);
            settings.congestion = known.ok_or(Errno::ENOENT)?;
            tcp.change_controller();
        }
        tcp_option::USER_TIMEOUT | tcp_option::SYNCNT | tcp_option::DEFER_ACCEPT => {}
        tcp_option::KEEPCNT => return Err(Errno::EINVAL),
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// getsockopt(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `ENOPROTOOPT`, `EOPNOTSUPP`, `EINVAL`, `EFAULT`.
pub fn sys_getsockopt(
    [fd, at_level, option, place, length_place]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    let mut bytes = [0; 4];
    user::read(t, cx, length_place, &mut bytes)?;
    let room = i32::from_le_bytes(bytes);
    let room = usize::try_from(room).map_err(|_| Errno::EINVAL)?;
    user::touch(t, cx, place, (room as u64).min(MOST), Access::Store)?;
    user::touch(t, cx, length_place, 4, Access::Store)?;
    let value = match at_level as u32 {
        level::SOCKET => common(id, option as u32, t, cx)?,
        level::TCP => {
            let tcp = t.net.stream(id).ok_or(Errno::EOPNOTSUPP)?;
            of_tcp(tcp, option as u32, cx)?
        }
        level::IP => match (option as u32, t.net.socket(id).map(|socket| &socket.kind)) {
            (ip_option::TTL, Some(Kind::Stream(tcp))) => word(u32::from(tcp.settings.hops)),
            (ip_option::TTL, Some(Kind::Datagram(d))) => word(u32::from(d.hops)),
            (ip_option::TOS, _) => word(0),
            _ => return Err(Stop::Fail(Errno::ENOPROTOOPT)),
        },
        _ => return Err(Stop::Fail(Errno::ENOPROTOOPT)),
    };
    let fits = value.len().min(room);
    user::write(t, cx, place, &value[..fits])?;
    user::write(t, cx, length_place, &(fits as u32).to_le_bytes())?;
    Ok(0)
}

fn word(value: u32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn common(id: SocketId, option: u32, t: &mut Tables, _cx: &mut Cx) -> Result<Vec<u8>> {
    let socket = t.net.socket_mut(id).ok_or(Errno::EBADF)?;
    let time = |time: Option<Duration>| {
        let time = time.unwrap_or_default().0;
        [(time / 1_000_000_000).to_le_bytes(), (time / 1000 % 1_000_000).to_le_bytes()].concat()
    };
    let (domain, kind, protocol) = match &socket.kind {
        Kind::Stream(_) => (family::INET, socket_type::STREAM, 6),
        Kind::Datagram(d) => match d.protocol {
            Protocol::Ping => (family::INET, socket_type::DGRAM, 1),
            Protocol::Raw => (family::INET, socket_type::RAW, u32::from(d.number)),
            Protocol::Udp | Protocol::Tcp => (family::INET, socket_type::DGRAM, 17),
        },
        Kind::Local(local) => {
            let kind = match local.style {
                Style::Stream => socket_type::STREAM,
                Style::Datagram => socket_type::DGRAM,
                Style::Packets => socket_type::SEQPACKET,
            };
            (family::UNIX, kind, 0)
        }
        Kind::Tap(tap) => (family::PACKET, socket_type::RAW, u32::from(tap.protocol.to_be())),
    };
    Ok(match (option, &socket.kind) {
        (socket_option::ERROR, _) => word(socket.take_error().map_or(0, |e| u32::from(e.number()))),
        (socket_option::TYPE, _) => word(kind),
        (socket_option::DOMAIN, _) => word(domain),
        (socket_option::PROTOCOL, _) => word(protocol),
        (socket_option::REUSEADDR, _) => word(u32::from(socket.reuse)),
        (socket_option::BROADCAST, _) => word(u32::from(socket.broadcast)),
        (socket_option::RCVTIMEO, _) => time(socket.receive_timeout),
        (socket_option::SNDTIMEO, _) => time(socket.send_timeout),
        (socket_option::KEEPALIVE, Kind::Stream(tcp)) => word(u32::from(tcp.settings.keep_alive)),
        (socket_option::ACCEPTCONN, Kind::Stream(tcp)) => {
            word(u32::from(tcp.state == State::Listen))
        }
        (socket_option::ACCEPTCONN, Kind::Local(local)) => word(u32::from(local.backlog.is_some())),
        (socket_option::LINGER, Kind::Stream(tcp)) => {
            let linger = tcp.settings.linger;
            let seconds = linger.map_or(0, |time| (time.0 / 1_000_000_000) as u32);
            [u32::from(linger.is_some()), seconds].map(u32::to_le_bytes).concat()
        }
        (socket_option::RCVBUF, Kind::Stream(tcp)) => word(tcp.settings.receive_buffer as u32),
        (socket_option::SNDBUF, Kind::Stream(tcp)) => word(tcp.settings.send_buffer as u32),
        (socket_option::RCVBUF, Kind::Datagram(datagram)) => word(datagram.receive_buffer as u32),
        (socket_option::RCVBUF | socket_option::SNDBUF, _) => word(212_992),
        (socket_option::PEERCRED, Kind::Local(local)) => {
            let who = local.partner;
            [who.pid.0, who.user, who.group].map(u32::to_le_bytes).concat()
        }
        (socket_option::PASSCRED, Kind::Local(local)) => word(u32::from(local.wants_credentials)),
        (
            socket_option::REUSEPORT
            | socket_option::KEEPALIVE
            | socket_option::ACCEPTCONN
            | socket_option::PRIORITY
            | socket_option::OOBINLINE
            | socket_option::DONTROUTE
            | socket_option::TIMESTAMP
            | socket_option::PASSCRED,
            _,
        ) => word(0),
        (socket_option::RCVLOWAT, _) => word(1),
        (socket_option::LINGER, _) => [0; 8].to_vec(),
        _ => return Err(Stop::Fail(Errno::ENOPROTOOPT)),
    })
}

fn of_tcp(tcp: &Tcp, option: u32, cx: &Cx) -> Result<Vec<u8>> {
    let settings = &tcp.settings;
    let seconds = |time: Duration| word((time.0 / 1_000_000_000) as u32);
    Ok(match option {
        tcp_option::NODELAY => word(u32::from(settings.no_delay)),
        tcp_option::CORK => word(u32::from(settings.cork)),
        tcp_option::QUICKACK => word(u32::from(settings.quick_ack)),
        tcp_option::MAXSEG => word(u32::from(tcp.mss)),
        tcp_option::KEEPIDLE => seconds(settings.keep_alive_times.0),
        tcp_option::KEEPINTVL => seconds(settings.keep_alive_times.1),
        tcp_option::KEEPCNT => word(settings.keep_alive_times.2),
        tcp_option::CONGESTION => {
            let mut name = tcp.congestion.name().as_bytes().to_vec();
            name.resize(16, 0);
            name
        }
        tcp_option::INFO => info(tcp, cx),
        _ => return Err(Stop::Fail(Errno::ENOPROTOOPT)),
    })
}

/// `struct tcp_info`, as far as its first 104 bytes go (linux/tcp.h).
fn info(tcp: &Tcp, _cx: &Cx) -> Vec<u8> {
    let micros = |time: Duration| (time.0 / 1000) as u32;
    let segments = |bytes: u32| bytes / u32::from(tcp.mss).max(1);
    let open = u8::from(tcp.recovery.is_some()) * 3;
    let options = u8::from(tcp.timestamps) | u8::from(tcp.sack) << 1 | 4;
    let mut bytes = vec![tcp.state as u8, open, tcp.timing.backoff as u8, 0];
    bytes.extend([tcp.timing.backoff as u8, options, 7 << 4 | 7, 0]);
    let unacknowledged = tcp.flights.len() as u32;
    let lost = tcp.flights.iter().filter(|flight| flight.lost).count() as u32;
    let sacked = tcp.flights.iter().filter(|flight| flight.sacked).count() as u32;
    let again = tcp.flights.iter().filter(|flight| flight.again).count() as u32;
    let smoothed = tcp.timing.smoothed.unwrap_or_default();
    let threshold = match tcp.congestion.threshold() {
        u32::MAX => i32::MAX as u32,
        bytes => segments(bytes),
    };
    let words = [
        micros(tcp.timing.timeout()),
        40_000,
        u32::from(tcp.mss),
        u32::from(tcp.mss),
        unacknowledged,
        sacked,
        lost,
        again,
        0,
        0,
        0,
        0,
        0,
        1500,
        tcp.settings.receive_buffer as u32,
        micros(smoothed),
        micros(tcp.timing.variation),
        threshold,
        segments(tcp.congestion.window()),
        u32::from(tcp.mss),
        3,
        0,
        tcp.settings.receive_buffer as u32,
        tcp.counts.retransmitted as u32,
    ];
    bytes.extend(words.into_iter().flat_map(u32::to_le_bytes));
    bytes
}
