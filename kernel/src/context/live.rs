//! What a machine has that is not a plain value: programs and guests. Both can be saved as values and
//! revived from them.

use crate::abi::program::{Guest, SavedGuest};
use crate::base::{GuestId, GuestTag, Table};
use crate::proc::{Programs, SavedPrograms};
use std::sync::Arc;

/// Programs and guests, alive.
#[derive(Default)]
pub struct Live {
    /// The program of each thread.
    pub programs: Programs,
    guests: Table<GuestTag, Box<dyn Guest>>,
}

/// The same, as values that may go to another host thread.
#[derive(Clone, Default)]
pub struct SavedLive {
    programs: SavedPrograms,
    guests: Table<GuestTag, Arc<dyn SavedGuest>>,
}

impl Live {
    /// Takes a guest in.
    pub fn add_guest(&mut self, guest: Box<dyn Guest>) -> GuestId {
        self.guests.insert(guest)
    }

    /// A guest.
    pub fn guest(&mut self, id: GuestId) -> Option<&mut dyn Guest> {
        match self.guests.get_mut(id) {
            Some(guest) => Some(guest.as_mut()),
            None => None,
        }
    }

    /// A guest, to look at.
    #[must_use]
    pub fn guest_ref(&self, id: GuestId) -> Option<&dyn Guest> {
        self.guests.get(id).map(AsRef::as_ref)
    }

    /// Everything as values.
    pub fn save(&mut self) -> SavedLive {
        let mut guests = Table::default();
        // Guests are never removed, so that ids come out the same in a fresh table.
        for (_, guest) in self.guests.iter_mut() {
            guests.insert(guest.save());
        }
        SavedLive { programs: self.programs.save_all(), guests }
    }
}

impl SavedLive {
    /// A number for all of it.
    #[must_use]
    pub fn digest(&self) -> (Vec<(usize, u64)>, Vec<u64>) {
        let guests = self.guests.iter().map(|(_, guest)| guest.digest());
        (self.programs.digest(), guests.collect())
    }

    /// Everything alive again.
    #[must_use]
    pub fn revive(&self) -> Live {
        let mut guests = Table::default();
        for (_, guest) in self.guests.iter() {
            guests.insert(guest.revive());
        }
        Live { programs: Programs::from(&self.programs), guests }
    }
}
