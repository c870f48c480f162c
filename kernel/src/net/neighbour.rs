//! Neighbours: which station answers for which address on a cable (ARP, RFC 826; timing as RFC 1122 §2.3.2 asks).
//!
//! A packet for an address that is not known waits while the question goes out to everybody on the cable, three times
//! at most. What is known is believed for a minute, then asked again. (Linux keeps more states, `NUD_*`, so as to ask
//! only the neighbour itself once it has been silent; what is sent differs in that.)

use super::Net;
use super::effect::{Effect, Present, Timer};
use super::packet::{BROADCAST, ETHERNET, Mac, Packet, ethernet};
use crate::base::{Duration, NsId, PortId, Time};
use crate::event::{Loss, NetEvent};
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetProtocol, Ipv4Address,
};
use std::net::Ipv4Addr;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::seconds(60);
/// How long to wait for an answer (Linux' `retrans_time_ms`).
const PATIENCE: Duration = Duration::seconds(1);
/// How often to ask (`mcast_solicit`).
const QUESTIONS: u32 = 3;
/// How many packets wait for an answer; the oldest is dropped for a new one.
const MAX_WAITING: usize = 64;
/// Bytes of an ARP packet.
const ARP: usize = 28;
/// The shortest Ethernet frame without its check sequence.
const SHORTEST: usize = 60;

/// What is known of a neighbour.
#[derive(Clone, Debug, Hash)]
pub enum Neighbour {
    /// It was asked for.
    Asked {
        /// How often.
        tries: u32,
        /// What waits for the answer.
        waiting: Vec<Packet>,
    },
    /// It has answered.
    Known {
        /// Its station address.
        mac: Mac,
        /// Until when that is believed.
        until: Time,
    },
}

impl Net {
    /// Sends a packet to a neighbour, as soon as its station address is known.
    pub(super) fn send_to_neighbour(
        &mut self,
        (port, to): (PortId, Ipv4Addr),
        packet: Packet,
        present: &mut Present,
    ) {
        let Some(interface) = self.interfaces.get(&port) else { return };
        let own = interface.mac;
        let Some(stack) = self.stacks.get_mut(&interface.namespace) else { return };
        match stack.neighbours.get_mut(&(port, to)) {
            Some(Neighbour::Known { mac, until }) if *until > present.now => {
                let mac = *mac;
                transmit(port, own, mac, packet, present);
            }
            Some(Neighbour::Asked { waiting, .. }) => {
                if waiting.len() >= MAX_WAITING {
                    waiting.remove(0);
                }
                waiting.push(packet);
            }
            _ => {
                let waiting = vec![packet];
                stack.neighbours.insert((port, to), Neighbour::Asked { tries: 0, waiting });
                self.ask(port, to, present);
            }
        }
    }

    /// Asks everybody on the cable who has an address.
    fn ask(&mut self, port: PortId, to: Ipv4Addr, present: &mut Present) {
        let Some(interface) = self.interfaces.get(&port) else { return };
        let namespace = interface.namespace;
        let own = interface.addresses.first().map_or(Ipv4Addr::UNSPECIFIED, |(own, _)| *own);
        if let Some(stack) = self.stacks.get_mut(&namespace)
            && let Some(Neighbour::Asked { tries, .. }) = stack.neighbours.get_mut(&(port, to))
        {
            *tries += 1;
        }
        let question = ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Request,
            source_hardware_addr: EthernetAddress(interface.mac),
            source_protocol_addr: own,
            target_hardware_addr: EthernetAddress([0; 6]),
            target_protocol_addr: to,
        };
        send_arp(port, interface.mac, BROADCAST, &question, present);
        let timer = Timer::Neighbour(namespace, port, to);
        present.effects.push(Effect::Plan(timer, present.now + PATIENCE));
    }

    /// No answer has come in time: asks again, or gives up what waits for it.
    pub(super) fn neighbour_timer(
        &mut self,
        namespace: NsId,
        (port, address): (PortId, Ipv4Addr),
        present: &mut Present,
    ) {
        let Some(stack) = self.stacks.get_mut(&namespace) else { return };
        let key = (port, address);
        match stack.neighbours.get(&key) {
            Some(Neighbour::Asked { tries, .. }) if *tries < QUESTIONS => {
                self.ask(port, address, present);
            }
            Some(Neighbour::Asked { .. }) => {
                let Some(Neighbour::Asked { waiting, .. }) = stack.neighbours.remove(&key) else {
                    return;
                };
                for packet in waiting {
                    let length = packet.bytes.len() as u32;
                    present.note(NetEvent::Drop { port, length, reason: Loss::Neighbour });
                    self.unreachable_here(namespace, &packet, present);
                }
            }
            _ => {}
        }
    }

    /// An ARP packet came: learns from it, and answers if it asks for this machine (RFC 826, "Packet Reception").
    pub(super) fn hear_arp(&mut self, port: PortId, bytes: &[u8], present: &mut Present) {
        let packet = ArpPacket::new_checked(bytes).and_then(|packet| ArpRepr::parse(&packet));
        let Ok(ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: EthernetAddress(mac),
            source_protocol_addr: sender,
            target_protocol_addr: target,
            ..
        }) = packet
        else {
            return;
        };
        let Some(interface) = self.interfaces.get(&port) else { return };
        let own = interface.mac;
        let is_mine = interface.addresses.iter().any(|(address, _)| *address == target);
        let Some(stack) = self.stacks.get_mut(&interface.namespace) else { return };
        let key = (port, sender);
        let is_known = stack.neighbours.contains_key(&key);
        if (is_mine || is_known) && sender != Ipv4Address::UNSPECIFIED {
            let news = Neighbour::Known { mac, until: present.now + BELIEVED };
            let before = stack.neighbours.insert(key, news);
            if !matches!(&before, Some(Neighbour::Known { mac: old, .. }) if *old == mac) {
                present.note(NetEvent::Neighbour { port, address: u32::from(sender) });
            }
            if let Some(Neighbour::Asked { waiting, .. }) = before {
                for packet in waiting {
                    transmit(port, own, mac, packet, present);
                }
            }
        }
        if is_mine && operation == ArpOperation::Request {
            let answer = ArpRepr::EthernetIpv4 {
                operation: ArpOperation::Reply,
                source_hardware_addr: EthernetAddress(own),
                source_protocol_addr: target,
                target_hardware_addr: EthernetAddress(mac),
                target_protocol_addr: sender,
            };
            send_arp(port, own, mac, &answer, present);
        }
    }
}

fn send_arp(port: PortId, own: Mac, to: Mac, repr: &ArpRepr, present: &mut Present) {
    let mut bytes = vec![0; SHORTEST.max(ETHERNET + ARP)];
    if let Some(body) = bytes.get_mut(ETHERNET..) {
        repr.emit(&mut ArpPacket::new_unchecked(body));
    }
    ethernet(&mut bytes, own, to, EthernetProtocol::Arp);
    let packet = Packet { bytes, cause: present.cause, request: present.request };
    present.effects.push(Effect::Transmit(port, packet));
}

/// Writes the Ethernet header in front and lets the frame go.
pub(super) fn transmit(port: PortId, own: Mac, to: Mac, mut packet: Packet, present: &mut Present) {
    ethernet(&mut packet.bytes, own, to, EthernetProtocol::Ipv4);
    present.effects.push(Effect::Transmit(port, packet));
}
