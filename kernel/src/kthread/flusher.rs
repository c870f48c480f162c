//! The flusher: writes what is dirty back to its device.

use crate::base::{Channel, Duration, Work};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::fs::Key;
use crate::io::block;
use crate::proc::{CallFrame, Channels, Interruptible, WaitFor};

/// How long something may stay dirty before the flusher looks (Linux: 5 s).
pub const PERIOD: Duration = Duration::seconds(5);

/// How many writes it starts in one go.
const BATCH: usize = 32;

/// One step: starts a batch of writes, or waits for those under way, or sleeps.
pub fn step(_frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> WaitFor {
    let batch: Vec<Key> = t.fs.cache.dirty().take(BATCH).collect();
    for key in batch {
        // The price of building a request and handing it to the driver.
        cx.charge(cx.costs.mode_switch);
        block::write_back(t, cx, key);
    }
    if let Some(key) = t.fs.cache.writing() {
        return WaitFor::channel(key.channel(), Wait::Disk, Interruptible::No);
    }
    WaitFor {
        channels: Channels::One(Channel::Work(Work::Flush)),
        deadline: Some(cx.now + PERIOD),
        interruptible: Interruptible::No,
        exclusive: false,
        kind: Wait::Work,
        bits: u32::MAX,
    }
}
