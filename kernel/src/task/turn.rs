//! Turns of a script's threads, where the kernel itself ends them: the thread waits, or is gone.

use super::wait;
use crate::abi::probe;
use crate::base::{Channel, ThreadId};
use crate::context::{Cx, Tables};
use crate::ipc::Board;

/// A thread ends its turn, if it has it.
pub fn end_turn(t: &mut Tables, cx: &mut Cx, thread: ThreadId) {
    pass_on(t, cx, thread, Board::end_turn);
}

/// A thread begins to wait in a call: its turn is over, if it said so.
pub fn hand_over(t: &mut Tables, cx: &mut Cx, thread: ThreadId) {
    pass_on(t, cx, thread, Board::hand_over);
}

/// A thread is gone: its turn is over, and whoever waits for its end goes on.
pub fn leave(t: &mut Tables, cx: &mut Cx, thread: ThreadId, status: u32) {
    end_turn(t, cx, thread);
    let Some((Some(id), tid)) = t.proc.threads.get(thread).map(|thread| (thread.board, thread.tid))
    else {
        return;
    };
    let key = probe::ENDED + u64::from(tid.0);
    // A board that is full has no room for this either, and nobody waits for it there.
    if t.boards.get_mut(id).is_some_and(|board| board.note(key, status.into()).is_ok()) {
        wait::wake_all(t, cx, Channel::Note(id, key));
    }
}

fn pass_on(t: &mut Tables, cx: &mut Cx, thread: ThreadId, end: fn(&mut Board, ThreadId) -> bool) {
    let Some(id) = t.proc.threads.get(thread).and_then(|thread| thread.board) else { return };
    let Some(board) = t.boards.get_mut(id) else { return };
    if end(board, thread) {
        let turn = board.turn();
        wait::wake_all(t, cx, Channel::Turn(id, turn));
    }
}
