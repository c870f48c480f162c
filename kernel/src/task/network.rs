//! Acting on what happened in the network stack: frames leave, threads are woken, timers are planned.
//!
//! A typical sequence: send(2) calls [`using`], which lets the stack work on the present moment and then does what
//! came out of it. A packet for this machine itself does not leave: it comes in again by the loopback, after
//! everything else is done, as it would in Linux' receive softirq.

use super::{effects, files, wait};
use crate::abi::flags::PollEvents;
use crate::base::{Channel, PortId, SocketId};
use crate::context::{Cx, Due, Phase, Tables};
use crate::driver::bus::Driver;
use crate::event::{Event, NetEvent};
use crate::net::packet::Packet;
use crate::net::{Effect, Net, Present, Timer};
use std::collections::VecDeque;

/// Lets the stack do something, and acts on what that leads to.
pub fn using<R>(t: &mut Tables, cx: &mut Cx, act: impl FnOnce(&mut Net, &mut Present) -> R) -> R {
    let mut present = Present::new(cx.now, cx.cause, cx.request);
    let result = act(&mut t.net, &mut present);
    if !present.effects.is_empty() {
        apply(t, cx, present);
    }
    result
}

/// A frame came in by an interface.
pub fn input(t: &mut Tables, cx: &mut Cx, port: PortId, bytes: &[u8]) {
    using(t, cx, |net, present| net.input(port, bytes, present));
}

/// A time has come that the stack waits for.
pub fn timer(t: &mut Tables, cx: &mut Cx, timer: Timer) {
    using(t, cx, |net, present| net.timer(timer, present));
}

fn apply(t: &mut Tables, cx: &mut Cx, present: Present) {
    let mut returning = VecDeque::new();
    act(t, cx, present, &mut returning);
    let before = (cx.cause, cx.request);
    while let Some((port, packet)) = returning.pop_front() {
        come_back(t, cx, port, packet, &mut returning);
    }
    (cx.cause, cx.request) = before;
}

fn act(t: &mut Tables, cx: &mut Cx, present: Present, returning: &mut VecDeque<(PortId, Packet)>) {
    for effect in present.effects {
        match effect {
            Effect::Transmit(port, packet) => match t.net.interface(port).map(|i| i.device) {
                Some(Some(device)) => {
                    let request = std::mem::replace(&mut cx.request, packet.request);
                    cx.charge(cx.costs.packet);
                    effects::using(t, cx, device, |driver, device, wires| {
                        if let Some(Driver::Net(driver)) = driver {
                            driver.transmit(&packet.bytes, device, wires);
                        }
                    });
                    cx.request = request;
                }
                Some(None) => returning.push_back((port, packet)),
                None => {}
            },
            Effect::Wake { socket, readable, writable } => {
                wake(t, cx, socket, (readable, writable));
            }
            Effect::Plan(timer, at) => {
                cx.at(at, Phase::Timer, Due::Network(timer));
            }
            Effect::Note(event) => {
                cx.emit(Event::Net(event));
            }
            Effect::Release(file) => files::release(t, cx, file),
        }
    }
}

/// A packet that this machine has sent to itself comes in.
fn come_back(
    t: &mut Tables,
    cx: &mut Cx,
    port: PortId,
    packet: Packet,
    returning: &mut VecDeque<(PortId, Packet)>,
) {
    let length = packet.bytes.len() as u32;
    (cx.cause, cx.request) = (packet.cause, packet.request);
    cx.charge(cx.costs.packet);
    if let Some(interface) = t.net.interface_mut(port) {
        interface.sent.count(packet.bytes.len());
    }
    let arrives = cx.now;
    let frame = cx.engine.log.keep(&[&packet.bytes]);
    cx.cause = cx.emit(Event::Net(NetEvent::Transmit { port, length, arrives, frame }));
    cx.cause = cx.emit(Event::Net(NetEvent::Receive { port, length, frame }));
    let mut present = Present::new(cx.now, cx.cause, cx.request);
    t.net.input(port, &packet.bytes, &mut present);
    act(t, cx, present, returning);
}

fn wake(t: &mut Tables, cx: &mut Cx, socket: SocketId, (readable, writable): (bool, bool)) {
    const IN: PollEvents = PollEvents::IN.union(PollEvents::RDNORM).union(PollEvents::RDHUP);
    const OUT: PollEvents = PollEvents::OUT.union(PollEvents::WRNORM);
    if readable && writable {
        // Something has ended, and everybody must look. Who listens for either hears it once: it listens to both.
        wait::wake_all(t, cx, Channel::Socket(socket));
        wait::wake_threads(t, cx, Channel::SocketRoom(socket));
    } else if readable {
        wait::announce(t, cx, Channel::Socket(socket), 1, IN);
    } else if writable {
        wait::announce(t, cx, Channel::SocketRoom(socket), 1, OUT);
    }
}
