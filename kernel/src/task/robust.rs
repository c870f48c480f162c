//! What a thread leaves behind in user memory when it ends: the word that pthread_join(3) waits for, and the
//! futexes that it still holds (get_robust_list(2); the layout is `struct robust_list_head`).
//!
//! The list is read as it is found: its maker may have written anything there. So every step is checked,
//! and there are at most `LIMIT` of them.

use super::{futex, life, wait};
use crate::base::{Pid, SpaceId};
use crate::context::{Cx, Tables};
use crate::proc::Thread;

/// How many entries are looked at (`ROBUST_LIST_LIMIT`).
const LIMIT: usize = 2048;
/// Bit of a futex word: somebody waits.
const WAITERS: u32 = 0x8000_0000;
/// Bit of a futex word: its owner ended while holding it.
const OWNER_DIED: u32 = 0x4000_0000;
/// Bits of a futex word: its owner's thread number.
const OWNER: u32 = 0x3fff_ffff;

/// CLONE_CHILD_CLEARTID and the list of robust futexes, for a thread of a process with this memory.
pub fn leave(t: &mut Tables, cx: &mut Cx, space: SpaceId, thread: &Thread) {
    if thread.robust_list != 0 {
        release_list(t, cx, space, thread.robust_list, thread.tid);
    }
    if thread.clear_tid != 0 {
        let address = thread.clear_tid;
        let _ = life::store_in(t, space, address, &[0; 4]);
        wake(t, cx, space, address);
    }
}

/// Wakes one who waits for a word.
fn wake(t: &mut Tables, cx: &mut Cx, space: SpaceId, address: u64) {
    if let Ok(word) = futex::key_of(t, space, address, false) {
        wait::wake(t, cx, word, 1);
    }
}

fn load_word(t: &mut Tables, space: SpaceId, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    t.memory.copy_in(t.mm.satp(space), address, &mut bytes).ok()?;
    Some(u64::from_le_bytes(bytes))
}

/// Walks the list: each futex on it that the thread holds is marked, and one who waits is woken.
fn release_list(t: &mut Tables, cx: &mut Cx, space: SpaceId, head: u64, tid: Pid) -> Option<()> {
    let mut entry = load_word(t, space, head)?;
    let offset = load_word(t, space, head.checked_add(8)?)?;
    let pending = load_word(t, space, head.checked_add(16)?)?;
    for _ in 0..LIMIT {
        // The lowest bit marks a lock with priority inheritance: its waiters are told by whoever hands it over.
        let at = entry & !1;
        if at == head {
            break;
        }
        let next = load_word(t, space, at)?;
        if at != pending & !1 {
            release_futex((t, cx), space, at.wrapping_add(offset), tid, entry & 1 == 0)?;
        }
        entry = next;
    }
    // The one that it was about to lock or unlock.
    let at = pending & !1;
    if at != 0 {
        release_futex((t, cx), space, at.wrapping_add(offset), tid, pending & 1 == 0)?;
    }
    Some(())
}

/// Marks a futex that the thread holds; if it `wakes`, somebody who waits is woken.
fn release_futex(
    (t, cx): (&mut Tables, &mut Cx),
    space: SpaceId,
    address: u64,
    tid: Pid,
    wakes: bool,
) -> Option<()> {
    if !address.is_multiple_of(4) {
        return None;
    }
    let mut bytes = [0; 4];
    t.memory.copy_in(t.mm.satp(space), address, &mut bytes).ok()?;
    let word = u32::from_le_bytes(bytes);
    if word & OWNER == tid.0 {
        let left = word & WAITERS | OWNER_DIED;
        life::store_in(t, space, address, &left.to_le_bytes()).ok()?;
        if wakes && word & WAITERS != 0 {
            wake(t, cx, space, address);
        }
    }
    Some(())
}
