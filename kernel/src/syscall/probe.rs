//! Facts that programs state, and turns that they wait for: the calls of [`crate::abi::probe`].

use super::Result;
use crate::abi::{Errno, probe};
use crate::base::{BoardId, Channel, Time};
use crate::context::{Cx, Tables};
use crate::event::{Event, TaskEvent, Wait};
use crate::proc::{CallFrame, Interruptible, Stop, WaitFor, Woken};
use crate::task::turn::end_turn;
use crate::task::wait;

/// The caller's board; it gets one if it has none.
fn board(t: &mut Tables, cx: &Cx) -> Result<BoardId> {
    let known = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.board;
    if let Some(board) = known {
        return Ok(board);
    }
    let board = t.boards.open()?;
    if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
        thread.board = Some(board);
    }
    Ok(board)
}

/// `mark(fact, value)`.
pub fn sys_mark(fact: u64, value: u64, cx: &mut Cx) -> Result {
    let fact = u16::try_from(fact).map_err(|_| Errno::EINVAL)?;
    cx.emit(Event::Task(TaskEvent::Mark { fact, value }));
    Ok(0)
}

/// `turn(number, flags, value)`.
pub fn sys_turn(
    (turn, flags, value): (u64, u64, u64),
    (frame, t, cx): (&mut CallFrame, &mut Tables, &mut Cx),
) -> Result {
    let id = board(t, cx)?;
    if frame.stage == 0 {
        // Not to be done twice.
        frame.stage = 1;
        end_turn(t, cx, cx.caller);
    }
    let board = t.boards.get_mut(id).ok_or(Errno::ENOENT)?;
    if !board.take_turn(cx.caller, turn, flags & probe::HAND_OVER != 0) {
        return Err(Stop::Park(waits_for(Channel::Turn(id, turn))));
    }
    sys_mark(probe::LINE, value, cx)
}

/// `note(key, value, flags)`.
pub fn sys_note(key: u64, value: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = board(t, cx)?;
    let own = own_number(t, cx);
    let key = if flags & probe::ADD_TID != 0 { key.wrapping_add(own) } else { key };
    let value = if flags & probe::OWN_TID != 0 { own } else { value };
    t.boards.get_mut(id).ok_or(Errno::ENOENT)?.note(key, value)?;
    wait::wake_all(t, cx, Channel::Note(id, key));
    Ok(0)
}

fn own_number(t: &Tables, cx: &Cx) -> u64 {
    t.proc.threads.get(cx.caller).map_or(0, |thread| u64::from(thread.tid.0))
}

/// `recall(key, flags)`.
pub fn sys_recall(
    key: u64,
    flags: u64,
    (frame, t, cx): (&mut CallFrame, &mut Tables, &mut Cx),
) -> Result {
    let rests = flags & probe::RESTING != 0;
    if rests && frame.stage == 0 {
        frame.stage = 1;
        end_turn(t, cx, cx.caller);
    }
    let id = board(t, cx)?;
    let own = own_number(t, cx);
    let key = if flags & probe::ADD_TID != 0 { key.wrapping_add(own) } else { key };
    match t.boards.get_mut(id).ok_or(Errno::ENOENT)?.recall(key) {
        Some(value) => Ok(value),
        None if rests && frame.woken == Some(Woken::Signal) => Err(Stop::Fail(Errno::EINTR)),
        None => {
            let interruptible = if rests { Interruptible::Always } else { Interruptible::No };
            let wait = waits_for(Channel::Note(id, key));
            Err(Stop::Park(WaitFor { interruptible, ..wait }))
        }
    }
}

/// `rest()`.
pub fn sys_rest((frame, t, cx): (&mut CallFrame, &mut Tables, &mut Cx)) -> Result {
    if frame.stage == 0 {
        frame.stage = 1;
        end_turn(t, cx, cx.caller);
    }
    if frame.woken == Some(Woken::Signal) {
        return Err(Stop::Fail(Errno::EINTR));
    }
    let wait = WaitFor::until(Time::MAX, Interruptible::Always);
    Err(Stop::Park(WaitFor { deadline: None, kind: Wait::Turn, ..wait }))
}

/// Signals wait: a script says at which of its lines they come.
fn waits_for(channel: Channel) -> WaitFor {
    WaitFor::channel(channel, Wait::Turn, Interruptible::No)
}
