//! Copying between the kernel and the caller's memory.
//!
//! A handler first touches every page that it will use, and only then changes anything. What is not there
//! stops it with a fault; the page-fault handler repairs it and the call runs again.

use crate::abi::{Access, Errno};
use crate::context::{Cx, Tables, satp_of};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::USER_END;
use crate::proc::Stop;

/// The longest transfer of one call, as on Linux (`MAX_RW_COUNT`).
pub const MAX_TRANSFER: u64 = 0x7fff_f000;

/// How many pages a call touches in one step.
pub const STEP_PAGES: u64 = 16;

/// Checks that a range lies in user space.
///
/// # Errors
/// `EFAULT`.
pub fn check(address: u64, length: u64) -> Result<(), Errno> {
    let end = address.checked_add(length).ok_or(Errno::EFAULT)?;
    if end > USER_END { Err(Errno::EFAULT) } else { Ok(()) }
}

/// Makes sure that the caller may access a range, and that its pages are there.
///
/// # Errors
/// `EFAULT` outside user space, or a fault to repair.
pub fn touch(
    t: &mut Tables,
    cx: &Cx,
    address: u64,
    length: u64,
    access: Access,
) -> Result<(), Stop> {
    check(address, length)?;
    let satp = satp_of(t, cx.caller)?;
    let mut at = address;
    while at < address + length {
        t.memory.user_frame(satp, at, access)?;
        at = (at | (PAGE_SIZE as u64 - 1)) + 1;
    }
    Ok(())
}

/// Reads from the caller's memory.
///
/// # Errors
/// As [`touch`].
pub fn read(t: &mut Tables, cx: &mut Cx, address: u64, into: &mut [u8]) -> Result<(), Stop> {
    check(address, into.len() as u64)?;
    let satp = satp_of(t, cx.caller)?;
    t.memory.copy_in(satp, address, into)?;
    cx.charge_copy(into.len());
    Ok(())
}

/// Writes to the caller's memory, whole or not at all.
///
/// # Errors
/// As [`touch`].
pub fn write(t: &mut Tables, cx: &mut Cx, address: u64, bytes: &[u8]) -> Result<(), Stop> {
    touch(t, cx, address, bytes.len() as u64, Access::Store)?;
    let satp = satp_of(t, cx.caller)?;
    t.memory.copy_out(satp, address, bytes)?;
    cx.charge_copy(bytes.len());
    Ok(())
}

/// Reads a little-endian word of 8 bytes.
///
/// # Errors
/// As [`touch`].
pub fn read_word(t: &mut Tables, cx: &mut Cx, address: u64) -> Result<u64, Stop> {
    let mut bytes = [0; 8];
    read(t, cx, address, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads a string that ends with a zero byte.
///
/// # Errors
/// `ENAMETOOLONG` if it is longer than `limit`, `EINVAL` if it is not UTF-8 (a simplification: Linux takes
/// any bytes), or as [`touch`].
pub fn read_string(
    t: &mut Tables,
    cx: &mut Cx,
    address: u64,
    limit: usize,
) -> Result<String, Stop> {
    let satp = satp_of(t, cx.caller)?;
    let mut bytes = Vec::new();
    let mut at = address;
    loop {
        check(at, 1)?;
        let frame = t.memory.user_frame(satp, at, Access::Load)?;
        let rest = &t.memory.ram.page(frame)[at as usize % PAGE_SIZE..];
        match rest.iter().position(|&byte| byte == 0) {
            Some(end) => bytes.extend_from_slice(&rest[..end]),
            None => bytes.extend_from_slice(rest),
        }
        if bytes.len() > limit {
            return Err(Stop::Fail(Errno::ENAMETOOLONG));
        }
        if rest.contains(&0) {
            break;
        }
        at = (at | (PAGE_SIZE as u64 - 1)) + 1;
    }
    cx.charge_copy(bytes.len());
    String::from_utf8(bytes).map_err(|_| Stop::Fail(Errno::EINVAL))
}
