//! The driver of the serial port. It keeps no state: everything is in the device.

use super::CharDriver;
use crate::base::Digester;
use crate::hw::{Device, Wires, uart};

/// The driver.
#[derive(Clone, Copy, Debug)]
pub struct Serial;

impl CharDriver for Serial {
    fn name(&self) -> &'static str {
        "uart"
    }

    fn waiting(&self, device: &mut dyn Device) -> usize {
        device.read(uart::WAITING) as usize
    }

    fn read(&mut self, into: &mut [u8], device: &mut dyn Device) -> usize {
        let mut count = 0;
        for byte in into {
            match device.read(uart::DATA) {
                u64::MAX => break,
                typed => *byte = typed as u8,
            }
            count += 1;
        }
        count
    }

    fn write(&mut self, bytes: &[u8], device: &mut dyn Device, wires: &mut Wires<'_>) {
        for &byte in bytes {
            device.write(uart::DATA, u64::from(byte), wires);
        }
    }

    fn clone_driver(&self) -> Box<dyn CharDriver> {
        Box::new(*self)
    }
    fn digest(&self, _digester: &mut Digester) {}
}
