//! Acting on what a device did while the kernel used it.

use crate::base::{DeviceId, PortId, Time};
use crate::context::{Cx, Due, Outgoing, Phase, Tables};
use crate::driver::bus::{Driver, Use};
use crate::driver::{Bus, Effects};
use crate::event::{Event, Loss, NetEvent};
use crate::hw::WireFrame;
use crate::hw::wire::Lost;

/// On whose behalf a device is used now.
#[must_use]
pub fn on_behalf(cx: &Cx) -> Use {
    Use { now: cx.now, cause: cx.cause, request: cx.request }
}

/// Plans the device's next attention and puts what it sent on the wire. Returns whether it interrupts.
pub fn apply(t: &mut Tables, cx: &mut Cx, device: DeviceId, effects: Effects) -> bool {
    if let Some(time) = effects.attend_at {
        cx.at(time, Phase::IoDone, Due::Attend(device));
    }
    if !effects.sent.is_empty()
        && let Some(port) = t.net.port_of(device)
    {
        for frame in effects.sent {
            send(t, cx, port, frame);
        }
    }
    effects.interrupt
}

/// A frame leaves the machine.
fn send(t: &mut Tables, cx: &mut Cx, port: PortId, frame: WireFrame) {
    let Some(wire) = t.wires.get_mut(usize::from(port.0)) else {
        return;
    };
    let length = frame.bytes.len() as u32;
    let sent = wire.send(cx.now, frame.bytes.len());
    if let Some(interface) = t.net.interface_mut(port) {
        interface.sent.count(frame.bytes.len());
    }
    let request = std::mem::replace(&mut cx.request, frame.request);
    let arrives = sent.map_or(Time::MAX, |(arrives, _)| arrives);
    // The frame carries this event along: at the other end it is the cause of what happens there.
    let bytes = cx.engine.log.keep(&[&frame.bytes]);
    let cause = cx.emit(Event::Net(NetEvent::Transmit { port, length, arrives, frame: bytes }));
    match sent {
        Ok((first, double)) => {
            for arrives in std::iter::once(first).chain(double) {
                let sequence = cx.engine.sent;
                cx.engine.sent += 1;
                let frame = WireFrame { cause, ..frame.clone() };
                cx.engine.outbox.push(Outgoing { port, arrives, sequence, frame });
            }
        }
        Err(lost) => {
            let reason = if lost == Lost::Queue { Loss::Queue } else { Loss::Cable };
            let before = std::mem::replace(&mut cx.cause, cause);
            cx.emit(Event::Net(NetEvent::Drop { port, length, reason }));
            cx.cause = before;
        }
    }
    cx.request = request;
}

/// Uses a device through its driver and acts on what that led to, but for an interrupt, which only comes
/// when the device's time has come.
pub fn using<R>(
    t: &mut Tables,
    cx: &mut Cx,
    device: DeviceId,
    act: impl FnOnce(Option<&mut Driver>, &mut dyn crate::hw::Device, &mut crate::hw::Wires<'_>) -> R,
) -> Option<R> {
    let used = on_behalf(cx);
    let bus: &mut Bus = &mut t.bus;
    let (result, effects) = bus.with(device, used, &mut t.memory.ram, act)?;
    apply(t, cx, device, effects);
    Some(result)
}
