//! Physical memory: frames of 4096 bytes that cost the host nothing until they are written.
//!
//! A keyframe of a machine must not copy all of its memory. So a frame is either ours alone, or *frozen*:
//! shared with keyframes and copied on the next write, which is what the emulated kernel itself does for
//! fork(2). Freezing costs a pointer per frame in use; only what is dirtied afterwards is ever copied.

use crate::base::FrameId;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Bytes in a page and in a frame.
pub const PAGE_SIZE: usize = 4096;

/// The contents of a frame.
pub type Page = [u8; PAGE_SIZE];

static ZEROES: Page = [0; PAGE_SIZE];

#[derive(Clone, Debug, Default)]
#[expect(
    clippy::redundant_allocation,
    reason = "freezing must move a pointer, not copy the page into a new allocation"
)]
enum Frame {
    /// Never written: reads as zeroes.
    #[default]
    Untouched,
    Own(Box<Page>),
    Frozen(Arc<Box<Page>>),
}

/// The machine's physical memory.
#[derive(Clone, Debug)]
pub struct Ram {
    /// Up to the highest frame that was ever written.
    frames: Vec<Frame>,
    size: u32,
    spare: Spare,
}

/// Pages of the host's memory that no frame needs at the moment. The host takes longer to give a page, and to take it
/// back, than we do to clear one.
#[derive(Debug, Default)]
struct Spare(Vec<Box<Page>>);

/// How many pages are kept: 4 MiB.
const MOST_SPARE: usize = 1024;

/// A copy of the machine finds its own.
impl Clone for Spare {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Spare {
    /// A page with these contents.
    fn page(&mut self, contents: &Page) -> Box<Page> {
        match self.0.pop() {
            Some(mut page) => {
                *page = *contents;
                page
            }
            None => Box::new(*contents),
        }
    }

    fn keep(&mut self, page: Box<Page>) {
        if self.0.len() < MOST_SPARE {
            self.0.push(page);
        }
    }
}

impl Ram {
    /// Memory of `size` frames.
    #[must_use]
    pub fn new(size: u32) -> Self {
        Self { frames: Vec::new(), size, spare: Spare::default() }
    }

    /// How many frames there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// How many frames hold something; what the machine costs its host, in units of 4 KiB.
    #[must_use]
    pub fn touched(&self) -> usize {
        self.frames.iter().filter(|frame| !matches!(frame, Frame::Untouched)).count()
    }

    /// The contents of a frame; zeroes where there is no memory.
    #[inline]
    #[must_use]
    pub fn page(&self, frame: FrameId) -> &Page {
        contents(&self.frames, frame)
    }

    /// The contents of a frame, to change.
    #[inline]
    pub fn page_mut(&mut self, frame: FrameId) -> &mut Page {
        let at = frame.0 as usize;
        if !matches!(self.frames.get(at), Some(Frame::Own(_))) {
            self.own(at);
        }
        match &mut self.frames[at] {
            Frame::Own(page) => page,
            _ => unreachable!("own() has just made it so"),
        }
    }

    #[cold]
    fn own(&mut self, at: usize) {
        if at >= self.frames.len() {
            self.frames.resize(at + 1, Frame::Untouched);
        }
        let page = match std::mem::take(&mut self.frames[at]) {
            Frame::Own(page) => page,
            Frame::Frozen(shared) => {
                Arc::try_unwrap(shared).unwrap_or_else(|shared| self.spare.page(&shared))
            }
            Frame::Untouched => self.spare.page(&ZEROES),
        };
        self.frames[at] = Frame::Own(page);
    }

    /// Forgets what a frame held; it reads as zeroes and costs nothing.
    pub fn clear(&mut self, frame: FrameId) {
        if let Some(slot) = self.frames.get_mut(frame.0 as usize)
            && let Frame::Own(page) = std::mem::take(slot)
        {
            self.spare.keep(page);
        }
    }

    /// Copies a frame's contents to another one.
    pub fn copy(&mut self, from: FrameId, to: FrameId) {
        if from == to {
            return;
        }
        self.clear(to);
        let at = to.0 as usize;
        if at >= self.frames.len() {
            self.frames.resize(at + 1, Frame::Untouched);
        }
        self.frames[at] = Frame::Own(self.spare.page(contents(&self.frames, from)));
    }

    /// Makes the next [`Clone`] share every frame instead of copying it.
    pub fn freeze(&mut self) {
        for slot in &mut self.frames {
            if let Frame::Own(_) = slot
                && let Frame::Own(page) = std::mem::take(slot)
            {
                *slot = Frame::Frozen(Arc::new(page));
            }
        }
    }

    /// The numbers of a frame from its first on, as [`word`](Self::word) reads them.
    pub fn words(&self, frame: FrameId) -> impl Iterator<Item = u64> {
        let (words, _) = self.page(frame).as_chunks();
        words.iter().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// A number stored at a physical address (little-endian, aligned to 8), such as a page-table entry.
    #[inline]
    #[must_use]
    pub fn word(&self, frame: FrameId, index: usize) -> u64 {
        read_number(self.page(frame), index % 512 * 8, 8)
    }

    /// Stores such a number.
    #[inline]
    pub fn set_word(&mut self, frame: FrameId, index: usize, value: u64) {
        write_number(self.page_mut(frame), index % 512 * 8, 8, value);
    }
}

/// The contents of a frame; zeroes where there is no memory.
#[inline]
fn contents(frames: &[Frame], frame: FrameId) -> &Page {
    match frames.get(frame.0 as usize) {
        Some(Frame::Own(page)) => page,
        Some(Frame::Frozen(page)) => page,
        _ => &ZEROES,
    }
}

/// The little-endian number of `width` (1, 2, 4 or 8) bytes at `at`, which must lie inside the page.
#[inline]
#[must_use]
pub fn read_number(page: &Page, at: usize, width: usize) -> u64 {
    // Constant widths let the compiler make one load of each.
    match width {
        8 => page[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b)),
        4 => page[at..].first_chunk().map_or(0, |b| u64::from(u32::from_le_bytes(*b))),
        2 => page[at..].first_chunk().map_or(0, |b| u64::from(u16::from_le_bytes(*b))),
        _ => u64::from(page[at]),
    }
}

/// Stores the low `width` (1, 2, 4 or 8) bytes of a number at `at`.
#[inline]
pub fn write_number(page: &mut Page, at: usize, width: usize, value: u64) {
    let bytes = value.to_le_bytes();
    match width {
        8 => page[at..at + 8].copy_from_slice(&bytes),
        4 => page[at..at + 4].copy_from_slice(&bytes[..4]),
        2 => page[at..at + 2].copy_from_slice(&bytes[..2]),
        _ => page[at] = bytes[0],
    }
}

/// Frames that read the same are the same, whether they were ever written or not.
impl Hash for Ram {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.size.hash(state);
        for (n, frame) in self.frames.iter().enumerate() {
            let page = match frame {
                Frame::Untouched => continue,
                Frame::Own(page) => page,
                Frame::Frozen(page) => &**page,
            };
            if **page != ZEROES {
                n.hash(state);
                state.write(&page[..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ram;
    use crate::base::{Digester, FrameId};

    #[test]
    fn a_frozen_frame_is_shared_until_one_side_writes() {
        let mut ram = Ram::new(8);
        ram.set_word(FrameId(3), 5, 77);
        ram.freeze();
        let mut other = ram.clone();
        other.set_word(FrameId(3), 5, 78);
        assert_eq!((ram.word(FrameId(3), 5), other.word(FrameId(3), 5)), (77, 78));
    }

    #[test]
    fn zeroes_cost_and_count_nothing() {
        let (mut a, b) = (Ram::new(8), Ram::new(8));
        assert_eq!(a.word(FrameId(7), 0), 0);
        assert_eq!(a.touched(), 0);
        a.set_word(FrameId(7), 0, 0);
        assert_eq!(Digester::of(&a), Digester::of(&b));
        a.clear(FrameId(7));
        assert_eq!(a.touched(), 0);
    }
}
