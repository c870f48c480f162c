//! Patterns of file names and of `case` (XCU 2.13): `*`, `?` and `[…]`.

/// A character of an expanded text, and whether it was quoted: a quoted `*` is only a star.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The character.
    pub c: char,
    /// Whether it stands for itself whatever it is.
    pub is_quoted: bool,
}

/// A text none of whose characters is quoted.
#[must_use]
pub fn unquoted(text: &str) -> Vec<Mark> {
    text.chars().map(|c| Mark { c, is_quoted: false }).collect()
}

/// Whether anything in it is more than a character.
#[must_use]
pub fn is_pattern(pattern: &[Mark]) -> bool {
    pattern.iter().any(|mark| !mark.is_quoted && matches!(mark.c, '*' | '?' | '['))
}

/// The characters alone.
#[must_use]
pub fn text_of(pattern: &[Mark]) -> String {
    pattern.iter().map(|mark| mark.c).collect()
}

/// Whether a text fits a pattern as a whole. The time it takes grows with the product of their lengths at most: a
/// star is given more only when what follows it does not fit, and only the last star is.
#[must_use]
pub fn fits(pattern: &[Mark], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how far the text was then.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p).is_some_and(|mark| mark.c == '*' && !mark.is_quoted) {
            star = Some((p, t));
            p += 1;
            continue;
        }
        if t == text.len() && p == pattern.len() {
            return true;
        }
        let step = text.get(t).and_then(|&c| one(pattern.get(p..)?, c));
        if let Some(length) = step {
            p += length;
            t += 1;
            continue;
        }
        match star {
            Some((at, taken)) if taken < text.len() => {
                star = Some((at, taken + 1));
                (p, t) = (at + 1, taken + 1);
            }
            _ => return false,
        }
    }
}

/// How many marks stand for one character, if the first of them fit it.
fn one(pattern: &[Mark], c: char) -> Option<usize> {
    let first = pattern.first()?;
    if first.is_quoted {
        return (first.c == c).then_some(1);
    }
    match first.c {
        '?' => Some(1),
        '[' => match bracket(pattern, c) {
            Some((length, fits)) => fits.then_some(length),
            // A bracket that is never closed is a character.
            None => (c == '[').then_some(1),
        },
        other => (other == c).then_some(1),
    }
}

/// `[…]`: how long it is, and whether the character is in it.
fn bracket(pattern: &[Mark], c: char) -> Option<(usize, bool)> {
    let is_plain = |at: usize, c: char| pattern.get(at).is_some_and(|m| m.c == c && !m.is_quoted);
    let mut at = 1;
    let is_negated = is_plain(at, '!') || is_plain(at, '^');
    at += usize::from(is_negated);
    let (first, mut is_in) = (at, false);
    loop {
        let mark = pattern.get(at)?;
        if mark.c == ']' && !mark.is_quoted && at > first {
            return Some((at + 1, is_in != is_negated));
        }
        if is_plain(at, '[')
            && is_plain(at + 1, ':')
            && let Some(end) = (at + 2..pattern.len()).find(|&n| is_plain(n, ':'))
            && is_plain(end + 1, ']')
        {
            let name: String = pattern[at + 2..end].iter().map(|mark| mark.c).collect();
            is_in |= is_of_class(&name, c);
            at = end + 2;
            continue;
        }
        let last = pattern.get(at + 2);
        if is_plain(at + 1, '-')
            && let Some(last) = last.filter(|last| last.c != ']' || last.is_quoted)
        {
            is_in |= (mark.c..=last.c).contains(&c);
            at += 3;
        } else {
            is_in |= mark.c == c;
            at += 1;
        }
    }
}

/// The classes of characters of the POSIX locale.
#[must_use]
pub fn is_of_class(name: &str, c: char) -> bool {
    match name {
        "alpha" => c.is_ascii_alphabetic(),
        "digit" => c.is_ascii_digit(),
        "alnum" => c.is_ascii_alphanumeric(),
        "upper" => c.is_ascii_uppercase(),
        "lower" => c.is_ascii_lowercase(),
        "space" => c.is_ascii_whitespace() || c == '\x0b',
        "blank" => matches!(c, ' ' | '\t'),
        "punct" => c.is_ascii_punctuation(),
        "print" => matches!(c, ' '..='~'),
        "graph" => c.is_ascii_graphic(),
        "cntrl" => c.is_ascii_control(),
        "xdigit" => c.is_ascii_hexdigit(),
        _ => false,
    }
}

/// What is left of a text when a pattern is taken off one end of it (`${name#pattern}`, `${name%pattern}`).
#[must_use]
pub fn strip(text: &str, pattern: &[Mark], is_suffix: bool, is_longest: bool) -> String {
    let all: Vec<char> = text.chars().collect();
    let mut lengths: Vec<usize> = (0..=all.len()).collect();
    if is_longest {
        lengths.reverse();
    }
    for length in lengths {
        let (taken, left) = match is_suffix {
            true => (&all[all.len() - length..], &all[..all.len() - length]),
            false => all.split_at(length),
        };
        if fits(pattern, taken) {
            return left.iter().collect();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Mark, fits, strip, unquoted};

    fn matches(pattern: &str, text: &str) -> bool {
        fits(&unquoted(pattern), &text.chars().collect::<Vec<char>>())
    }

    #[test]
    fn stars_question_marks_and_brackets_fit_what_they_should() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("*.c", "a.b.c"),
            ("?x", "äx"),
            ("[a-c]1", "b1"),
            ("[!a-c]", "d"),
            ("[]x]", "]"),
            ("[[:digit:]_]*", "_9"),
            ("[a-]", "-"),
            ("[", "["),
            ("[a", "[a"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a*c", "abcd"), ("?", ""), ("[!a]", "a"), ("[a-c]", "d"), ("", "x")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_quoted_stands_for_itself() {
        let star = [Mark { c: '*', is_quoted: true }];
        assert!(fits(&star, &['*']));
        assert!(!fits(&star, &['a']));
    }

    #[test]
    fn many_stars_take_no_forever() {
        let text = "a".repeat(2000);
        assert!(!matches(&"*a".repeat(200).replace("*a", "*a*b"), &text));
    }

    #[test]
    fn ends_are_taken_off() {
        let pattern = unquoted("*/");
        assert_eq!(strip("a/b/c", &pattern, false, false), "b/c");
        assert_eq!(strip("a/b/c", &pattern, false, true), "c");
        let pattern = unquoted(".*");
        assert_eq!(strip("x.tar.gz", &pattern, true, false), "x.tar");
        assert_eq!(strip("x.tar.gz", &pattern, true, true), "x");
    }
}
