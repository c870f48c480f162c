//! Devices that are nothing but what the kernel makes of them: null(4), zero(4), full(4), random(4).

use super::Result;
use super::transfer::{Buffers, PAGE, Rest};
use crate::abi::{Access, Errno};
use crate::io::user::STEP_PAGES;
use crate::proc::{Special, Stop};

/// What read(2) does.
///
/// # Errors
/// A fault to repair.
pub(super) fn read(special: Special, buffers: &Buffers, (frame, t, cx): Rest<'_>) -> Result {
    if special == Special::Null {
        return Ok(0);
    }
    while frame.progress < buffers.total() {
        let step = (buffers.total() - frame.progress).min(STEP_PAGES * PAGE);
        buffers.touch(t, cx, (frame.progress, step), Access::Store)?;
        let mut bytes = vec![0; step as usize];
        if special == Special::Random {
            for chunk in bytes.chunks_mut(8) {
                let word = t.random.next_u64().to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
            }
        }
        buffers.put(t, cx, frame.progress, &bytes)?;
        frame.progress += step;
    }
    Ok(frame.progress)
}

/// What write(2) does.
///
/// # Errors
/// `ENOSPC` for /dev/full.
pub(super) fn write(special: Special, buffers: &Buffers) -> Result {
    match special {
        Special::Full if buffers.total() > 0 => Err(Stop::Fail(Errno::ENOSPC)),
        _ => Ok(buffers.total()),
    }
}
