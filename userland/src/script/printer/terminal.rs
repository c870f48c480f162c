//! `struct termios`, with the names of its modes.

use super::style::Style;
use super::text;
use super::value::int;
use oscope_kernel::abi::flags::terminal::{CONTROL_MODES, INPUT_MODES, LOCAL_MODES, OUTPUT_MODES};

/// Speeds by their code in the low bits of `c_cflag`.
const SPEEDS: [&str; 16] = [
    "B0", "B50", "B75", "B110", "B134", "B150", "B200", "B300", "B600", "B1200", "B1800", "B2400",
    "B4800", "B9600", "B19200", "B38400",
];
/// The same with the extra bit (`CBAUDEX`).
const HIGH_SPEEDS: [&str; 16] = [
    "BOTHER", "B57600", "B115200", "B230400", "B460800", "B500000", "B576000", "B921600",
    "B1000000", "B1152000", "B1500000", "B2000000", "B2500000", "B3000000", "B3500000", "B4000000",
];
/// Delays of the output, which fill fields of one or two bits: name, first bit, number of values.
const DELAYS: [(&str, u32, u32); 6] =
    [("NL", 8, 2), ("CR", 9, 4), ("TAB", 11, 4), ("BS", 13, 2), ("VT", 14, 2), ("FF", 15, 2)];
/// CBAUDEX: the speed is in the second table.
const HIGH: u32 = 0o10000;
/// Where in `c_cc` the numbers of non-canonical input stand.
const TIME_AT: usize = 5;
const MINIMUM_AT: usize = 6;

/// The structure as the kernel has it: four words, the line discipline, 19 characters.
pub(super) fn termios(b: &[u8], style: &Style) -> String {
    let word = |at: usize| int(&b[at..]).cast_unsigned();
    let input = INPUT_MODES.print(word(0).into());
    let (output, control) = (output(word(4)), control(word(8)));
    let local = LOCAL_MODES.print(word(12).into());
    let rest = if style.verbose { characters(&b[16..]) } else { "...".to_owned() };
    format!("{{c_iflag={input}, c_oflag={output}, c_cflag={control}, c_lflag={local}, {rest}}}")
}

fn output(word: u32) -> String {
    let field =
        |(name, shift, values): (&str, u32, u32)| format!("{name}{}", word >> shift & (values - 1));
    let mut parts: Vec<String> = DELAYS.map(field).into();
    let flags = word & 0xff;
    if flags != 0 {
        parts.push(OUTPUT_MODES.print(flags.into()));
    }
    parts.join("|")
}

fn control(word: u32) -> String {
    let speeds = if word & HIGH == 0 { &SPEEDS } else { &HIGH_SPEEDS };
    let speed = speeds[(word & 0xf) as usize];
    let size = 5 + (word >> 4 & 3);
    // What is neither speed nor size.
    let flags = word & !0o10077;
    let rest =
        if flags == 0 { String::new() } else { format!("|{}", CONTROL_MODES.print(flags.into())) };
    format!("{speed}|CS{size}{rest}")
}

fn characters(b: &[u8]) -> String {
    let (line, special) = (b[0], b.get(1..20).unwrap_or_default());
    let line = if line == 0 { "N_TTY".to_owned() } else { format!("{line:#x} /* N_??? */") };
    let at = |at: usize| special.get(at).copied().unwrap_or(0);
    format!(
        "c_line={line}, c_cc[VMIN]={}, c_cc[VTIME]={}, c_cc={}",
        at(MINIMUM_AT),
        at(TIME_AT),
        text::in_hex(special)
    )
}
