//! A serial port: the console. Bytes typed on it wait in its buffer, bytes written to it are kept for
//! whoever looks at the screen.

use super::device::{Device, DeviceType, Wires};
use crate::base::Digester;
use std::any::Any;
use std::collections::VecDeque;
use std::hash::Hash;

/// Register: reading takes the oldest byte typed (`u64::MAX`: none), writing shows a byte.
pub const DATA: u16 = 0;
/// Register: how many typed bytes wait.
pub const WAITING: u16 = 1;

/// How many typed bytes wait at most; more are lost, as when a real buffer overruns.
const BUFFER: usize = 4096;
/// How much of what was shown is kept.
const SCREEN: usize = 64 * 1024;

/// The serial port.
#[derive(Clone, Debug, Default, Hash)]
pub struct Uart {
    typed: VecDeque<u8>,
    shown: VecDeque<u8>,
    /// How many bytes were ever written to it.
    written: u64,
}

impl Uart {
    /// What the bus knows it by.
    pub const TYPE: DeviceType = DeviceType { vendor: 0x05c0, model: 0x0003 };

    /// What was written to it, the newest 64 KiB.
    #[must_use]
    pub fn shown(&self) -> Vec<u8> {
        self.shown.iter().copied().collect()
    }

    /// How many bytes were ever written to it, and those of them that came after the first `seen`: whoever looks often
    /// enough misses none.
    #[must_use]
    pub fn shown_since(&self, seen: u64) -> (u64, Vec<u8>) {
        let new = usize::try_from(self.written.saturating_sub(seen)).unwrap_or(usize::MAX);
        let known = self.shown.len().saturating_sub(new);
        (self.written, self.shown.iter().skip(known).copied().collect())
    }
}

impl Device for Uart {
    fn device_type(&self) -> DeviceType {
        Self::TYPE
    }

    fn read(&mut self, register: u16) -> u64 {
        match register {
            DATA => self.typed.pop_front().map_or(u64::MAX, u64::from),
            WAITING => self.typed.len() as u64,
            _ => 0,
        }
    }

    fn write(&mut self, register: u16, value: u64, _wires: &mut Wires<'_>) {
        if register == DATA {
            if self.shown.len() == SCREEN {
                self.shown.pop_front();
            }
            self.shown.push_back(value as u8);
            self.written += 1;
        }
    }

    fn attend(&mut self, _wires: &mut Wires<'_>) {}

    fn type_bytes(&mut self, bytes: &[u8], wires: &mut Wires<'_>) {
        let room = BUFFER - self.typed.len();
        self.typed.extend(bytes.iter().take(room));
        wires.interrupt = true;
    }

    fn clone_device(&self) -> Box<dyn Device> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
