//! Structures that riscv64 and x86-64 lay out differently, there and back.
//!
//! riscv64 has those of asm-generic. x86-64 is older: its `struct stat` (asm/stat.h) has other places and its
//! `struct epoll_event` (linux/eventpoll.h) is packed.

use super::raw;

const EFAULT: i64 = -(libc::EFAULT as i64);

/// The first words of some bytes.
pub(super) fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    words
}

/// The bytes of three words.
pub(super) fn bytes(words: [u64; 3]) -> [u8; 24] {
    let mut bytes = [0; 24];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// fstat(2) or newfstatat(2), with the address of the structure in one of the words.
pub(super) fn stat(number: i64, mut call: [u64; 6], place: usize) -> i64 {
    let mut host = [0_u8; 144];
    let address = std::mem::replace(&mut call[place], host.as_mut_ptr() as u64);
    // SAFETY: the kernel writes `struct stat`, which has 144 bytes; the other words are the script's.
    let result = unsafe { raw::call(number, call) };
    if result != 0 {
        return result;
    }
    if raw::copy_out(address, &generic_stat(&host)) { 0 } else { EFAULT }
}

/// `struct stat` of asm-generic from that of x86-64.
fn generic_stat(host: &[u8; 144]) -> [u8; 128] {
    // Where a field is there, where it is here, and its length. st_nlink has eight bytes there and st_blksize too;
    // their upper halves are zero.
    const FIELDS: [(usize, usize, usize); 11] = [
        (0, 0, 8),    // st_dev
        (8, 8, 8),    // st_ino
        (24, 16, 4),  // st_mode
        (16, 20, 4),  // st_nlink
        (28, 24, 4),  // st_uid
        (32, 28, 4),  // st_gid
        (40, 32, 8),  // st_rdev
        (48, 48, 8),  // st_size
        (56, 56, 4),  // st_blksize
        (64, 64, 8),  // st_blocks
        (72, 72, 48), // st_atim, st_mtim, st_ctim
    ];
    let mut generic = [0; 128];
    for (from, to, length) in FIELDS {
        generic[to..to + length].copy_from_slice(&host[from..from + length]);
    }
    generic
}

/// epoll_ctl(2): 16 bytes become 12.
pub(super) fn epoll_ctl(number: i64, mut call: [u64; 6]) -> i64 {
    let mut generic = [0; 16];
    let mut packed = [0; 12];
    if call[1] != libc::EPOLL_CTL_DEL as u64 && call[3] != 0 {
        if !raw::copy_in(call[3], &mut generic) {
            return EFAULT;
        }
        packed[..4].copy_from_slice(&generic[..4]);
        packed[4..].copy_from_slice(&generic[8..]);
        call[3] = packed.as_ptr() as u64;
    }
    // SAFETY: the kernel reads 12 bytes of this frame, or none.
    unsafe { raw::call(number, call) }
}

/// Events that one wait brings here at most; who asks for more gets the rest with the next.
const EVENTS: usize = 128;

/// epoll_pwait(2) and its kin: 12 bytes become 16.
pub(super) fn epoll_wait(number: i64, mut call: [u64; 6]) -> i64 {
    let mut packed = [0_u8; EVENTS * 12];
    let address = call[1];
    // A wrong number of events, or no address, is the kernel's to refuse.
    if address != 0 && (call[2] as i32) > 0 {
        call[1] = packed.as_mut_ptr() as u64;
        call[2] = call[2].min(EVENTS as u64);
    }
    // SAFETY: the kernel writes that many events to this frame, or checks the script's address itself.
    let result = unsafe { raw::call(number, call) };
    let count = usize::try_from(result).unwrap_or(0).min(EVENTS);
    let mut generic = [0_u8; EVENTS * 16];
    for (to, from) in generic.chunks_exact_mut(16).zip(packed.chunks_exact(12)).take(count) {
        to[..4].copy_from_slice(&from[..4]);
        to[8..].copy_from_slice(&from[4..]);
    }
    if count > 0 && !raw::copy_out(address, &generic[..count * 16]) {
        return EFAULT;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{bytes, generic_stat, words};

    #[test]
    fn words_and_bytes_are_little_endian() {
        let three = [1, 0x0203, u64::MAX];
        assert_eq!(words::<3>(&bytes(three)), three);
        assert_eq!(bytes(three)[8..10], [3, 2]);
    }

    #[test]
    fn stat_fields_move_to_their_generic_places() {
        let mut host = [0; 144];
        // st_nlink, st_mode, st_rdev, st_size and the last nanosecond.
        (host[16], host[24], host[40], host[48], host[112]) = (2, 0o44, 5, 54, 9);
        let generic = generic_stat(&host);
        assert_eq!((generic[20], generic[16], generic[32], generic[48]), (2, 0o44, 5, 54));
        assert_eq!(generic[112], 9);
    }
}
