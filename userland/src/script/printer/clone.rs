//! `struct clone_args` of clone3(2): what goes in, and behind an arrow what came out.

use super::text;
use super::value::{Reader, address, int, number, signal};
use oscope_kernel::abi::flags::hex;
use oscope_kernel::abi::flags::process::{CLONE, CLONE3, Clone3Flags, CloneFlags};

/// The size of the first version; less is no `clone_args`.
const LEAST: u64 = 64;

/// Which of the flags in the structure are set.
fn flags(bytes: &[u8]) -> u64 {
    bytes.get(..8).map_or(0, number)
}

fn has(flags: u64, any: CloneFlags) -> bool {
    flags & any.bits() != 0
}

/// The flags of clone(2), and those that only clone3(2) has.
fn print_flags(flags: u64) -> String {
    let more = flags & Clone3Flags::all().bits();
    match (flags & !more, more) {
        (flags, 0) => CLONE.print(flags),
        (0, more) => CLONE3.print(more),
        (flags, more) => format!("{}|{}", CLONE.print(flags), CLONE3.print(more)),
    }
}

/// The structure as the caller filled it in; what its flags do not ask for is left out.
pub(super) fn before(r: &Reader<'_>, word: u64) -> Option<String> {
    if r.words[1] < LEAST {
        return None;
    }
    let bytes = r.before(word)?;
    let field = |at: usize| bytes.get(at * 8..at * 8 + 8).map_or(0, number);
    let flags = flags(bytes);
    let mut parts = vec![format!("flags={}", print_flags(flags))];
    if has(flags, CloneFlags::PIDFD) {
        parts.push(format!("pidfd={}", address(field(1))));
    }
    if has(flags, CloneFlags::CHILD_SETTID | CloneFlags::CHILD_CLEARTID) {
        parts.push(format!("child_tid={}", address(field(2))));
    }
    if has(flags, CloneFlags::PARENT_SETTID) {
        parts.push(format!("parent_tid={}", address(field(3))));
    }
    parts.push(format!("exit_signal={}", exit_signal(field(4))));
    parts.push(format!("stack={}", address(field(5))));
    parts.push(format!("stack_size={}", hex(field(6))));
    if has(flags, CloneFlags::SETTLS) {
        parts.push(format!("tls={}", address(field(7))));
    }
    if field(8) != 0 || field(9) != 0 {
        parts.push(format!("set_tid={}, set_tid_size={}", address(field(8)), field(9)));
    }
    if flags & Clone3Flags::INTO_CGROUP.bits() != 0 {
        parts.push(format!("cgroup={}", field(10)));
    }
    let rest = bytes.get(88..).unwrap_or_default();
    if rest.iter().any(|byte| *byte != 0) {
        let shown = text::quote_in_hex(rest, r.style);
        parts.push(format!("/* bytes 88..{} */ {shown}", r.words[1] - 1));
    }
    Some(format!("{{{}}}", parts.join(", ")))
}

/// The signal at the end: a name, or a number of any size.
fn exit_signal(word: u64) -> String {
    if u32::try_from(word).is_ok() { signal(word) } else { word.to_string() }
}

/// Whether something comes out.
pub(super) fn has_results(r: &Reader<'_>, word: u64) -> bool {
    let flags = r.before(word).map_or(0, flags);
    r.words[1] >= LEAST && has(flags, CloneFlags::PIDFD | CloneFlags::PARENT_SETTID)
}

/// ` => {parent_tid=[9127]}`: what came out of a call that did not fail.
pub(super) fn after(r: &Reader<'_>, word: u64) -> String {
    if r.value().is_none() || !has_results(r, word) {
        return String::new();
    }
    let given = r.before(word).unwrap_or_default();
    let mut parts = Vec::new();
    for (flag, name, at) in
        [(CloneFlags::PIDFD, "pidfd", 1), (CloneFlags::PARENT_SETTID, "parent_tid", 3)]
    {
        if has(flags(given), flag) {
            let place = given.get(at * 8..at * 8 + 8).map_or(0, number);
            let seen = r.out(place, 4).map(|bytes| format!("[{}]", int(bytes)));
            parts.push(format!("{name}={}", seen.unwrap_or_else(|| address(place))));
        }
    }
    format!(" => {{{}}}", parts.join(", "))
}
