//! Regular expressions of POSIX (XBD 9), basic and extended, on an engine that has its own notation.
//!
//! A difference: of several matches that begin at the same place the engine takes the first alternative and not the
//! longest, and it knows no back-references.

use regex_lite::{Regex, RegexBuilder};

/// How an expression is written, and how it matches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// Whether it is an extended one.
    pub(crate) is_extended: bool,
    /// Whether it is no expression at all, but a text.
    pub(crate) is_fixed: bool,
    /// Whether case does not matter.
    pub(crate) ignores_case: bool,
}

/// Makes an expression.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(text: &str, style: Style) -> Result<Regex, String> {
    let translated = match (style.is_fixed, style.is_extended) {
        (true, _) => regex_lite::escape(text),
        (false, is_extended) => translate(text, is_extended)?,
    };
    RegexBuilder::new(&translated)
        .case_insensitive(style.ignores_case)
        .size_limit(1 << 20)
        .nest_limit(100)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().to_owned())
}

/// In a basic expression `\(`, `\)`, `\{`, `\}`, `\|`, `\+` and `\?` are special and their plain forms are not; a star
/// at the beginning is a star. In both a bracket's backslash is a backslash.
fn translate(text: &str, is_extended: bool) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    let mut is_start = true;
    while let Some(c) = rest.next() {
        let was_start = std::mem::replace(&mut is_start, false);
        match c {
            '\\' => match rest.next() {
                None => return Err("Trailing backslash".to_owned()),
                Some(c @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) if !is_extended => {
                    out.push(c);
                    is_start = matches!(c, '(' | '|');
                }
                Some(c @ '1'..='9') => return Err(format!("back-reference \\{c} is not known")),
                Some('<') => out.push_str("\\b"),
                Some('>') => out.push_str("\\b"),
                Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => out.extend(['\\', c]),
                Some('n') => out.push('\n'),
                Some(c) => out.push_str(&regex_lite::escape(&c.to_string())),
            },
            '(' | ')' | '{' | '}' | '|' | '+' | '?' if !is_extended => {
                out.push('\\');
                out.push(c);
            }
            '*' if was_start && !is_extended => out.push_str("\\*"),
            '^' if !is_extended && !was_start => out.push_str("\\^"),
            '$' if !is_extended && rest.peek().is_some() => {
                let mut ahead = rest.clone();
                let closes = ahead.next() == Some('\\') && matches!(ahead.next(), Some(')' | '|'));
                out.push_str(if closes { "$" } else { "\\$" });
            }
            '[' => bracket(&mut rest, &mut out)?,
            '^' => {
                out.push('^');
                is_start = true;
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

fn bracket(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), String> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut is_first = true;
    loop {
        let Some(c) = rest.next() else {
            return Err("Unmatched [, [^, [:, [., or [=".to_owned());
        };
        match c {
            ']' if !is_first => {
                out.push(']');
                return Ok(());
            }
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '-' => out.push('-'),
            c if c.is_alphanumeric() || c == ' ' => out.push(c),
            c if c.is_ascii() => out.extend(['\\', c]),
            c => out.push(c),
        }
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, compile};

    fn found(pattern: &str, is_extended: bool, text: &str) -> Option<String> {
        let style = Style { is_extended, ..Style::default() };
        let regex = compile(pattern, style).expect("a pattern");
        regex.find(text).map(|found| found.as_str().to_owned())
    }

    #[test]
    fn basic_expressions_have_their_own_notation() {
        assert_eq!(found("a+", false, "aa+").as_deref(), Some("a+"));
        assert_eq!(found("a\\+", false, "aa+").as_deref(), Some("aa"));
        assert_eq!(found("\\(ab\\)*c", false, "ababc").as_deref(), Some("ababc"));
        assert_eq!(found("*x", false, "a*x").as_deref(), Some("*x"));
        assert_eq!(found("a\\{2\\}", false, "aaa").as_deref(), Some("aa"));
        assert_eq!(found("a^b$c", false, "a^b$c").as_deref(), Some("a^b$c"));
        assert_eq!(found("[]a\\]", false, "\\").as_deref(), Some("\\"));
        assert_eq!(found("^[[:digit:]-]*$", false, "12-3").as_deref(), Some("12-3"));
    }

    #[test]
    fn extended_expressions_are_nearly_the_engines() {
        assert_eq!(found("(a|b)+c?", true, "abac").as_deref(), Some("abac"));
        assert_eq!(found("a\\+", true, "a+").as_deref(), Some("a+"));
        assert_eq!(found("[^a-c]{2}", true, "abxyz").as_deref(), Some("xy"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in ["[a", "\\(a", "a\\"] {
            assert!(compile(wrong, Style::default()).is_err(), "{wrong}");
        }
        assert!(
            compile(&"(".repeat(500), Style { is_extended: true, ..Style::default() }).is_err()
        );
    }
}
