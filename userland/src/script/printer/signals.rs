//! What is told about and with signals.

use super::structure::{bytes, signal_action, signal_name, signal_set};
use super::value::{Reader, address, int, number};
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::call::Direction::Out;
use oscope_kernel::abi::call::Kind;
use oscope_kernel::abi::signal::code;

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

/// `siginfo_t`, of which the first 48 bytes are enough: number, errno, code; then who, or where.
pub(in crate::script) fn info(b: &[u8]) -> String {
    let Some(b) = bytes::<48>(b) else { return "{}".to_owned() };
    let (signal, si_code) = (int(b), int(&b[8..]));
    if (signal, si_code) == (0, 0) {
        // waitid(2) found nobody.
        return "{}".to_owned();
    }
    let known = Signal::from_number(u64::from(signal.cast_unsigned()));
    let name = known.and_then(|signal| code::name(signal, si_code));
    let name = name.map_or_else(|| format!("{si_code:#x}"), str::to_owned);
    let head = format!("{{si_signo={}, si_code={name}", signal_name(b));
    let (pid, uid) = (int(&b[16..]), int(&b[20..]).cast_unsigned());
    let rest = match known {
        Some(Signal::CHLD) if si_code > 0 => {
            let status = int(&b[24..]);
            let status = match si_code {
                code::CLD_EXITED => status.to_string(),
                _ => signal_name(&b[24..]),
            };
            let (user, system) = (number(&b[32..40]), number(&b[40..48]));
            format!(
                ", si_pid={pid}, si_uid={uid}, si_status={status}, si_utime={user}, \
                 si_stime={system}"
            )
        }
        Some(signal) if signal.is_fault() && si_code > 0 && si_code < code::SI_KERNEL => {
            format!(", si_addr={}", address(number(&b[16..24])))
        }
        // A timer's signal, or one of the kernel's own, tells nothing more.
        _ if si_code == code::SI_KERNEL => String::new(),
        _ if si_code == code::SI_QUEUE => {
            let (value, pointer) = (int(&b[24..]), number(&b[24..32]));
            let pointer = address(pointer);
            format!(
                ", si_pid={pid}, si_uid={uid}, si_value={{sival_int={value}, sival_ptr={pointer}}}"
            )
        }
        _ => format!(", si_pid={pid}, si_uid={uid}"),
    };
    format!("{head}{rest}}}")
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
    format!(
        "{{sigev_value={{sival_int={}, sival_ptr={}}}, sigev_signo={}, sigev_notify={notify}}}",
        int(b),
        address(number(&b[..8])),
        signal_name(&b[8..])
    )
}
