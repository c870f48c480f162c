//! System calls without a C library between: what a task of the tested tree may use.
//!
//! A task may be a thread that shares another one's thread pointer, so nothing here touches thread-local data,
//! and errors are the kernel's own negative numbers. The instructions are those of x86-64 (System V ABI,
//! appendix A.2.1).

use std::arch::{asm, global_asm};
use std::mem::size_of;
use std::sync::atomic::AtomicU32;

/// A call with six words; −4095 … −1 is a negated errno.
///
/// # Safety
/// The kernel must not do anything with these words that the program cannot bear, such as unmapping its code.
pub(super) unsafe fn call(number: i64, words: [u64; 6]) -> i64 {
    let result;
    // SAFETY: the kernel keeps all registers but rax, rcx and r11; the rest is the caller's promise.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") words[0], in("rsi") words[1],
             in("rdx") words[2], in("r10") words[3], in("r8") words[4], in("r9") words[5],
             lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// clone(2) for a child that shares memory: it starts in `entry(word)` on the stack that ends at `words[1]`.
///
/// # Safety
/// As for [`call`]; the stack must be the child's alone, and `entry` must not return.
pub(super) unsafe fn clone_onto(
    number: i64,
    words: [u64; 6],
    entry: extern "C" fn(usize) -> !,
    word: usize,
) -> i64 {
    let result;
    // SAFETY: the child has the parent's registers but for rax and rsp, so it finds entry and word; it never comes
    // back here. The parent goes on at 2.
    unsafe {
        asm!("syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r12", "call r13", "ud2", "2:",
             inlateout("rax") number => result, in("rdi") words[0], in("rsi") words[1],
             in("rdx") words[2], in("r10") words[3], in("r8") words[4], in("r9") words[5],
             in("r12") word, in("r13") entry, lateout("rcx") _, lateout("r11") _);
    }
    result
}

global_asm!(
    // Where a handler returns to: rt_sigreturn(2). Linux on x86-64 wants programs to bring it along.
    ".globl oscope_restorer",
    "oscope_restorer:",
    "mov eax, 15",
    "syscall",
    // One load or store that may fault, and the place to go on if it did.
    ".globl oscope_load",
    "oscope_load:",
    "movzx eax, byte ptr [rdi]",
    "ret",
    ".globl oscope_store",
    "oscope_store:",
    "mov byte ptr [rdi], sil",
    "xor eax, eax",
    "ret",
    ".globl oscope_recover",
    "oscope_recover:",
    "mov rax, -14",
    "ret",
);

unsafe extern "C" {
    fn oscope_restorer();
    fn oscope_load(address: u64) -> i64;
    fn oscope_store(address: u64, byte: u64) -> i64;
    fn oscope_recover();
}

/// The address that `sa_restorer` must have.
pub(super) fn restorer() -> u64 {
    oscope_restorer as *const () as u64
}

/// Loads the byte at an address of the arena, or stores one; −EFAULT if a handler took the fault.
///
/// # Safety
/// A store must not hit anything that the program relies on.
pub(super) unsafe fn touch(address: u64, byte: Option<u8>) -> i64 {
    match byte {
        // SAFETY: the caller's promise; a fault leads to oscope_recover or the end of the process.
        Some(byte) => unsafe { oscope_store(address, u64::from(byte)) },
        // SAFETY: as above, and a load changes nothing.
        None => unsafe { oscope_load(address) },
    }
}

/// Where to go on instead of at `instruction`, if that is the load or store of [`touch`].
pub(super) fn beyond_fault(instruction: u64) -> Option<u64> {
    let first = oscope_load as *const () as u64;
    let recover = oscope_recover as *const () as u64;
    (first..recover).contains(&instruction).then_some(recover)
}

/// Sleeps while the word has the value, `nanoseconds` at most; comes back early now and then, as futex(2) does.
pub(super) fn futex_wait(word: &AtomicU32, value: u32, nanoseconds: Option<u64>) {
    let time = nanoseconds.map(|ns| [ns / 1_000_000_000, ns % 1_000_000_000]);
    let time = time.as_ref().map_or(0, |time| time.as_ptr() as u64);
    let word = word.as_ptr() as u64;
    let words = [word, libc::FUTEX_WAIT as u64, u64::from(value), time, 0, 0];
    // SAFETY: the word and the time live as long as the call; the kernel only reads them.
    unsafe { call(libc::SYS_futex, words) };
}

/// Wakes whoever sleeps on the word.
pub(super) fn futex_wake(word: &AtomicU32) {
    let words = [word.as_ptr() as u64, libc::FUTEX_WAKE as u64, i32::MAX as u64, 0, 0, 0];
    // SAFETY: the kernel uses the word's address alone.
    unsafe { call(libc::SYS_futex, words) };
}

/// The caller's number as a thread, in its own pid namespace.
pub(super) fn gettid() -> u32 {
    // SAFETY: gettid(2) has no conditions. Numbers of threads are positive and fit.
    (unsafe { call(libc::SYS_gettid, [0; 6]) }) as u32
}

/// Blocks all signals, or sets the mask; returns the one before.
pub(super) fn set_mask(mask: u64) -> u64 {
    let mut old = 0_u64;
    let words = [
        libc::SIG_SETMASK as u64,
        &raw const mask as u64,
        &raw mut old as u64,
        size_of::<u64>() as u64,
        0,
        0,
    ];
    // SAFETY: both masks are eight bytes of this frame.
    unsafe { call(libc::SYS_rt_sigprocmask, words) };
    old
}

/// Copies from memory that a script named, which need not be there: `false` then.
pub(super) fn copy_in(address: u64, to: &mut [u8]) -> bool {
    transfer(libc::SYS_process_vm_readv, to.as_mut_ptr() as u64, to.len(), address)
}

/// Copies to memory that a script named; `false` if it cannot be written.
pub(super) fn copy_out(address: u64, from: &[u8]) -> bool {
    transfer(libc::SYS_process_vm_writev, from.as_ptr() as u64, from.len(), address)
}

/// The kernel copies within this process, because it alone can without being hurt by a bad address.
fn transfer(number: i64, own: u64, length: usize, address: u64) -> bool {
    let (own, other) = ([own, length as u64], [address, length as u64]);
    let words = [u64::from(gettid()), own.as_ptr() as u64, 1, other.as_ptr() as u64, 1, 0];
    // SAFETY: the kernel reads or writes `length` bytes of the caller's slice, and checks the other range.
    unsafe { call(number, words) == length as i64 }
}
