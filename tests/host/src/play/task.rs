//! What a task of the tested tree does: it waits for a command, carries it out, and says what came of it.
//!
//! All here runs in the tested processes and threads, and in their signal handlers. It allocates nothing, locks
//! nothing and knows no thread-local data.

use super::control::{Control, DONE, Frame, IDLE, INFO, POSTED, RUNNING, STACK, Slot};
use super::control::{DEPTH, RECORDS};
use super::numbers::Kind;
use super::raw;
use super::structures as structure;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The shared page, for handlers. Set before the first task begins.
static CONTROL: AtomicPtr<Control> = AtomicPtr::new(std::ptr::null_mut());

const EFAULT: i64 = -(libc::EFAULT as i64);

/// Remembers where the shared page is.
pub(super) fn attach(control: &'static Control) {
    CONTROL.store(std::ptr::from_ref(control).cast_mut(), Ordering::Release);
}

fn control() -> Option<&'static Control> {
    // SAFETY: it is null or the page that `attach` was given, which is never unmapped.
    unsafe { CONTROL.load(Ordering::Acquire).as_ref() }
}

/// Runs commands for ever. The slot becomes the caller's.
pub(super) fn begin(control: &'static Control, slot: &'static Slot) -> ! {
    slot.tid.store(raw::gettid(), Ordering::Release);
    control.ring();
    serve(control, slot, 0);
    // At depth 0 there is no handler that could be told to return.
    leave()
}

fn leave() -> ! {
    loop {
        // SAFETY: the process ends.
        unsafe { raw::call(libc::SYS_exit_group, [0; 6]) };
    }
}

/// Where a task that shares memory begins; `word` is its slot.
extern "C" fn start(word: usize) -> ! {
    if let Some(control) = control()
        && let Some(slot) = control.slots.get(word)
    {
        slot.tid.store(raw::gettid(), Ordering::Release);
        // The one who made it blocked all signals until it has a slot.
        raw::set_mask(slot.frames[0].words[0].load(Ordering::Acquire));
        begin(control, slot);
    }
    leave()
}

/// Carries out commands of one depth until a handler is told to return.
fn serve(control: &'static Control, slot: &Slot, depth: usize) {
    let Some(frame) = slot.frames.get(depth) else {
        return;
    };
    loop {
        let state = frame.state.load(Ordering::Acquire);
        if state != POSTED {
            raw::futex_wait(&frame.state, state, None);
            continue;
        }
        frame.state.store(RUNNING, Ordering::Release);
        let kind = Kind::of(frame.kind.load(Ordering::Acquire));
        let returns = kind == Kind::Sigreturn && depth > 0;
        let result = if returns { 0 } else { perform(control, slot, frame, kind) };
        frame.result.store(result, Ordering::Release);
        frame.order.store(control.next(), Ordering::Release);
        frame.state.store(DONE, Ordering::Release);
        control.ring();
        if returns {
            return;
        }
    }
}

fn perform(control: &'static Control, slot: &Slot, frame: &Frame, kind: Kind) -> i64 {
    let number = frame.number.load(Ordering::Acquire);
    let words: [u64; 6] = std::array::from_fn(|i| frame.words[i].load(Ordering::Acquire));
    match kind {
        Kind::Plain => plain(number, words),
        Kind::Fstat => structure::stat(number, words, 1),
        Kind::Newfstatat => structure::stat(number, words, 2),
        Kind::Sigaction => sigaction(control, number, words),
        Kind::EpollCtl => structure::epoll_ctl(number, words),
        Kind::EpollWait => structure::epoll_wait(number, words),
        Kind::Clone => {
            let [flags, stack, parent, tls, child, _] = words;
            let words = [flags, stack, parent, child, tls, 0];
            make(control, frame, number, words, flags)
        }
        Kind::Clone3 => clone3(control, frame, number, words),
        Kind::Exit => {
            slot.leaving.store(1 << 32 | words[0] & 0xff, Ordering::Release);
            plain(number, words)
        }
        // SAFETY: the guard has checked that the byte is not the program's own.
        Kind::Load => unsafe { raw::touch(words[0], None) },
        // SAFETY: as above.
        Kind::Store => unsafe { raw::touch(words[0], Some(words[1] as u8)) },
        Kind::Sigreturn | Kind::Nothing => 0,
    }
}

fn plain(number: i64, words: [u64; 6]) -> i64 {
    // SAFETY: only calls on the list come here, and the guard has kept them from the program's own memory.
    unsafe { raw::call(number, words) }
}

/// Makes a task. What shares memory gets a stack of ours, whatever the script says of its own.
fn make(
    control: &'static Control,
    frame: &Frame,
    number: i64,
    mut words: [u64; 6],
    flags: u64,
) -> i64 {
    let index = frame.child.load(Ordering::Acquire) as usize;
    let Some(slot) = control.slots.get(index) else {
        return -i64::from(libc::EAGAIN);
    };
    // A signal that came to the child before it has a slot would be lost to the record.
    let mask = raw::set_mask(!0);
    let shares = flags & libc::CLONE_VM as u64 != 0;
    let result = if shares {
        slot.frames[0].words[0].store(mask, Ordering::Release);
        if number == libc::SYS_clone {
            words[1] = control.stacks.load(Ordering::Acquire) + (index as u64 + 1) * STACK as u64;
        }
        // SAFETY: the stack belongs to this slot alone, and `start` does not return.
        unsafe { raw::clone_onto(number, words, start, index) }
    } else {
        if number == libc::SYS_clone {
            words[1] = 0;
        }
        // SAFETY: the child has a copy of everything and goes on from here.
        unsafe { raw::call(number, words) }
    };
    if result == 0 && !shares {
        slot.tid.store(raw::gettid(), Ordering::Release);
        raw::set_mask(mask);
        begin(control, slot);
    }
    raw::set_mask(mask);
    result
}

/// clone3(2) takes its words from memory: `struct clone_args`, with the stack at word 5 and its size at 6.
fn clone3(control: &'static Control, frame: &Frame, number: i64, words: [u64; 6]) -> i64 {
    let mut bytes = [0_u8; 88];
    let length = usize::try_from(words[1]).unwrap_or(usize::MAX);
    // Too short or long: the kernel says so itself, and makes no task.
    if !(64..=4096).contains(&length) {
        return plain(number, words);
    }
    // What newer kernels may have behind is not for this one.
    let used = length.min(bytes.len());
    if !raw::copy_in(words[0], &mut bytes[..used]) {
        return EFAULT;
    }
    let mut fields: [u64; 11] = structure::words(&bytes);
    let flags = fields[0];
    // A stack and its size come together or not at all: what the kernel would refuse, it must see.
    if (fields[5] == 0) == (fields[6] == 0) {
        let index = u64::from(frame.child.load(Ordering::Acquire));
        let shares = flags & libc::CLONE_VM as u64 != 0;
        let stack = control.stacks.load(Ordering::Acquire) + index * STACK as u64;
        (fields[5], fields[6]) = if shares { (stack, STACK as u64) } else { (0, 0) };
    }
    let words = [fields.as_ptr() as u64, used as u64, 0, 0, 0, 0];
    make(control, frame, number, words, flags)
}

const SA_RESTORER: u64 = 0x0400_0000;
/// x86-64 tells a handler about its signal with this flag alone, riscv64 always.
const SA_SIGINFO: u64 = libc::SA_SIGINFO as u64;
/// The script's stack may be too small for this machine's frames.
const SA_ONSTACK: u64 = libc::SA_ONSTACK as u64;
/// Flags that are remembered beside the kernel.
const KEPT: u64 = SA_SIGINFO | SA_ONSTACK;

/// rt_sigaction(2). The script's handler becomes one of ours, whose number tells which it stands for.
fn sigaction(control: &Control, number: i64, words: [u64; 6]) -> i64 {
    let [signal, act, old, size, ..] = words;
    let mut new = [0_u64; 4];
    if act != 0 {
        let mut bytes = [0; 24];
        // The kernel looks at the size before it reads anything.
        if size == 8 && !raw::copy_in(act, &mut bytes) {
            return EFAULT;
        }
        let [handler, flags, mask] = structure::words(&bytes);
        new = [handler, flags & !SA_RESTORER, 0, mask];
        // SIG_DFL and SIG_IGN are 0 and 1.
        if handler > 1 {
            let Some(index) = control.register(handler, flags & KEPT) else {
                return -i64::from(libc::ENOSPC);
            };
            new[0] = HANDLERS[index] as *const () as u64;
            new[1] = flags & !KEPT | SA_RESTORER | SA_SIGINFO;
            new[2] = raw::restorer();
        }
    }
    let mut previous = [0_u64; 4];
    let new = if act == 0 { 0 } else { new.as_ptr() as u64 };
    let place = if old == 0 { 0 } else { previous.as_mut_ptr() as u64 };
    let result = plain(number, [signal, new, place, size, 0, 0]);
    if result != 0 || old == 0 {
        return result;
    }
    let [mut handler, mut flags, _, mask] = previous;
    flags &= !SA_RESTORER;
    let ours = HANDLERS.iter().position(|ours| *ours as *const () as u64 == handler);
    if let Some(known) = ours.and_then(|index| control.handlers.get(index)) {
        handler = known.address.load(Ordering::Acquire);
        flags = flags & !KEPT | known.flags.load(Ordering::Acquire);
    }
    if raw::copy_out(old, &structure::bytes([handler, flags, mask])) { 0 } else { EFAULT }
}

/// A handler as the kernel calls it.
type Entry = extern "C" fn(i32, *const [u64; INFO], *mut libc::ucontext_t);

/// One for each that the script may name.
static HANDLERS: [Entry; super::control::HANDLERS] = [
    handler::<0>,
    handler::<1>,
    handler::<2>,
    handler::<3>,
    handler::<4>,
    handler::<5>,
    handler::<6>,
    handler::<7>,
    handler::<8>,
    handler::<9>,
    handler::<10>,
    handler::<11>,
    handler::<12>,
    handler::<13>,
    handler::<14>,
    handler::<15>,
];

extern "C" fn handler<const N: u32>(
    signal: i32,
    info: *const [u64; INFO],
    context: *mut libc::ucontext_t,
) {
    let Some(control) = control() else {
        return;
    };
    let Some(slot) = control.own() else {
        return;
    };
    let count = slot.signals.load(Ordering::Acquire);
    let record = &slot.records[count as usize % RECORDS];
    // SAFETY: the kernel hands a handler the address of a siginfo_t, which is longer than this.
    let info = unsafe { info.read() };
    for (place, word) in record.info.iter().zip(info) {
        place.store(word, Ordering::Release);
    }
    record.handler.store(N, Ordering::Release);
    record.order.store(control.next(), Ordering::Release);
    slot.signals.store(count.wrapping_add(1), Ordering::Release);
    if control.stay.load(Ordering::Acquire) != 0 {
        let depth = slot.depth.load(Ordering::Acquire) as usize + 1;
        if depth < DEPTH {
            slot.frames[depth].state.store(IDLE, Ordering::Release);
            slot.depth.store(depth as u32, Ordering::Release);
            control.ring();
            serve(control, slot, depth);
            slot.depth.store(depth as u32 - 1, Ordering::Release);
        }
    }
    control.ring();
    if signal == libc::SIGSEGV || signal == libc::SIGBUS {
        // SAFETY: the kernel hands a handler the address of the context to which it returns.
        let registers = unsafe { &mut (*context).uc_mcontext.gregs };
        let place = &mut registers[libc::REG_RIP as usize];
        if let Some(beyond) = raw::beyond_fault(*place as u64) {
            *place = beyond as i64;
        }
    }
}
