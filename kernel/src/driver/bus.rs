//! The bus: devices in slots, each with the driver that was found for it.

use super::toy_disk::ToyDisk;
use super::toy_nic::ToyNic;
use super::uart::Serial;
use super::{BlockDriver, CharDriver, NetDriver};
use crate::base::{DeviceId, Digester, FrameId, RequestId, Time};
use crate::event::EventId;
use crate::hw::{Device, DeviceType, Ram, WireFrame, Wires, disk, nic, uart};
use std::hash::{Hash, Hasher};

/// The driver of a device, by what it can do.
pub enum Driver {
    /// A disk.
    Block(Box<dyn BlockDriver>),
    /// A network interface.
    Net(Box<dyn NetDriver>),
    /// A console.
    Char(Box<dyn CharDriver>),
}

/// A driver's entry in the table that the bus searches.
struct Known {
    device: DeviceType,
    /// Frames of RAM that the driver needs for direct memory access.
    frames: usize,
    probe: fn(&mut dyn Device, &[FrameId], &mut Wires<'_>) -> Driver,
}

/// All drivers of this kernel.
const DRIVERS: [Known; 3] = [
    Known {
        device: disk::Disk::TYPE,
        frames: 0,
        probe: |d, _, _| Driver::Block(ToyDisk::probe(d)),
    },
    Known {
        device: nic::Nic::TYPE,
        frames: ToyNic::FRAMES,
        probe: |d, frames, wires| Driver::Net(ToyNic::probe(d, frames, wires)),
    },
    Known { device: uart::Uart::TYPE, frames: 0, probe: |_, _, _| Driver::Char(Box::new(Serial)) },
];

struct Slot {
    name: String,
    device: Box<dyn Device>,
    driver: Option<Driver>,
}

/// What using a device led to; the kernel acts on it afterwards.
#[derive(Debug, Default)]
pub struct Effects {
    /// The device wants attention at this time.
    pub attend_at: Option<Time>,
    /// It raised its interrupt line.
    pub interrupt: bool,
    /// Frames left on its cable.
    pub sent: Vec<WireFrame>,
}

impl From<Wires<'_>> for Effects {
    fn from(wires: Wires<'_>) -> Self {
        Self { attend_at: wires.attend_at, interrupt: wires.interrupt, sent: wires.sent }
    }
}

/// When, and on whose behalf, a device is used.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// The time.
    pub now: Time,
    /// What led to it.
    pub cause: EventId,
    /// The request it serves.
    pub request: RequestId,
}

/// The devices of a machine.
#[derive(Default)]
pub struct Bus {
    slots: Vec<Slot>,
}

impl Bus {
    /// Plugs a device in. It has no driver before [`probe`](Self::probe).
    pub fn plug(&mut self, name: impl Into<String>, device: Box<dyn Device>) -> DeviceId {
        self.slots.push(Slot { name: name.into(), device, driver: None });
        DeviceId((self.slots.len() - 1) as u16)
    }

    /// Finds the driver for a device by its type and starts it. `frame` hands out frames of RAM. `None`
    /// if no driver knows the device, or memory ran out: the device stays unused.
    pub fn probe(
        &mut self,
        id: DeviceId,
        used: Use,
        ram: &mut Ram,
        mut frame: impl FnMut() -> Option<FrameId>,
    ) -> Option<Effects> {
        let slot = self.slots.get_mut(usize::from(id.0))?;
        let kind = slot.device.device_type();
        let known = DRIVERS.iter().find(|known| known.device == kind)?;
        let frames: Vec<FrameId> = (0..known.frames).map_while(|_| frame()).collect();
        if frames.len() < known.frames {
            return None;
        }
        let mut wires = Wires::new(used.now, ram, used.cause, used.request);
        slot.driver = Some((known.probe)(slot.device.as_mut(), &frames, &mut wires));
        Some(wires.into())
    }

    /// How many devices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The device's name, such as `vda`.
    #[must_use]
    pub fn name(&self, id: DeviceId) -> &str {
        self.slots.get(usize::from(id.0)).map_or("", |slot| &slot.name)
    }

    /// The device itself, for whoever plugged it in.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&dyn Device> {
        self.slots.get(usize::from(id.0)).map(|slot| slot.device.as_ref())
    }

    /// The device itself, to change it from outside.
    pub fn device_mut(&mut self, id: DeviceId) -> Option<&mut (dyn Device + 'static)> {
        self.slots.get_mut(usize::from(id.0)).map(|slot| slot.device.as_mut())
    }

    /// The device's driver.
    #[must_use]
    pub fn driver(&self, id: DeviceId) -> Option<&Driver> {
        self.slots.get(usize::from(id.0))?.driver.as_ref()
    }

    /// The device's driver, to set it.
    pub fn driver_mut(&mut self, id: DeviceId) -> Option<&mut Driver> {
        self.slots.get_mut(usize::from(id.0))?.driver.as_mut()
    }

    /// Does something with a device and its driver, and tells what it led to.
    pub fn with<R>(
        &mut self,
        id: DeviceId,
        used: Use,
        ram: &mut Ram,
        act: impl FnOnce(Option<&mut Driver>, &mut dyn Device, &mut Wires<'_>) -> R,
    ) -> Option<(R, Effects)> {
        let slot = self.slots.get_mut(usize::from(id.0))?;
        let mut wires = Wires::new(used.now, ram, used.cause, used.request);
        let result = act(slot.driver.as_mut(), slot.device.as_mut(), &mut wires);
        Some((result, wires.into()))
    }
}

impl Clone for Bus {
    fn clone(&self) -> Self {
        let slots = self.slots.iter().map(|slot| Slot {
            name: slot.name.clone(),
            device: slot.device.clone_device(),
            driver: slot.driver.as_ref().map(|driver| match driver {
                Driver::Block(driver) => Driver::Block(driver.clone_driver()),
                Driver::Net(driver) => Driver::Net(driver.clone_driver()),
                Driver::Char(driver) => Driver::Char(driver.clone_driver()),
            }),
        });
        Self { slots: slots.collect() }
    }
}

impl Hash for Bus {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        for slot in &self.slots {
            slot.device.digest(&mut digester);
            match &slot.driver {
                Some(Driver::Block(driver)) => driver.digest(&mut digester),
                Some(Driver::Net(driver)) => driver.digest(&mut digester),
                Some(Driver::Char(driver)) => driver.digest(&mut digester),
                None => {}
            }
        }
        state.write_u64(digester.finish());
    }
}
