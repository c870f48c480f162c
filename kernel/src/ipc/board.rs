//! Boards: whose turn it is among the processes of a script, and what they have told each other.
//!
//! A board belongs to the thread that first asked for one and to all that descend from it. Turns are numbers that only
//! rise; the thread whose turn it is holds it until it asks for another one, waits in a call when it said that it
//! might, or ends. See [`crate::abi::probe`] for the calls.
//!
//! Taken from elsewhere: a turn that is handed on in a fixed order is the ticket lock's "now serving" (Mellor-Crummey
//! and Scott, 1991); a table of numbers that one waits for is Linda's tuple space (Gelernter, 1985) at its smallest.

use crate::abi::Errno;
use crate::base::{BoardId, BoardTag, Table, ThreadId};
use std::collections::BTreeMap;

/// How many numbers a board holds.
const MOST_NOTES: usize = 65_536;

/// How many boards a machine has.
const MOST_BOARDS: usize = 1024;

/// One board.
#[derive(Clone, Debug, Default, Hash)]
pub struct Board {
    /// Whose turn it is.
    turn: u64,
    /// Who has it, and whether it goes on when that thread waits.
    holder: Option<(ThreadId, bool)>,
    notes: BTreeMap<u64, u64>,
}

/// All boards of a machine.
#[derive(Clone, Debug, Default, Hash)]
pub struct Boards {
    boards: Table<BoardTag, Board>,
}

impl Boards {
    /// A new board.
    ///
    /// # Errors
    /// `ENOSPC` if there are too many.
    pub fn open(&mut self) -> Result<BoardId, Errno> {
        if self.boards.iter().count() >= MOST_BOARDS {
            return Err(Errno::ENOSPC);
        }
        Ok(self.boards.insert(Board::default()))
    }

    /// A board.
    pub fn get_mut(&mut self, id: BoardId) -> Option<&mut Board> {
        self.boards.get_mut(id)
    }
}

impl Board {
    /// A thread ends its turn, if it has it. `true` if somebody else's begins.
    pub fn end_turn(&mut self, thread: ThreadId) -> bool {
        let has_it = self.holder.is_some_and(|(holder, _)| holder == thread);
        if has_it {
            self.holder = None;
            self.turn += 1;
        }
        has_it
    }

    /// The same for a thread that begins to wait, if it had said that it might.
    pub fn hand_over(&mut self, thread: ThreadId) -> bool {
        self.holder == Some((thread, true)) && self.end_turn(thread)
    }

    /// A thread takes the turn of this number, if it is its turn. One that has passed already counts as taken, and the
    /// thread does not hold it.
    pub fn take_turn(&mut self, thread: ThreadId, turn: u64, hands_over: bool) -> bool {
        if self.turn == turn {
            self.holder = Some((thread, hands_over));
        }
        self.turn >= turn
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn turn(&self) -> u64 {
        self.turn
    }

    /// Writes a number down.
    ///
    /// # Errors
    /// `ENOSPC` if there are too many.
    pub fn note(&mut self, key: u64, value: u64) -> Result<(), Errno> {
        if self.notes.len() >= MOST_NOTES && !self.notes.contains_key(&key) {
            return Err(Errno::ENOSPC);
        }
        self.notes.insert(key, value);
        Ok(())
    }

    /// A number that was written down.
    #[must_use]
    pub fn recall(&self, key: u64) -> Option<u64> {
        self.notes.get(&key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Board, Boards};
    use crate::base::{Table, ThreadId, ThreadTag};

    fn threads() -> [ThreadId; 2] {
        let mut table: Table<ThreadTag, ()> = Table::default();
        [table.insert(()), table.insert(())]
    }

    #[test]
    fn turns_go_in_their_order_whoever_asks_first() {
        let [a, b] = threads();
        let mut board = Board::default();
        assert!(!board.take_turn(b, 1, false), "turn 0 comes first");
        assert!(!board.end_turn(b), "nobody ends what he does not have");
        assert!(board.take_turn(a, 0, false));
        assert!(!board.hand_over(a), "it did not say that it might wait");
        assert!(board.end_turn(a));
        assert!(board.take_turn(b, 1, true));
        assert!(board.hand_over(b));
        assert!(!board.end_turn(b), "it has handed it over");
        assert_eq!(board.turn(), 2);
    }

    #[test]
    fn notes_are_kept_up_to_a_limit() {
        let mut boards = Boards::default();
        let id = boards.open().expect("room");
        let board = boards.get_mut(id).expect("a board");
        assert_eq!(board.recall(7), None);
        for key in 0..70_000 {
            let _ = board.note(key, key + 1);
        }
        assert_eq!(board.recall(7), Some(8));
        assert_eq!(board.recall(69_999), None);
        board.note(7, 1).expect("an old key may change");
    }
}
