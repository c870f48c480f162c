//! Names whose numbers are known only when a script runs: its variables, and the numbers of its processes.

use std::collections::BTreeMap;

/// A name, as the number under which it is written on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(pub(super) u32);

/// All names of a script.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    by_name: BTreeMap<String, Key>,
    /// Places in memory for variables that nothing gives a value: words that threads share.
    cells: BTreeMap<Key, u64>,
}

impl Keys {
    /// The key of a name.
    pub(super) fn intern(&mut self, name: &str) -> Key {
        if let Some(&key) = self.by_name.get(name) {
            return key;
        }
        let key = Key(self.by_name.len() as u32);
        self.by_name.insert(name.to_owned(), key);
        key
    }

    /// The key of a name that has one.
    pub(super) fn find(&self, name: &str) -> Option<Key> {
        self.by_name.get(name).copied()
    }

    /// The key of a process's or thread's number, as the script writes it.
    pub(super) fn task(label: &str) -> String {
        format!("task {label}")
    }

    /// A word of memory that belongs to the name.
    pub(super) fn set_cell(&mut self, key: Key, address: u64) {
        self.cells.insert(key, address);
    }

    /// The word of memory that belongs to a name.
    pub(super) fn cell(&self, key: Key) -> Option<u64> {
        self.cells.get(&key).copied()
    }
}
