//! Who owns which frame of RAM, and how many owners a frame has.

use crate::base::FrameId;

/// Hands out frames, lowest first at the start, last returned first later, and counts their owners.
#[derive(Clone, Debug, Hash)]
pub struct Frames {
    /// Owners per frame, up to the highest one ever handed out.
    owners: Vec<u32>,
    free: Vec<FrameId>,
    size: u32,
}

impl Frames {
    /// All of `size` frames are free.
    #[must_use]
    pub fn new(size: u32) -> Self {
        Self { owners: Vec::new(), free: Vec::new(), size }
    }

    /// A frame with one owner; `None` when none is left. Its contents are whatever the last owner left.
    pub fn allocate(&mut self) -> Option<FrameId> {
        if let Some(frame) = self.free.pop() {
            self.owners[frame.0 as usize] = 1;
            return Some(frame);
        }
        if self.owners.len() >= self.size as usize {
            return None;
        }
        self.owners.push(1);
        Some(FrameId((self.owners.len() - 1) as u32))
    }

    /// One more owner.
    pub fn share(&mut self, frame: FrameId) {
        if let Some(owners) = self.owners.get_mut(frame.0 as usize) {
            *owners += 1;
        }
    }

    /// One owner less. `true` when it was the last: the frame is free again.
    pub fn release(&mut self, frame: FrameId) -> bool {
        let Some(owners) = self.owners.get_mut(frame.0 as usize) else {
            return false;
        };
        debug_assert!(*owners > 0, "frame {frame} released twice");
        *owners = owners.saturating_sub(1);
        let last = *owners == 0;
        if last {
            self.free.push(frame);
        }
        last
    }

    /// How many owners a frame has; 0 if it is free.
    #[must_use]
    pub fn owners(&self, frame: FrameId) -> u32 {
        self.owners.get(frame.0 as usize).copied().unwrap_or(0)
    }

    /// How many frames are free.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.size - self.owners.len() as u32 + self.free.len() as u32
    }

    /// How many frames there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;
    use crate::base::FrameId;

    #[test]
    fn a_frame_is_free_when_its_last_owner_let_go() {
        let mut frames = Frames::new(2);
        let a = frames.allocate().expect("a frame");
        frames.share(a);
        assert!(!frames.release(a));
        assert_eq!(frames.available(), 1);
        assert!(frames.release(a));
        assert_eq!(frames.available(), 2);
    }

    #[test]
    fn there_are_only_so_many() {
        let mut frames = Frames::new(1);
        assert_eq!(frames.allocate(), Some(FrameId(0)));
        assert_eq!(frames.allocate(), None);
        frames.release(FrameId(0));
        assert_eq!(frames.allocate(), Some(FrameId(0)));
    }
}
