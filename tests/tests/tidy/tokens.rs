//! Just enough of Rust's grammar: words, numbers, punctuation, paths, and which parts are tests.

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Word,
    Integer,
    Float,
    Punctuation,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Offset of its first byte.
    pub(crate) at: usize,
}

/// The tokens of `code`, which [`code_only`](crate::strip::code_only) has been over.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let (kind, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_ascii_digit() {
            let after_dot = tokens.last().is_some_and(|t| t.text == ".");
            number(rest, after_dot)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c));
            (Kind::Word, end.unwrap_or(rest.len()))
        } else {
            let double = ["...", "..=", "..", "::"];
            let text = double.iter().find(|p| rest.starts_with(**p));
            let length = text.map_or(first.len_utf8(), |p| p.len());
            (Kind::Punctuation, length)
        };
        let text = &rest[..length];
        tokens.push(Token { kind, text, at });
        at += length;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The number at the start of `rest`. After a dot it is the field of a tuple: `x.0.1` has no `0.1` in it.
fn number(rest: &str, after_dot: bool) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let run = |from: usize, accept: fn(u8) -> bool| {
        from + bytes[from..].iter().take_while(|&&b| accept(b)).count()
    };
    let digit: fn(u8) -> bool = |b| b.is_ascii_digit() || b == b'_';
    let word: fn(u8) -> bool = |b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    if after_dot {
        return (Kind::Integer, run(0, digit));
    }
    if matches!(bytes, [b'0', b'x' | b'o' | b'b', ..]) {
        return (Kind::Integer, run(0, word));
    }
    let mut end = run(0, digit);
    let mut kind = Kind::Integer;
    let after_point = bytes.get(end + 1).copied().unwrap_or(b' ');
    let begins_name = after_point.is_ascii_alphabetic() || after_point == b'_';
    // `0..5` is a range and `1.max(2)` a call.
    if bytes.get(end) == Some(&b'.') && after_point != b'.' && !begins_name {
        kind = Kind::Float;
        end = run(end + 1, digit);
    }
    if let [b'e' | b'E', exponent @ ..] = &bytes[end..] {
        let signed = matches!(exponent.first(), Some(b'+' | b'-'));
        let digits = &exponent[usize::from(signed)..];
        if digits.first().is_some_and(u8::is_ascii_digit) {
            kind = Kind::Float;
            end = run(end + 1 + usize::from(signed), digit);
        }
    }
    let suffix = end;
    end = run(end, word);
    if rest[suffix..end].ends_with("f32") || rest[suffix..end].ends_with("f64") {
        kind = Kind::Float;
    }
    (kind, end)
}

/// A path as it stands in the code, one for each leaf of a `use` tree.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    /// `crate`, `mm`, `Frames`; the last is `*` for a glob. `self` at a leaf stands for what is before it.
    pub(crate) segments: Vec<&'a str>,
    /// Offset of its first segment or, in a group, of its own part.
    pub(crate) at: usize,
    /// How many `mod name { … }` it is inside of.
    pub(crate) inline_depth: usize,
}

/// All paths of two segments or more, and whatever `use` names.
pub(crate) fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Path<'a>> {
    let mut paths = Vec::new();
    // For every open brace, whether it belongs to a module.
    let mut braces: Vec<bool> = Vec::new();
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text);
    let is_word = |i: usize| tokens.get(i).is_some_and(|t| t.kind == Kind::Word);
    let mut i = 0;
    while i < tokens.len() {
        let continues = i > 0 && text(i - 1) == "::" && {
            // `a::b` and `Vec::<T>::new` go on here; `= ::std::b` begins.
            i > 1 && (is_word(i - 2) || text(i - 2) == ">")
        };
        let begins = is_word(i) && !continues && text(i + 1) == "::";
        let found = paths.len();
        match text(i) {
            "{" => {
                braces.push(i > 1 && text(i - 2) == "mod");
                i += 1;
            }
            "}" => {
                braces.pop();
                i += 1;
            }
            "use" => i = tree(tokens, i + 1, &[], &mut paths),
            _ if begins => i = tree(tokens, i, &[], &mut paths),
            _ => i += 1,
        }
        let inline_depth = braces.iter().filter(|module| **module).count();
        for path in &mut paths[found..] {
            path.inline_depth = inline_depth;
        }
    }
    paths
}

/// Reads the path or tree at `i`, adds its leaves to `paths`, and says where it ends.
fn tree<'a>(
    tokens: &[Token<'a>],
    mut i: usize,
    parent: &[&'a str],
    paths: &mut Vec<Path<'a>>,
) -> usize {
    let mut segments = parent.to_vec();
    let mut leaf = None;
    while let Some(token) = tokens.get(i) {
        match token.text {
            "::" => i += 1,
            "{" => {
                i += 1;
                while let Some(inner) = tokens.get(i) {
                    match inner.text {
                        "}" => return i + 1,
                        "," => i += 1,
                        // Not a `use` tree after all; the caller goes on behind this token.
                        _ if inner.kind != Kind::Word
                            && !matches!(inner.text, "::" | "{" | "*") =>
                        {
                            return i;
                        }
                        _ => i = tree(tokens, i, &segments, paths),
                    }
                }
                return i;
            }
            "*" => {
                segments.push("*");
                leaf.get_or_insert(token.at);
                i += 1;
                break;
            }
            "self" if !segments.is_empty() => {
                leaf.get_or_insert(token.at);
                i += 1;
                break;
            }
            _ if token.kind == Kind::Word => {
                segments.push(token.text);
                leaf.get_or_insert(token.at);
                i += 1;
                if tokens.get(i).is_none_or(|next| next.text != "::") {
                    break;
                }
            }
            // `Vec::<u8>`: what is in the brackets is looked at on its own.
            _ => break,
        }
    }
    if let Some(at) = leaf {
        let inline_depth = 0;
        paths.push(Path { segments, at, inline_depth });
    }
    // `a as b`, in a `use` or as a cast: neither the keyword nor the new name is a path.
    if tokens.get(i).is_some_and(|t| t.text == "as") && !parent.is_empty() {
        i += 2;
    }
    i
}

/// The parts that are only compiled for tests, as ranges of offsets: items behind `#[cfg(test)]` or
/// `#[test]`, and `mod tests { … }`.
pub(crate) fn test_ranges(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text);
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let whole_file = text(i) == "#" && text(i + 1) == "!" && is_test_attribute(tokens, i + 2);
        if whole_file {
            ranges.push(0..usize::MAX);
        }
        let attribute = text(i) == "#" && is_test_attribute(tokens, i + 1);
        let module = text(i) == "mod" && text(i + 1) == "tests" && text(i + 2) == "{";
        if attribute || module {
            let end = item_end(tokens, i);
            ranges.push(tokens[i].at..tokens.get(end).map_or(usize::MAX, |t| t.at));
            i = end;
        } else {
            i += 1;
        }
    }
    ranges
}

/// The names in `#[cfg(test)] mod name;`: their files are tests as a whole.
pub(crate) fn test_modules<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let ranges = test_ranges(tokens);
    let in_test = |at: usize| ranges.iter().any(|range| range.contains(&at));
    tokens
        .windows(3)
        .filter(|w| w[0].text == "mod" && w[2].text == ";" && in_test(w[0].at))
        .map(|w| w[1].text)
        .collect()
}

/// Whether `[…]` at `open` is `[test]` or a `[cfg(…)]` that holds in tests only.
fn is_test_attribute(tokens: &[Token<'_>], open: usize) -> bool {
    if tokens.get(open).is_none_or(|t| t.text != "[") {
        return false;
    }
    let end = closing(tokens, open);
    let words = |word: &str| tokens[open..end].iter().any(|t| t.text == word);
    match tokens.get(open + 1).map(|t| t.text) {
        Some("test") => end == open + 3,
        // `any(test, feature = …)` is compiled without tests as well.
        Some("cfg") => words("test") && !words("not") && !words("any"),
        _ => false,
    }
}

/// The index behind the bracket that closes the one at `open`; `open` itself if there is none.
fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if i == open { open } else { i + 1 };
        }
    }
    tokens.len()
}

/// The index behind the item at `i`, its attributes included: behind its first block, or its semicolon.
fn item_end(tokens: &[Token<'_>], mut i: usize) -> usize {
    while let Some(token) = tokens.get(i) {
        match token.text {
            ";" => return i + 1,
            "{" => return closing(tokens, i),
            "(" | "[" => i = closing(tokens, i),
            _ => i += 1,
        }
    }
    i
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
