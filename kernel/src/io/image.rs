//! Laying out an executable's image in a new address space, and its arguments on the new stack.

use super::frames;
use crate::abi::Errno;
use crate::abi::program::Image;
use crate::base::SpaceId;
use crate::context::Tables;
use crate::hw::PAGE_SIZE;
use crate::mm::{Backing, Rights, STACK_TOP, Share, TEXT_BASE, Vma};

const PAGE: u64 = PAGE_SIZE as u64;
/// How much room arguments and environment may take (Linux: a quarter of the stack limit).
pub const ARGUMENTS_MAX: usize = 128 * 1024;

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
    let stack_start = STACK_TOP - u64::from(segments.stack.clamp(16, 1 << 16)) * PAGE;
    let space = t.mm.space_mut(id).ok_or(Errno::ENOMEM)?;
    let parts = [
        (TEXT_BASE, text_end, Rights::RX, "[text]"),
        (text_end, data_end, Rights::RW, "[data]"),
        (stack_start, STACK_TOP, Rights::RW, "[stack]"),
    ];
    for (start, end, rights, name) in parts {
        if start < end {
            space.map(Vma { start, end, rights, backing: Backing::Anonymous, name })?;
        }
    }
    // A gap between data and heap, as on Linux: running off the end of the data faults.
    space.heap = data_end + PAGE;
    space.brk = space.heap;

    let (sp, block) = stack_block(arguments, environment)?;
    let satp = t.mm.satp(id);
    let mut at = sp & !(PAGE - 1);
    while at < STACK_TOP {
        let frame = frames::allocate_zeroed(t).ok_or(Errno::ENOMEM)?;
        if t.mm.install(id, &mut t.memory, at, (frame, Share::Own)).is_err() {
            frames::release(t, frame);
            return Err(Errno::ENOMEM);
        }
        at += PAGE;
    }
    t.memory.copy_out(satp, sp, &block).map_err(|_| Errno::ENOMEM)?;
    Ok(sp)
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
