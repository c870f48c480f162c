//! Acting on what a device did while the kernel used it.

use crate::base::{DeviceId, PortId};
use crate::context::{Cx, Due, Outgoing, Phase, Tables};
use crate::driver::bus::Use;
use crate::driver::{Bus, Effects};
use crate::event::{Event, NetEvent};
use crate::hw::WireFrame;

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
    let arrives = wire.send(cx.now, frame.bytes.len());
    let length = frame.bytes.len() as u32;
    // The frame carries this event along: at the other end it is the cause of what happens there.
    let cause = cx.emit(Event::Net(NetEvent::Transmit { port, length, arrives }));
    let sequence = cx.engine.sent;
    cx.engine.sent += 1;
    let frame = WireFrame { cause, ..frame };
    cx.engine.outbox.push(Outgoing { port, arrives, sequence, frame });
}

/// Uses a device through its driver and acts on what that led to, but for an interrupt, which only comes
/// when the device's time has come.
pub fn using<R>(
    t: &mut Tables,
    cx: &mut Cx,
    device: DeviceId,
    act: impl FnOnce(
        Option<&mut crate::driver::bus::Driver>,
        &mut dyn crate::hw::Device,
        &mut crate::hw::Wires<'_>,
    ) -> R,
) -> Option<R> {
    let used = on_behalf(cx);
    let bus: &mut Bus = &mut t.bus;
    let (result, effects) = bus.with(device, used, &mut t.memory.ram, act)?;
    apply(t, cx, device, effects);
    Some(result)
}
