//! Flags and constants of system calls, with the names that strace prints.
//!
//! Each kind of flag is a type (`OpenFlags`) and a [`FlagSet`], the table of its names; each kind
//! of number-with-a-name is a module of constants (`whence::CUR`) and a [`ConstSet`]. Both halves
//! come from one list, made with `flag_set!` and `const_set!` below. The values are those of
//! riscv64: `asm-generic/*.h` and `linux/*.h`.
//!
//! A typical sequence:
//! 1. openat(2) arrives with the word 0o2000101; the handler asks `OpenFlags::from_bits_truncate`;
//! 2. the call table says `Kind::Flags(&OPEN)`, so the printer writes [`FlagSet::print`]:
//!    `O_WRONLY|O_CREAT|O_CLOEXEC`;
//! 3. a script with that text is read back with [`FlagSet::parse`].
//!
//! Bits and numbers without a name print as strace prints them: `O_RDWR|0x40000000`,
//! `0x9 /* SEEK_??? */`.

use std::borrow::Cow;

pub mod file;
mod futex;
pub mod memory;
pub mod network;
pub mod process;
pub mod terminal;

pub use file::{AccessMode, AtFlags, FileMode, OpenFlags};
pub use futex::FutexOp;
pub use memory::{MapFlags, Protection};
pub use network::{MessageFlags, PollEvents, SocketFlags};
pub use process::{CloneFlags, WaitFlags, parse_clone_flags, print_clone_flags};

/// Names of numbers: one kind of constant.
#[derive(Debug, PartialEq, Eq)]
pub struct ConstSet {
    /// What stands in the comment after a number without a name: `SEEK_???`.
    pub unknown: &'static str,
    /// Names and values. Where two names share a value, the first is printed. Negative ones are
    /// kept as the 32 bits that a C `int` has.
    pub names: &'static [(&'static str, u32)],
}

impl ConstSet {
    /// The name of a number.
    #[must_use]
    pub fn name(&self, value: u32) -> Option<&'static str> {
        self.names.iter().find(|(_, known)| *known == value).map(|(name, _)| *name)
    }

    /// The number with a name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u32> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// As strace prints it: `SEEK_CUR`, or `0x9 /* SEEK_??? */`. Takes the low 32 bits of a
    /// register.
    #[must_use]
    pub fn print(&self, value: u32) -> String {
        match self.name(value) {
            Some(name) => name.to_owned(),
            None => format!("{} /* {} */", hex(u64::from(value)), self.unknown),
        }
    }

    /// Reads a name or a number, with or without strace's comment.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<u32> {
        let text = without_comment(text);
        if let Some(value) = self.value(text) {
            return Some(value);
        }
        match text.strip_prefix('-') {
            Some(digits) => {
                Some(i32::try_from(number(digits)?).ok()?.wrapping_neg().cast_unsigned())
            }
            None => u32::try_from(number(text)?).ok(),
        }
    }
}

/// Names of bits: one kind of flags.
#[derive(Debug, PartialEq, Eq)]
pub struct FlagSet {
    /// What stands in the comment when no bit has a name: `O_???`.
    pub unknown: &'static str,
    /// What is printed for no bits at all: mostly `0`, but `PROT_NONE` or `F_OK`.
    pub zero: &'static str,
    /// Some of the bits may be a number of their own, printed first: the access mode of open(2).
    pub field: Option<&'static Field>,
    /// The bits of the argument's C type: a register may hold more, and Linux does not look at
    /// them.
    pub width: u64,
    /// Bits 26 to 31 may hold the logarithm of a huge page's size, printed `21<<MAP_HUGE_SHIFT`;
    /// this is the name of the shift.
    pub huge: Option<&'static str>,
    /// Names and bits, in the order in which they are printed. Names for several bits stand before
    /// those of the single bits (`O_SYNC` before `O_DSYNC`).
    pub bits: &'static [(&'static str, u64)],
}

/// A number inside a word of flags.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The bits that it takes up.
    pub mask: u64,
    /// Its names.
    pub names: &'static ConstSet,
}

impl FlagSet {
    /// As strace prints it: `A|B|0x40`; `0x40 /* A_??? */` if no bit has a name.
    #[must_use]
    pub fn print(&self, value: u64) -> String {
        let value = value & self.width;
        let mut parts: Vec<Cow<'static, str>> = Vec::new();
        let mut rest = value;
        if let Some(field) = self.field {
            let name =
                u32::try_from(value & field.mask).ok().and_then(|number| field.names.name(number));
            let Some(name) = name else {
                return format!("{} /* {} */", hex(value), self.unknown);
            };
            parts.push(name.into());
            rest &= !field.mask;
        } else if value == 0 {
            return self.zero.to_owned();
        }
        for &(name, bits) in self.bits {
            if bits != 0 && rest & bits == bits {
                parts.push(name.into());
                rest &= !bits;
            }
        }
        let huge = rest & HUGE_MASK;
        if let (Some(shift), 1..) = (self.huge, huge) {
            rest &= !HUGE_MASK;
            if rest != 0 {
                parts.push(hex(rest).into());
            }
            parts.push(format!("{}<<{shift}", huge >> HUGE_SHIFT).into());
            rest = 0;
        }
        match (parts.is_empty(), rest) {
            (_, 0) => parts.join("|"),
            (true, _) => format!("{} /* {} */", hex(rest), self.unknown),
            (false, _) => format!("{}|{}", parts.join("|"), hex(rest)),
        }
    }

    /// Reads what [`FlagSet::print`] writes, in any order, with numbers in hexadecimal, octal or
    /// decimal.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<u64> {
        without_comment(text)
            .split('|')
            .try_fold(0, |value, part| Some(value | self.part(part.trim())?))
    }

    fn part(&self, name: &str) -> Option<u64> {
        if name == self.zero {
            return Some(0);
        }
        let in_field = || self.field.and_then(|field| field.names.value(name)).map(u64::from);
        let bits = || self.bits.iter().find(|(known, _)| *known == name).map(|(_, bits)| *bits);
        let huge = || {
            let (size, shift) = name.split_once("<<")?;
            let size = number(size)?;
            (Some(shift) == self.huge && size <= HUGE_MASK >> HUGE_SHIFT)
                .then_some(size << HUGE_SHIFT)
        };
        bits().or_else(in_field).or_else(huge).or_else(|| number(name))
    }
}

/// Where the size of a huge page stands in a word of flags (asm-generic/hugetlb_encode.h).
const HUGE_SHIFT: u32 = 26;
const HUGE_MASK: u64 = 0x3f << HUGE_SHIFT;

/// Hexadecimal as C's `%#x` writes it: zero has no prefix.
#[must_use]
pub fn hex(value: u64) -> String {
    if value == 0 { "0".to_owned() } else { format!("{value:#x}") }
}

/// A number in C's notation: `0x1f`, `0755`, `12`.
#[must_use]
pub fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // from_str_radix takes a leading sign, which C's notation for these has not.
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, radix).ok() }
}

fn without_comment(text: &str) -> &str {
    text.split_once("/*").map_or(text, |(before, _)| before).trim()
}

/// The printed name of one entry: prefix and identifier, or the text given with `as`.
macro_rules! spelled {
    ($prefix:literal, $name:ident) => {
        concat!($prefix, stringify!($name))
    };
    ($prefix:literal, $name:ident, $text:literal) => {
        $text
    };
}
pub(crate) use spelled;

/// The given token, or the default before it.
macro_rules! or_default {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}
pub(crate) use or_default;

/// Makes a bitflags type and the [`FlagSet`] with its names from one list.
///
/// `Type: width, TABLE, "PREFIX_" [unknown "…"] [zero "…"] [huge "…"] [field &FIELD];`, then
/// `NAME [as "text"] = bits;` for each.
macro_rules! flag_set {
    (
        $(#[$doc:meta])*
        $type:ident: $width:ty, $table:ident, $prefix:literal
        $(unknown $unknown:literal)? $(zero $zero:literal)? $(huge $huge:literal)?
        $(field $field:expr)?;
        $($(#[$($what:tt)*])* $name:ident $(as $text:literal)? = $bits:expr;)*
    ) => {
        bitflags::bitflags! {
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $type: $width {
                $(
                    #[doc = concat!(
                        "`", $crate::abi::flags::spelled!($prefix, $name $(, $text)?), "`, ",
                        stringify!($bits), "."
                    )]
                    #[doc = ""]
                    $(#[$($what)*])*
                    const $name = $bits;
                )*
            }
        }

        #[doc = concat!("The names of [`", stringify!($type), "`].")]
        pub static $table: $crate::abi::flags::FlagSet = $crate::abi::flags::FlagSet {
            unknown: $crate::abi::flags::or_default!(concat!($prefix, "???") $(, $unknown)?),
            zero: $crate::abi::flags::or_default!("0" $(, $zero)?),
            field: $crate::abi::flags::or_default!(None $(, Some($field))?),
            width: <$width>::MAX as u64,
            huge: $crate::abi::flags::or_default!(None $(, Some($huge))?),
            bits: &[$(($crate::abi::flags::spelled!($prefix, $name $(, $text)?), $bits)),*],
        };

        /// As strace prints it.
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&$table.print(u64::from(self.bits())))
            }
        }
    };
}
pub(crate) use flag_set;

/// Makes a module of constants and the [`ConstSet`] with their names from one list.
///
/// `module, TABLE, "PREFIX_" [unknown "…"]; NAME [as "text"] = value; …`
macro_rules! const_set {
    (
        $(#[$doc:meta])*
        $module:ident, $table:ident, $prefix:literal $(unknown $unknown:literal)?;
        $($(#[$($what:tt)*])* $name:ident $(as $text:literal)? = $value:expr;)*
    ) => {
        $(#[$doc])*
        pub mod $module {
            $(
                #[doc = concat!(
                    "`", $crate::abi::flags::spelled!($prefix, $name $(, $text)?), "`, ",
                    stringify!($value), "."
                )]
                #[doc = ""]
                $(#[$($what)*])*
                pub const $name: u32 = $value;
            )*
        }

        #[doc = concat!("The names of the constants in [`", stringify!($module), "`].")]
        pub static $table: $crate::abi::flags::ConstSet = $crate::abi::flags::ConstSet {
            unknown: $crate::abi::flags::or_default!(concat!($prefix, "???") $(, $unknown)?),
            names: &[$(($crate::abi::flags::spelled!($prefix, $name $(, $text)?), $value)),*],
        };
    };
}
pub(crate) use const_set;

#[cfg(test)]
mod tests;
