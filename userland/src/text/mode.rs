//! Modes of files as people write them (XCU, chmod): `755`, `u+x,go-w`; and as `ls -l` shows them.

use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

/// Permission bits after a change that is written as `[ugoa...][+-=][rwxXst...|ugo],...`; `None` if it is none.
/// `X` means `x` for directories and for what somebody may run already. Without `ugoa`, bits of `mask` (umask(2)) stay
/// as they are.
#[must_use]
pub(crate) fn symbolic(text: &str, mode: u32, is_directory: bool, mask: u32) -> Option<u32> {
    let mut mode = mode & 0o7777;
    for clause in text.split(',') {
        let mut rest = clause;
        let length = rest.bytes().take_while(|c| b"ugoa".contains(c)).count();
        let (whom, actions) = rest.split_at(length);
        let mut reach = 0;
        for letter in whom.bytes() {
            reach |= match letter {
                b'u' => 0o4700,
                b'g' => 0o2070,
                b'o' => 0o1007,
                _ => 0o7777,
            };
        }
        let allowed = if whom.is_empty() { 0o7777 & !mask } else { reach };
        rest = actions;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let operator = rest.chars().next().filter(|c| "+-=".contains(*c))?;
            rest = &rest[1..];
            let length = rest.find(['+', '-', '=']).unwrap_or(rest.len());
            let (letters, behind) = rest.split_at(length);
            rest = behind;
            let mut bits = 0;
            for letter in letters.bytes() {
                bits |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' if is_directory || mode & 0o111 != 0 => 0o111,
                    b'X' => 0,
                    b's' => 0o6000,
                    b't' => 0o1000,
                    b'u' => (mode >> 6 & 7) * 0o111,
                    b'g' => (mode >> 3 & 7) * 0o111,
                    b'o' => (mode & 7) * 0o111,
                    _ => return None,
                };
            }
            let bits = bits & allowed;
            mode = match operator {
                '+' => mode | bits,
                '-' => mode & !bits,
                _ => mode & !(if whom.is_empty() { 0o7777 } else { reach } & 0o6777) | bits,
            };
        }
    }
    Some(mode)
}

/// An octal or symbolic mode.
#[must_use]
pub(crate) fn parse(text: &str, mode: u32, is_directory: bool, mask: u32) -> Option<u32> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
    }
    symbolic(text, mode, is_directory, mask)
}

/// `drwxr-xr-x`
#[must_use]
pub(crate) fn letters(mode: u32) -> String {
    let kind = match mode & FILE_TYPE_MASK {
        file_type::DIR => 'd',
        file_type::LNK => 'l',
        file_type::CHR => 'c',
        file_type::BLK => 'b',
        file_type::IFO => 'p',
        file_type::SOCK => 's',
        _ => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift & 7;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{letters, parse};

    #[test]
    fn modes_are_changed_as_chmod_does() {
        for (text, before, after) in [
            ("755", 0o644, Some(0o755)),
            ("u+x", 0o644, Some(0o744)),
            ("go-rw,u=rwx", 0o666, Some(0o700)),
            ("a+X", 0o644, Some(0o644)),
            ("a+X", 0o744, Some(0o755)),
            ("g=u", 0o640, Some(0o660)),
            ("+t", 0o755, Some(0o1755)),
            ("u+s,g-x", 0o755, Some(0o4745)),
            ("=r", 0o777, Some(0o444)),
            ("u+y", 0o644, None),
            ("8", 0o644, None),
            ("", 0o644, None),
        ] {
            assert_eq!(parse(text, before, false, 0o022), after, "{text}");
        }
        assert_eq!(parse("+w", 0o444, false, 0o022), Some(0o644));
    }

    #[test]
    fn letters_are_those_of_ls() {
        assert_eq!(letters(0o100_644), "-rw-r--r--");
        assert_eq!(letters(0o041_777), "drwxrwxrwt");
        assert_eq!(letters(0o104_644), "-rwSr--r--");
    }
}
