//! What the scheduler is asked for a thread, and what a thread that holds a lock inherits from who waits for it.
//!
//! Priority inheritance (Sha, Rajkumar, Lehoczky, 1990): while somebody more urgent waits for a lock, its owner
//! runs as if it were the waiter; if the owner waits for a lock itself, so does that one's owner, and so on
//! (Linux' `rt_mutex_adjust_prio_chain`).

use super::wait;
use crate::base::{Channel, ThreadId};
use crate::context::{Cx, Tables};
use crate::event::{Event, Leave, SchedEvent};
use crate::ipc::pi::Word;
use crate::sched::Params;

/// How long a chain of owners who wait for owners may be (Linux' `max_lock_depth`).
const MAX_CHAIN: usize = 1024;

/// The part of a PI futex word that names the owner (`FUTEX_TID_MASK`).
pub const OWNER: u32 = 0x3fff_ffff;
/// Somebody waits (`FUTEX_WAITERS`).
pub const WAITERS: u32 = 0x8000_0000;
/// The owner ended without unlocking (`FUTEX_OWNER_DIED`).
pub const OWNER_DIED: u32 = 0x4000_0000;

/// What was asked for a thread, whatever it has inherited.
#[must_use]
pub fn asked(t: &Tables, id: ThreadId) -> Params {
    let asked = t.proc.threads.get(id).and_then(|thread| thread.asked);
    asked.unwrap_or_else(|| t.sched.params(id))
}

/// Asks something else for a thread.
pub fn ask(t: &mut Tables, cx: &mut Cx, id: ThreadId, params: Params) {
    if let Some(thread) = t.proc.threads.get_mut(id) {
        thread.asked = Some(params);
        refresh(t, cx, id);
    }
}

/// Makes a thread run as what was asked for it and what waiters lend it come to; and if it waits for a lock itself,
/// the owner of that one, too.
pub fn refresh(t: &mut Tables, cx: &mut Cx, id: ThreadId) {
    let mut next = Some(id);
    for _ in 0..MAX_CHAIN {
        let Some(id) = next.take() else { return };
        let asked = asked(t, id);
        let lenders = t.pi.owned_by(id).flat_map(|(_, lock)| &lock.waiters);
        let params = lenders.fold(asked, |params, &lender| params.lent(&t.sched.params(lender)));
        let Some(thread) = t.proc.threads.get_mut(id) else { return };
        thread.asked = (params != asked).then_some(asked);
        if params == t.sched.params(id) {
            return;
        }
        let serial = thread.serial;
        let priority = params.kernel_priority();
        let inherited = params != asked;
        cx.emit(Event::Sched(SchedEvent::Priority { thread: serial, priority, inherited }));
        if let Some(cpu) = t.sched.change(id, params, cx.now) {
            t.cpus[usize::from(cpu.0)].resched.get_or_insert(Leave::Preempted);
            wait::look_again(t, cx, cpu);
        }
        next = t.pi.blocked_by(id);
    }
}

/// Whether a thread waits for a lock of another one, or for a lock of somebody who does.
#[must_use]
pub fn is_behind(t: &Tables, waiter: ThreadId, owner: ThreadId) -> bool {
    let chain = std::iter::successors(t.pi.blocked_by(waiter), |&next| t.pi.blocked_by(next));
    chain.take(MAX_CHAIN).any(|next| next == owner)
}

/// The most urgent of those who wait for a lock; the one who has waited longest among equals.
#[must_use]
pub fn first_waiter(t: &Tables, word: Word) -> Option<ThreadId> {
    let waiters = &t.pi.get(word)?.waiters;
    waiters.iter().copied().min_by_key(|&waiter| t.sched.params(waiter).urgency())
}

/// Gives a lock to its most urgent waiter. Returns the new word, and `None` if nobody waits.
pub fn hand_over(t: &mut Tables, cx: &mut Cx, word: Word) -> Option<u32> {
    let next = first_waiter(t, word)?;
    let tid = t.proc.threads.get(next)?.tid.0;
    let others_wait = t.pi.hand_over(word, next);
    refresh(t, cx, next);
    wait::wake(t, cx, Channel::PiLock(next), 1);
    Some(tid & OWNER | if others_wait { WAITERS } else { 0 })
}

/// A thread ends: whoever waits for a lock of its gets it, and sees in the word what has happened; what it waited for
/// itself it does not want any more.
pub fn forget(t: &mut Tables, cx: &mut Cx, id: ThreadId) {
    if t.pi.is_empty() {
        return;
    }
    let owned: Vec<Word> = t.pi.owned_by(id).map(|(word, _)| word).collect();
    for word in owned {
        // Its heir has touched the word, and is the one who will look at it.
        let heir = first_waiter(t, word);
        let address = heir.and_then(|heir| t.pi.address_for(heir));
        if let Some(value) = hand_over(t, cx, word)
            && let (Some(heir), Some(address)) = (heir, address)
            && let Some(space) = t.proc.process_of(heir).and_then(|process| process.space)
        {
            let word = (value | OWNER_DIED).to_le_bytes();
            let _ = super::life::store_in(t, space, address, &word);
        }
    }
    if let Some(owner) = t.pi.withdraw(id) {
        refresh(t, cx, owner);
    }
}
