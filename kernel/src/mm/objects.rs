//! Memory objects: made, held, mapped, filled, and gone with the last of those who know them.

use super::object::{Kind, Place};
use super::vma::PAGE;
use super::{Backing, Mm, NoMemory, Object, Use, Vma};
use crate::base::{FrameId, ObjectId};
use crate::hw::Memory;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Mm {
    /// Makes an object of `size` bytes, with `holds` holders. If it `promises`, all of it counts as promised.
    ///
    /// # Errors
    /// [`NoMemory`] if that much may not be promised.
    pub fn create_object(
        &mut self,
        kind: Kind,
        size: u64,
        (holds, promises): (u32, bool),
    ) -> Result<ObjectId, NoMemory> {
        let promised = if promises { size.div_ceil(PAGE) } else { 0 };
        self.promises.promise(promised)?;
        let pages = BTreeMap::new();
        Ok(self.objects.insert(Object { kind, size, pages, mapped: 0, holds, promised }))
    }

    /// The object with a program's text: all processes that run it map the same one.
    pub fn text(&mut self, name: &str, pages: u64) -> ObjectId {
        let size = pages * PAGE;
        let known = self.texts.get(name).copied();
        if let Some(object) =
            known.filter(|&id| self.objects.get(id).is_some_and(|o| o.size == size))
        {
            return object;
        }
        let (name, empty): (Arc<str>, _) = (name.into(), BTreeMap::new());
        let kind = Kind::Text(Arc::clone(&name));
        let object = Object { kind, size, pages: empty, mapped: 0, holds: 0, promised: 0 };
        let id = self.objects.insert(object);
        self.texts.insert(name, id);
        id
    }

    /// An object.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id)
    }

    /// All objects.
    pub fn all_objects(&self) -> impl Iterator<Item = (ObjectId, &Object)> {
        self.objects.iter()
    }

    /// One more holder.
    pub fn hold_object(&mut self, id: ObjectId) {
        if let Some(object) = self.objects.get_mut(id) {
            object.holds += 1;
        }
    }

    /// One holder less.
    pub fn unhold_object(&mut self, memory: &mut Memory, id: ObjectId) {
        if let Some(object) = self.objects.get_mut(id) {
            object.holds = object.holds.saturating_sub(1);
        }
        self.reap_object(memory, id);
    }

    /// An area maps its object.
    pub(super) fn map_object(&mut self, vma: &Vma) {
        if let Backing::Object { object, .. } = vma.backing
            && let Some(object) = self.objects.get_mut(object)
        {
            object.mapped += vma.pages();
        }
    }

    /// An area, or a part of one, maps its object no longer.
    pub(super) fn unmap_object(&mut self, memory: &mut Memory, vma: &Vma) {
        if let Backing::Object { object: id, .. } = vma.backing {
            if let Some(object) = self.objects.get_mut(id) {
                object.mapped = object.mapped.saturating_sub(vma.pages());
            }
            self.reap_object(memory, id);
        }
    }

    /// Gives everything back if nobody knows the object any more.
    fn reap_object(&mut self, memory: &mut Memory, id: ObjectId) {
        if self.objects.get(id).is_none_or(|object| object.mapped > 0 || object.holds > 0) {
            return;
        }
        let Some(object) = self.objects.remove(id) else { return };
        self.promises.give_back(object.promised);
        if let Kind::Text(name) = &object.kind
            && self.texts.get(name) == Some(&id)
        {
            self.texts.remove(name);
        }
        self.count_of_files(&object.kind, -(object.pages.len() as i64));
        for place in object.pages.into_values() {
            self.release_place(memory, place);
        }
    }

    /// Pages, in RAM or in the swap area, of all files of a file system in memory.
    #[must_use]
    pub fn pages_of_files(&self, fs: u16) -> u64 {
        self.file_pages.get(&fs).copied().unwrap_or(0)
    }

    /// An object has more pages, or fewer.
    fn count_of_files(&mut self, kind: &Kind, more: i64) {
        if let Kind::File(inode) = kind {
            let count = self.file_pages.entry(inode.fs).or_default();
            *count = count.saturating_add_signed(more);
        }
    }

    fn release_place(&mut self, memory: &mut Memory, place: Place) {
        match place {
            Place::Frame(frame) => {
                self.release_frame(memory, frame);
            }
            Place::Swapped(slot) => self.release_slot(slot),
        }
    }

    /// Puts a frame into an object, which becomes an owner of it: the caller has counted it.
    pub fn fill_object(&mut self, memory: &mut Memory, id: ObjectId, page: u64, frame: FrameId) {
        self.adopt(frame, Use::Object { object: id, page });
        let Some(object) = self.objects.get_mut(id) else { return };
        let before = object.pages.insert(page, Place::Frame(frame));
        let kind = object.kind.clone();
        match before {
            Some(before) => self.release_place(memory, before),
            None => self.count_of_files(&kind, 1),
        }
    }

    /// Changes an object's size. What lies beyond the new one is gone, for everybody who maps it.
    ///
    /// # Errors
    /// [`NoMemory`] if that much may not be promised.
    pub fn resize_object(
        &mut self,
        memory: &mut Memory,
        id: ObjectId,
        size: u64,
    ) -> Result<(), NoMemory> {
        let object = self.objects.get_mut(id).ok_or(NoMemory)?;
        object.size = size;
        let first = size.div_ceil(PAGE);
        let cut = object.pages.split_off(&first);
        let kind = object.kind.clone();
        self.count_of_files(&kind, -(cut.len() as i64));
        for place in cut.into_values() {
            if let Place::Frame(frame) = place {
                self.unmap_everywhere(memory, frame, None);
            }
            self.release_place(memory, place);
        }
        // The rest of the last page must read as zeroes if the object grows again.
        let tail = (size % PAGE) as usize;
        if tail > 0
            && let Some(Place::Frame(frame)) =
                self.objects.get(id).and_then(|o| o.page(size / PAGE))
        {
            memory.ram.page_mut(frame)[tail..].fill(0);
        }
        Ok(())
    }

    /// Forgets some pages of an object; they read as zeroes again (MADV_REMOVE).
    pub fn punch_object(&mut self, memory: &mut Memory, id: ObjectId, (from, to): (u64, u64)) {
        let Some(object) = self.objects.get_mut(id) else { return };
        let inside: Vec<u64> = object.pages.range(from..to).map(|(&page, _)| page).collect();
        let gone: Vec<Place> = inside.iter().filter_map(|page| object.pages.remove(page)).collect();
        let kind = object.kind.clone();
        self.count_of_files(&kind, -(gone.len() as i64));
        for place in gone {
            if let Place::Frame(frame) = place {
                self.unmap_everywhere(memory, frame, None);
            }
            self.release_place(memory, place);
        }
    }

    /// A page of an object goes to the swap area.
    pub fn swap_object(&mut self, id: ObjectId, page: u64, slot: super::swap::Slot) {
        if let Some(object) = self.objects.get_mut(id) {
            object.pages.insert(page, Place::Swapped(slot));
        }
    }
}
