//! A learning switch (IEEE 802.1D §7.8): it remembers behind which port each station is, and sends frames there; what it
//! does not know, and what is for all, goes out by all other ports.
//!
//! A frame is stored whole before it is sent on, and waits in the queue of the cable that it leaves by. A switch is no
//! machine: it has no program and no log. What it loses shows on the cable's counts, and in that nobody gets it.

use crate::base::{Duration, PortId, Time};
use crate::context::Outgoing;
use crate::hw::{Wire, WireFrame};
use std::collections::BTreeMap;

/// How long a station is remembered that is silent (802.1D's ageing time).
const AGE: Duration = Duration::seconds(300);

/// A switch, before it is switched on.
#[derive(Clone, Debug)]
pub struct SwitchConfig {
    /// Its name, such as `lan`.
    pub name: String,
    /// Its ends of the cables, by port.
    pub wires: Vec<Wire>,
}

/// The order in which frames come in: when, by which cable, and the how-manieth.
type Key = (Time, u64, u64);

/// A switch.
#[derive(Clone, Debug, Hash)]
pub struct Switch {
    name: String,
    wires: Vec<Wire>,
    stations: BTreeMap<[u8; 6], (PortId, Time)>,
    pending: BTreeMap<Key, (PortId, WireFrame)>,
    sent: u64,
}

impl Switch {
    /// Switches it on.
    #[must_use]
    pub fn new(config: SwitchConfig) -> Self {
        let SwitchConfig { name, wires } = config;
        Self { name, wires, stations: BTreeMap::new(), pending: BTreeMap::new(), sent: 0 }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ends of the cables.
    #[must_use]
    pub fn wires(&self) -> &[Wire] {
        &self.wires
    }

    /// Its end of a cable, to change.
    pub fn wire_mut(&mut self, port: PortId) -> Option<&mut Wire> {
        self.wires.get_mut(usize::from(port.0))
    }

    /// Behind which port it knows each station to be.
    pub fn stations(&self) -> impl Iterator<Item = ([u8; 6], PortId)> {
        self.stations.iter().map(|(station, (port, _))| (*station, *port))
    }

    /// When its next frame comes in.
    #[must_use]
    pub fn next_time(&self) -> Time {
        self.pending.keys().next().map_or(Time::MAX, |(time, ..)| *time)
    }

    /// A frame is on its way to a port.
    pub fn deliver(&mut self, port: PortId, frame: WireFrame, key: Key) {
        self.pending.insert(key, (port, frame));
    }

    /// Sends on what has come in before a time.
    pub fn run(&mut self, until: Time) -> Vec<Outgoing> {
        let mut out = Vec::new();
        while let Some(entry) = self.pending.first_entry() {
            let now = entry.key().0;
            if now >= until {
                break;
            }
            let (port, frame) = entry.remove();
            self.forward(port, &frame, now, &mut out);
        }
        out
    }

    fn forward(&mut self, came: PortId, frame: &WireFrame, now: Time, out: &mut Vec<Outgoing>) {
        let Some((head, _)) = frame.bytes.split_first_chunk::<12>() else { return };
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *head;
        let (to, from) = ([a, b, c, d, e, f], [g, h, i, j, k, l]);
        if from[0] & 1 == 0 {
            self.stations.insert(from, (came, now + AGE));
        }
        let known = self.stations.get(&to).filter(|(_, until)| *until > now && to[0] & 1 == 0);
        match known.map(|(port, _)| *port) {
            Some(port) if port == came => {}
            Some(port) => self.send(port, frame, now, out),
            None => {
                for port in (0..self.wires.len() as u16).map(PortId).filter(|p| *p != came) {
                    self.send(port, frame, now, out);
                }
            }
        }
    }

    fn send(&mut self, port: PortId, frame: &WireFrame, now: Time, out: &mut Vec<Outgoing>) {
        let Some(wire) = self.wires.get_mut(usize::from(port.0)) else { return };
        if let Ok((first, double)) = wire.send(now, frame.bytes.len()) {
            for arrives in std::iter::once(first).chain(double) {
                let sequence = self.sent;
                self.sent += 1;
                out.push(Outgoing { port, arrives, sequence, frame: frame.clone() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Switch, SwitchConfig};
    use crate::base::{Duration, PortId, RequestId, Time};
    use crate::event::EventId;
    use crate::hw::{Wire, WireFrame};

    fn frame(to: u8, from: u8) -> WireFrame {
        let mut bytes = vec![0; 60];
        bytes[5] = to;
        bytes[11] = from;
        if to == 0xff {
            bytes[..6].fill(0xff);
        }
        WireFrame { bytes: bytes.into(), cause: EventId::NONE, request: RequestId::NONE }
    }

    #[test]
    fn it_floods_what_it_does_not_know_and_learns() {
        let wires = vec![Wire::new(Duration::micros(1), 0); 3];
        let mut switch = Switch::new(SwitchConfig { name: "lan".to_owned(), wires });
        let pass = |switch: &mut Switch, n: u64, port, frame| {
            switch.deliver(PortId(port), frame, (Time(n * 100), 0, n));
            let out = switch.run(Time(n * 100 + 1));
            out.iter().map(|out| out.port.0).collect::<Vec<_>>()
        };
        assert_eq!(pass(&mut switch, 1, 0, frame(2, 1)), [1, 2], "nobody knows station 2");
        assert_eq!(pass(&mut switch, 2, 1, frame(1, 2)), [0]);
        assert_eq!(pass(&mut switch, 3, 0, frame(2, 1)), [1], "now it does");
        assert_eq!(pass(&mut switch, 4, 2, frame(0xff, 3)), [0, 1]);
        assert_eq!(pass(&mut switch, 5, 0, frame(1, 4)), [0; 0], "back where it came from: no");
        assert_eq!(switch.next_time(), Time::MAX);
    }
}
