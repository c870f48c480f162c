//! The swapper: keeps some frames free, so that who needs one need not wait (Linux' kswapd).
//!
//! It begins when fewer frames are free than the low watermark, and stops at the high one. Whoever found no frame at all waits for it. If nothing
//! can be taken away and nothing is on its way, it has the process killed whose memory helps most. (Linux lets
//! those who need frames take pages away themselves as well, "direct reclaim"; and it is they who call the OOM killer.)

use crate::base::{Channel, Duration, Work};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::reclaim::{self, Taken};
use crate::mm::FRAMES_FOR_A_CHANGE;
use crate::proc::{CallFrame, Channels, Interruptible, WaitFor};
use crate::task::{oom, wait};

/// How many pages it looks at in one go (Linux' `SWAP_CLUSTER_MAX`).
const BATCH: u32 = 32;
/// How often it looks again while memory is short and nothing else wakes it; and how often the policy may look who was used.
pub const PERIOD: Duration = Duration::millis(10);

/// One step: takes a batch of pages away, then waits for the disk, for need, or for a while.
pub fn step(_frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> WaitFor {
    t.mm.pressure.is_rung = false;
    crate::io::swap::tidy(t);
    let high = t.mm.pressure.marks.high;
    let mut moving = 0;
    if t.mm.frames.available() < high {
        reclaim::tick(t);
    }
    for _ in 0..BATCH {
        if t.mm.frames.available() + moving >= high {
            break;
        }
        cx.charge(cx.costs.reclaim_page);
        match reclaim::one(t, cx) {
            Some(Taken::Writing) => moving += 1,
            Some(Taken::Freed | Taken::Kept) => {}
            // Its pieces can go one by one.
            None if t.mm.split_some(&mut t.memory) => {}
            None => break,
        }
    }
    if t.mm.frames.available() >= FRAMES_FOR_A_CHANGE {
        wait::wake_all(t, cx, Channel::Memory);
    } else if t.fs.cache.writing().is_none() && wait::is_awaited(t, Channel::Memory) {
        // Nothing will become free by itself.
        t.mm.pressure.is_hopeless = !oom::kill(t, cx);
        wait::wake_all(t, cx, Channel::Memory);
    }
    let writing = t.fs.cache.writing().filter(|_| t.mm.frames.available() < high);
    let again = t.mm.frames.available() < high;
    let mut channels = vec![Channel::Work(Work::Reclaim)];
    channels.extend(writing.map(crate::fs::Key::channel));
    WaitFor {
        channels: Channels::Many(channels),
        deadline: again.then(|| cx.now + PERIOD),
        interruptible: Interruptible::No,
        exclusive: false,
        kind: Wait::Work,
        bits: u32::MAX,
    }
}
