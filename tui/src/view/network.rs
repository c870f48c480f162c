//! The network view: the world's cables, one machine's sockets with the states of TCP, neighbours and routes, and its
//! newest packets with what is in them.

use super::pen::Pen;
use crate::lang::NetworkWords;
use crate::model::Model;
use crate::network::{NetworkPicture, PacketLine, Way};
use crate::text::{fit, fit_right, round_bytes, width};
use crate::theme::Role;
use oscope_kernel::abi::types::TcpState;
use oscope_kernel::machine::SocketView;

/// From so many rows on, everything is shown at once.
const TALL: u16 = 30;
/// From so many columns on, two parts stand side by side.
const WIDE: u16 = 120;

struct Look<'a> {
    model: &'a Model,
    words: &'static NetworkWords,
    picture: &'a NetworkPicture,
}

pub(super) fn draw(model: &Model, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    let words = model.lang.network();
    let Some(picture) = model.network() else {
        pen.rule(top, words.cables, "");
        return;
    };
    let look = Look { model, words, picture };
    let end = top + rows;
    let is_tall = rows >= TALL;
    let all = u16::try_from(picture.cables.len()).unwrap_or(u16::MAX / 2).max(1) + 1;
    let mut y = cables(&look, (top, all.min(if is_tall { rows / 4 } else { rows / 4 + 1 })), pen);
    let many = u16::try_from(picture.view.sockets.len()).unwrap_or(u16::MAX / 2).max(1) + 2;
    y = sockets(&look, (y, many.min(rows / 3)), pen);
    if is_tall {
        y = states(&look, y, pen);
        y = neighbours(&look, (y, rows / 6), pen);
    }
    packets(&look, (y, end.saturating_sub(y)), pen);
}

/// Who is joined to whom, and what went over.
fn cables(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.words;
    pen.rule(top, words.cables, "");
    if look.picture.cables.is_empty() {
        pen.put(1, top + 1, words.alone, Role::Faint);
        return top + 2;
    }
    let [carried, lost, waiting] = words.carried;
    let columns = if pen.width >= WIDE { 2 } else { 1 };
    let room = usize::from(rows.saturating_sub(1)) * columns;
    let share = pen.width / columns as u16;
    for (at, cable) in look.picture.cables.iter().take(room).enumerate() {
        let y = top + 1 + (at / columns) as u16;
        let mut x = share * (at % columns) as u16 + 1;
        let role = if cable.is_shown { Role::Selected } else { Role::Text };
        x = pen.put(x, y, &fit(&format!("{}.{}", cable.name, cable.interface), 13), role);
        x = pen.put(x, y, &fit(&cable.address, 16), Role::Faint);
        x = pen.put(x, y, if look.model.ascii { "--> " } else { "──▶ " }, Role::Faint);
        x = pen.put(x, y, &fit(&cable.to, 9), Role::Text);
        x = pen.put(
            x,
            y,
            &format!("{} {carried}", fit_right(&cable.counts.0.to_string(), 6)),
            Role::Text,
        );
        if cable.counts.1 > 0 {
            x = pen.put(x + 1, y, &format!("{} {lost}", cable.counts.1), Role::Wrong);
        }
        if cable.waiting > 0 {
            pen.put(x + 1, y, &format!("{} {waiting}", cable.waiting), Role::Wrong);
        }
    }
    top + rows.min(1 + look.picture.cables.len().div_ceil(columns) as u16)
}

fn sockets(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.words;
    pen.rule(top, words.sockets, "");
    let all = &look.picture.view.sockets;
    if all.is_empty() {
        pen.put(1, top + 1, words.no_socket, Role::Faint);
        return top + 2;
    }
    let [kind, state, unread, unsent, here, there, window, trip, again] = words.columns;
    let line = |texts: [&str; 9]| {
        let [kind, state, unread, unsent, here, there, window, trip, again] = texts;
        format!(
            "{} {} {} {}  {} {} {} {} {}",
            fit(kind, 5),
            fit(state, 11),
            fit_right(unread, 7),
            fit_right(unsent, 7),
            fit(here, 21),
            fit(there, 21),
            fit_right(window, 8),
            fit_right(trip, 10),
            fit_right(again, 5),
        )
    };
    let head = line([kind, state, unread, unsent, here, there, window, trip, again]);
    pen.put(1, top + 1, &head, Role::Faint);
    let room = usize::from(rows.saturating_sub(2)).max(1);
    for (at, socket) in all.iter().take(room).enumerate() {
        let text = |number: usize| number.to_string();
        let tcp = socket.tcp.filter(|_| socket.state != Some(TcpState::Listen));
        let window =
            tcp.map_or_else(String::new, |tcp| round_bytes(u64::from(tcp.congestion_window)));
        let trip = tcp.and_then(|tcp| tcp.round_trip).map_or_else(String::new, crate::text::round);
        let again = tcp.map_or_else(String::new, |tcp| tcp.retransmitted.to_string());
        let state = socket.state.map_or("", TcpState::name);
        let cells = line([
            socket.kind,
            state,
            &text(socket.queues.0),
            &text(socket.queues.1),
            &socket.local,
            &socket.remote,
            &window,
            &trip,
            &again,
        ]);
        let role = if socket.orphan { Role::Faint } else { Role::Text };
        pen.put(1, top + 2 + at as u16, &cells, role);
    }
    let shown = all.len().min(room) as u16;
    top + 2 + shown
}

/// The states of TCP, those in which connections stand marked with how many.
fn states(look: &Look<'_>, top: u16, pen: &mut Pen<'_>) -> u16 {
    use TcpState as S;
    pen.rule(top, look.words.states, "");
    let count = |state: TcpState| {
        let of = |socket: &&SocketView| socket.state == Some(state);
        look.picture.view.sockets.iter().filter(of).count()
    };
    let arrow = if look.model.ascii { "->" } else { "─▶" };
    let paths: [&[TcpState]; 3] = [
        &[S::Closed, S::Listen, S::SynReceived, S::Established, S::CloseWait, S::LastAck],
        &[S::Closed, S::SynSent, S::Established, S::FinWait1, S::FinWait2, S::TimeWait],
        &[S::FinWait1, S::Closing, S::TimeWait],
    ];
    for (at, path) in paths.into_iter().enumerate() {
        let y = top + 1 + at as u16;
        let mut x = if at == 2 { 41 } else { 1 };
        for (n, state) in path.iter().enumerate() {
            if n > 0 {
                x = pen.put(x, y, arrow, Role::Faint) + 1;
            }
            let many = count(*state);
            let (text, role) = match many {
                0 => (state.name().to_owned(), Role::Faint),
                many => (format!("{} {many}", state.name()), Role::Selected),
            };
            x = pen.put(x, y, &text, role) + 1;
        }
    }
    top + 4
}

fn neighbours(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.words;
    pen.rule(top, words.neighbours, "");
    let name = |port| {
        let mut all = look.picture.view.interfaces.iter();
        all.find(|interface| interface.port == port).map_or("?", |interface| &interface.name)
    };
    let mut lines: Vec<(String, Role)> = Vec::new();
    for (port, address, mac) in &look.picture.view.neighbours {
        let (at, role) = match mac {
            Some(mac) => (mac.map(|byte| format!("{byte:02x}")).join(":"), Role::Text),
            None => (words.asked.to_owned(), Role::Wrong),
        };
        lines.push((format!("{address}  {at}  {}", name(*port)), role));
    }
    for route in &look.picture.view.routes {
        let [over, direct] = words.over;
        let way = route.gateway.map_or_else(|| direct.to_owned(), |to| format!("{over} {to}"));
        let text = format!("{}/{}  {way}  {}", route.network, route.prefix, name(route.port));
        lines.push((text, Role::Text));
    }
    let room = usize::from(rows.saturating_sub(1)).max(1);
    let half = pen.width / 2;
    for (at, (text, role)) in lines.iter().take(room * 2).enumerate() {
        let x = if at % 2 == 0 { 1 } else { half };
        pen.put(x, top + 1 + (at / 2) as u16, &fit(text, usize::from(half) - 2), *role);
    }
    top + 1 + lines.len().div_ceil(2).min(room) as u16
}

fn packets(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    pen.rule(top, look.words.packets, "");
    let room = usize::from(rows.saturating_sub(1));
    let all = &look.picture.packets;
    let first = all.len().saturating_sub(room);
    for (at, packet) in all.iter().skip(first).enumerate() {
        line(look, packet, top + 1 + at as u16, pen);
    }
}

fn line(look: &Look<'_>, packet: &PacketLine, y: u16, pen: &mut Pen<'_>) {
    let [_, lost] = look.words.fates;
    let (arrow, role) = match (packet.way, look.model.ascii) {
        (Way::In, true) => ("<-", Role::Text),
        (Way::In, false) => ("◀─", Role::Text),
        (Way::Out(_), true) => ("->", Role::Text),
        (Way::Out(_), false) => ("─▶", Role::Text),
        (Way::Lost(_), true) => ("-x", Role::Wrong),
        (Way::Lost(_), false) => ("─✗", Role::Wrong),
    };
    let mut x = pen.put(1, y, &fit_right(&packet.time.to_string(), 14), Role::Faint) + 1;
    x = pen.put(x, y, arrow, role) + 1;
    x = pen.put(x, y, &fit(packet.protocol, 5), Role::Heading);
    let ends = format!("{} > {}", packet.ends.0, packet.ends.1);
    x = pen.put(x, y, &fit(&ends, if pen.width >= WIDE { 46 } else { 36 }), role) + 1;
    x = pen.put(x, y, &fit_right(&packet.length.to_string(), 5), Role::Faint) + 1;
    let about = match packet.way {
        Way::Lost(reason) => format!("{lost}: {}  {}", look.model.lang.loss(reason), packet.about),
        _ => packet.about.clone(),
    };
    let room = usize::from(pen.width.saturating_sub(x + 1));
    if width(&about) > room {
        pen.put(x, y, &fit(&about, room), role);
    } else {
        pen.put(x, y, &about, role);
    }
}
