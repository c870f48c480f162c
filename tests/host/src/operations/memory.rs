//! Memory, mapped and touched.

use super::{Operation, repeat};
use crate::sys::Mapping;
use std::time::Instant;

pub(super) const PAGE_FAULT: Operation = Operation {
    name: "page-fault",
    about: "the first store to a page of private memory",
    batch: 1_000,
    prepare: || {
        Ok(Box::new(|n| {
            let mapping = Mapping::new(n as usize)?;
            mapping.decline_huge_pages();
            let begun = Instant::now();
            mapping.touch();
            Ok(begun.elapsed())
        }))
    },
};

pub(super) const MMAP_TOUCH_MUNMAP: Operation = Operation {
    name: "mmap-touch-munmap",
    about: "16 pages of private memory: mapped, each stored to, unmapped",
    batch: 100,
    prepare: || {
        Ok(repeat(|| {
            Mapping::new(16)?.touch();
            Ok(())
        }))
    },
};
