//! Laying out an executable's image in a new address space, and its arguments on the new stack.

use super::frames;
use crate::abi::Errno;
use crate::abi::program::Image;
use crate::base::SpaceId;
use crate::context::Tables;
use crate::hw::PAGE_SIZE;
use crate::mm::object::Place;
use crate::mm::{AreaFlags, Backing, Command, Rights, STACK_TOP, Share, TEXT_BASE, Use, Vma};
use std::sync::Arc;

const PAGE: u64 = PAGE_SIZE as u64;
/// How much room arguments and environment may take (Linux: a quarter of the stack limit).
pub const ARGUMENTS_MAX: usize = 128 * 1024;

/// How many pages a fresh stack has at most; it grows when it is used (Linux: 132 KiB).
const FIRST_STACK: u32 = 33;
/// How many pages of its text a program has from the start.
const AROUND: u64 = 16;

/// Makes an address space for an image, with `arguments` and `environment` on its stack. Returns the
/// space and the stack pointer: there lie `argc`, the argument pointers, a null, the environment pointers,
/// a null, as the RISC-V psABI says.
///
/// # Errors
/// `E2BIG`, `ENOMEM`, `EINVAL` for segments that do not fit.
pub fn lay_out(
    t: &mut Tables,
    image: &dyn Image,
    arguments: &[String],
    environment: &[String],
) -> Result<(SpaceId, u64), Errno> {
    let id = t.mm.create(&mut t.memory).map_err(|_| Errno::ENOMEM)?;
    let laid = fill(t, id, image, arguments, environment);
    if laid.is_err() {
        t.mm.release(id, &mut t.memory);
    }
    Ok((id, laid?))
}

fn fill(
    t: &mut Tables,
    id: SpaceId,
    image: &dyn Image,
    arguments: &[String],
    environment: &[String],
) -> Result<u64, Errno> {
    let segments = image.segments();
    let text_end = TEXT_BASE + u64::from(segments.text) * PAGE;
    let data_end = text_end + u64::from(segments.data) * PAGE;
    let stack_start = STACK_TOP - u64::from(segments.stack.clamp(16, FIRST_STACK)) * PAGE;
    let space = t.mm.space_mut(id).ok_or(Errno::ENOMEM)?;
    // A gap between data and heap, as on Linux: running off the end of the data faults.
    space.heap = data_end + PAGE;
    space.brk = space.heap;
    space.command =
        Command { arguments: joined(arguments), environment: joined(environment), file: None };
    let stack = Vma::anonymous(stack_start, STACK_TOP, Rights::RW, "[stack]");
    t.mm.map(id, Vma { flags: AreaFlags::GROWS_DOWN, ..stack })?;
    if text_end < data_end {
        t.mm.map(id, Vma::anonymous(text_end, data_end, Rights::RW, "[data]"))?;
    }
    map_text(t, id, image)?;

    let (sp, block) = stack_block(arguments, environment)?;
    let satp = t.mm.satp(id);
    let mut at = sp & !(PAGE - 1);
    while at < STACK_TOP {
        let frame = frames::private_zeroed(t, id, at).ok_or(Errno::ENOMEM)?;
        if t.mm.install(id, &mut t.memory, at, (frame, Share::Own)).is_err() {
            frames::release(t, frame);
            return Err(Errno::ENOMEM);
        }
        at += PAGE;
    }
    t.memory.copy_out(satp, sp, &block).map_err(|_| Errno::ENOMEM)?;
    Ok(sp)
}

/// Strings with a zero byte behind each.
fn joined(strings: &[String]) -> Arc<[u8]> {
    strings.iter().flat_map(|text| text.bytes().chain([0])).collect()
}

/// Maps the program's text. All its processes see the same frames, which are there from the start: the first
/// instructions bring their neighbours along (Linux' fault-around takes 16 pages at a time).
fn map_text(t: &mut Tables, id: SpaceId, image: &dyn Image) -> Result<(), Errno> {
    let pages = u64::from(image.segments().text);
    if pages == 0 {
        return Ok(());
    }
    let object = t.mm.text(image.name(), pages);
    let end = TEXT_BASE + pages * PAGE;
    let backing = Backing::Object { object, page: 0 };
    t.mm.map(id, Vma { backing, ..Vma::anonymous(TEXT_BASE, end, Rights::RX, "[text]") })?;
    // Where memory lies in blocks, each process has a copy of its own.
    let around = if t.mm.is_partitioned() { 0 } else { AROUND };
    for page in 0..pages.min(around) {
        let frame = match t.mm.object(object).and_then(|object| object.page(page)) {
            Some(Place::Frame(frame)) => frame,
            Some(Place::Swapped(_)) => continue,
            None => {
                let used = Use::Object { object, page };
                let frame = frames::allocate_zeroed(t, used).ok_or(Errno::ENOMEM)?;
                t.mm.fill_object(&mut t.memory, object, page, frame);
                frame
            }
        };
        t.mm.frames.share(frame);
        let at = TEXT_BASE + page * PAGE;
        if t.mm.install(id, &mut t.memory, at, (frame, Share::CopyOnWrite)).is_err() {
            frames::release(t, frame);
            return Err(Errno::ENOMEM);
        }
    }
    Ok(())
}

/// The bytes of a fresh stack, and where they begin.
fn stack_block(arguments: &[String], environment: &[String]) -> Result<(u64, Vec<u8>), Errno> {
    let strings: usize = arguments.iter().chain(environment).map(|text| text.len() + 1).sum();
    if strings > ARGUMENTS_MAX {
        return Err(Errno::E2BIG);
    }
    let words = 1 + arguments.len() + 1 + environment.len() + 1;
    // The stack pointer is a multiple of 16.
    let size = (words * 8 + strings).next_multiple_of(16) as u64;
    let sp = STACK_TOP - size;
    let mut next = sp + words as u64 * 8;
    let mut block = (arguments.len() as u64).to_le_bytes().to_vec();
    let mut tail = Vec::with_capacity(strings);
    for list in [arguments, environment] {
        for text in list {
            block.extend_from_slice(&next.to_le_bytes());
            tail.extend_from_slice(text.as_bytes());
            tail.push(0);
            next += text.len() as u64 + 1;
        }
        block.extend_from_slice(&0u64.to_le_bytes());
    }
    block.extend_from_slice(&tail);
    Ok((sp, block))
}
