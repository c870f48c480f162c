//! The programs of a machine's threads. They hold futures, so they are not part of the state that is
//! copied: a copy has them as saved values and revives each when its thread runs next.

use crate::abi::program::{Program, SavedProgram};
use crate::base::ThreadId;
use std::sync::Arc;

enum Slot {
    Empty,
    Saved(Arc<dyn SavedProgram>),
    Live(Box<dyn Program>),
}

/// The programs by thread.
#[derive(Default)]
pub struct Programs {
    slots: Vec<Slot>,
}

/// All programs of a machine as values.
#[derive(Clone, Default)]
pub struct SavedPrograms {
    slots: Vec<Option<Arc<dyn SavedProgram>>>,
}

impl SavedPrograms {
    /// A number for all their positions.
    #[must_use]
    pub fn digest(&self) -> Vec<(usize, u64)> {
        let saved = self.slots.iter().enumerate();
        saved.filter_map(|(n, slot)| Some((n, slot.as_ref()?.digest()))).collect()
    }
}

impl From<&SavedPrograms> for Programs {
    fn from(saved: &SavedPrograms) -> Self {
        let slot = |slot: &Option<Arc<dyn SavedProgram>>| match slot {
            Some(program) => Slot::Saved(Arc::clone(program)),
            None => Slot::Empty,
        };
        Self { slots: saved.slots.iter().map(slot).collect() }
    }
}

impl Programs {
    /// Gives a thread its program.
    pub fn set(&mut self, thread: ThreadId, program: Arc<dyn SavedProgram>) {
        let at = thread.index();
        if at >= self.slots.len() {
            self.slots.resize_with(at + 1, || Slot::Empty);
        }
        self.slots[at] = Slot::Saved(program);
    }

    /// The thread has ended.
    pub fn remove(&mut self, thread: ThreadId) {
        if let Some(slot) = self.slots.get_mut(thread.index()) {
            *slot = Slot::Empty;
        }
        while let Some(Slot::Empty) = self.slots.last() {
            self.slots.pop();
        }
    }

    /// The thread's program, revived if need be.
    #[inline]
    pub fn live(&mut self, thread: ThreadId) -> Option<&mut dyn Program> {
        let slot = self.slots.get_mut(thread.index())?;
        if let Slot::Saved(saved) = slot {
            *slot = Slot::Live(saved.revive());
        }
        match slot {
            Slot::Live(program) => Some(program.as_mut()),
            _ => None,
        }
    }

    /// The thread's program as a value.
    pub fn save(&mut self, thread: ThreadId) -> Option<Arc<dyn SavedProgram>> {
        match self.slots.get_mut(thread.index())? {
            Slot::Empty => None,
            Slot::Saved(saved) => Some(Arc::clone(saved)),
            Slot::Live(program) => Some(program.save()),
        }
    }

    /// All programs as values.
    #[must_use]
    pub fn save_all(&mut self) -> SavedPrograms {
        let save = |slot: &mut Slot| match slot {
            Slot::Empty => None,
            Slot::Saved(saved) => Some(Arc::clone(saved)),
            Slot::Live(program) => Some(program.save()),
        };
        SavedPrograms { slots: self.slots.iter_mut().map(save).collect() }
    }
}
