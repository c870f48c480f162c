//! What is told about and with signals.

use super::structure::{bytes, signal_action, signal_name, signal_set};
use super::value::{Reader, address, int, number};
use oscope_kernel::abi::call::Direction::Out;
use oscope_kernel::abi::call::Kind;
use oscope_kernel::abi::flags::hex;
use oscope_kernel::abi::signal::code;
use oscope_kernel::abi::{Errno, Signal};

/// Structures about signals; `None` for other kinds, or if nothing was seen.
pub(super) fn print(r: &Reader<'_>, word: u64, kind: &Kind) -> Option<String> {
    match *kind {
        Kind::SignalSet(d) => signal_set(r.data(word, 8, d)?),
        Kind::SigAction(d) => signal_action(r.data(word, 24, d)?),
        Kind::SigInfo(d) => {
            if d == Out {
                r.value()?;
            }
            Some(info(r.data(word, 48, d)?))
        }
        Kind::SigStack(d) => Some(stack(r.data(word, 24, d)?)),
        Kind::SigEvent => Some(event(r.into(word, 24)?)),
        _ => None,
    }
}

/// `siginfo_t`, of which the first 48 bytes are enough: number, errno, code; then who, or where, or what.
pub(in crate::script) fn info(b: &[u8]) -> String {
    let Some(b) = bytes::<48>(b) else { return "{}".to_owned() };
    let (signal, si_errno, si_code) = (int(b), int(&b[4..]), int(&b[8..]));
    if signal == 0 {
        // waitid(2) found nobody.
        return "{}".to_owned();
    }
    let known = Signal::from_number(u64::from(signal.cast_unsigned()));
    let name = known.and_then(|signal| code::name(signal, si_code));
    let name = name.map_or_else(|| format!("{si_code:#x}"), str::to_owned);
    let errno = if si_errno == 0 {
        String::new()
    } else {
        let errno = u16::try_from(si_errno).ok().and_then(Errno::from_number);
        let name = errno.map_or_else(|| si_errno.to_string(), |errno| errno.name().to_owned());
        format!(", si_errno={name}")
    };
    let rest = if si_code <= 0 { from_user(b, si_code) } else { from_kernel(b, known, si_code) };
    format!("{{si_signo={}, si_code={name}{errno}{rest}}}", signal_name(b))
}

/// What follows if a program sent the signal, or a timer.
fn from_user(b: &[u8; 48], si_code: i32) -> String {
    match si_code {
        code::SI_USER | code::SI_TKILL => sender(b),
        code::SI_TIMER => {
            let (timer, overrun) = (int(&b[16..]).cast_unsigned(), int(&b[20..]));
            format!(", si_timerid={}, si_overrun={overrun}{}", hex(timer.into()), value(b))
        }
        code::SI_SIGIO => band(b),
        _ => format!("{}{}", sender(b), value(b)),
    }
}

/// What follows if the kernel had a reason of its own.
fn from_kernel(b: &[u8; 48], signal: Option<Signal>, si_code: i32) -> String {
    match signal {
        Some(Signal::CHLD) => {
            let status = match si_code {
                code::CLD_EXITED => int(&b[24..]).to_string(),
                _ => signal_name(&b[24..]),
            };
            let (user, system) = (number(&b[32..40]), number(&b[40..48]));
            format!("{}, si_status={status}, si_utime={user}, si_stime={system}", sender(b))
        }
        Some(signal) if signal.is_fault() => {
            format!(", si_addr={}", address(number(&b[16..24])))
        }
        Some(Signal::IO) => band(b),
        // A timer of setitimer(2), or a key: nobody sent it.
        _ if number(&b[16..24]) == 0 => value(b),
        _ => format!("{}{}", sender(b), value(b)),
    }
}

fn sender(b: &[u8; 48]) -> String {
    format!(", si_pid={}, si_uid={}", int(&b[16..]), int(&b[20..]).cast_unsigned())
}

/// What was queued with the signal, if it is not zero.
fn value(b: &[u8; 48]) -> String {
    match number(&b[24..32]) {
        0 => String::new(),
        pointer => format!(", si_int={}, si_ptr={}", int(&b[24..]), address(pointer)),
    }
}

/// What is ready on which descriptor.
fn band(b: &[u8; 48]) -> String {
    format!(", si_band={}, si_fd={}", number(&b[16..24]).cast_signed(), int(&b[24..]))
}

/// `stack_t` of sigaltstack(2).
fn stack(b: &[u8]) -> String {
    let flags = match int(&b[8..]) {
        0 => "0".to_owned(),
        1 => "SS_ONSTACK".to_owned(),
        2 => "SS_DISABLE".to_owned(),
        i32::MIN => "SS_AUTODISARM".to_owned(),
        other => format!("{other:#x} /* SS_??? */"),
    };
    let base = address(number(&b[..8]));
    format!("{{ss_sp={base}, ss_flags={flags}, ss_size={}}}", number(&b[16..24]))
}

/// `struct sigevent` of timer_create(2).
fn event(b: &[u8]) -> String {
    let notify = match int(&b[12..]) {
        0 => "SIGEV_SIGNAL".to_owned(),
        1 => "SIGEV_NONE".to_owned(),
        2 => "SIGEV_THREAD".to_owned(),
        4 => "SIGEV_THREAD_ID".to_owned(),
        other => format!("{other:#x} /* SIGEV_??? */"),
    };
    let value = match number(&b[..8]) {
        0 => String::new(),
        pointer => {
            format!("sigev_value={{sival_int={}, sival_ptr={}}}, ", int(b), address(pointer))
        }
    };
    format!("{{{value}sigev_signo={}, sigev_notify={notify}}}", signal_name(&b[8..]))
}
