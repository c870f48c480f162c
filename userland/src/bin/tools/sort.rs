//! `sort [-bfnru] [-t SEPARATOR] [-k FIELD[,FIELD]] [-o FILE] [FILE...]`: sorts lines.

use super::tool::{Lines, Tool};
use crate::sys::Sys;
use std::cmp::Ordering;

/// Part of a line that is compared: fields from and to, and what holds for them.
struct Key {
    from: usize,
    to: usize,
    options: String,
}

fn key(text: &str, global: &str) -> Option<Key> {
    let mut options = String::new();
    let mut number = |part: &str| {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(part.len());
        options.push_str(&part[end..]);
        // Characters within a field, after a dot, are not looked at.
        part[..end].split('.').next().and_then(|digits| digits.parse::<usize>().ok())
    };
    let (first, second) = text.split_once(',').map_or((text, None), |(a, b)| (a, Some(b)));
    let from = number(first).filter(|n| *n > 0)?;
    let to = match second {
        Some(second) => number(second)?,
        None => usize::MAX,
    };
    if options.is_empty() {
        global.clone_into(&mut options);
    }
    Some(Key { from, to, options })
}

/// The part of a line that a key names.
fn part<'a>(line: &'a [u8], key: &Key, separator: Option<u8>) -> &'a [u8] {
    let mut ends = Vec::new();
    let mut at = 0;
    while at <= line.len() {
        let rest = &line[at..];
        let length = match separator {
            Some(separator) => rest.iter().position(|byte| *byte == separator),
            None => {
                let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let found = rest[blanks..].iter().position(u8::is_ascii_whitespace);
                found.map(|found| found + blanks)
            }
        };
        let length = length.unwrap_or(rest.len());
        ends.push((at, at + length));
        at += length + usize::from(separator.is_some());
        if separator.is_none() && at >= line.len() {
            break;
        }
    }
    let Some(&(start, _)) = ends.get(key.from - 1) else { return &[] };
    let end = key.to.checked_sub(1).and_then(|to| ends.get(to)).map_or(line.len(), |end| end.1);
    line.get(start..end).unwrap_or_default()
}

/// A number at the beginning: sign, digits before the point, digits behind it.
fn number(text: &[u8]) -> (bool, Vec<u8>, Vec<u8>) {
    let text = text.trim_ascii_start();
    let (is_negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let digits =
        |text: &[u8]| -> Vec<u8> { text.iter().copied().take_while(u8::is_ascii_digit).collect() };
    let whole = digits(text);
    let fraction = match text.get(whole.len()) {
        Some(b'.') => digits(&text[whole.len() + 1..]),
        _ => Vec::new(),
    };
    let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
    let mut fraction = fraction;
    while fraction.last() == Some(&b'0') {
        fraction.pop();
    }
    let whole = whole[zeros..].to_vec();
    let is_zero = whole.is_empty() && fraction.is_empty();
    (is_negative && !is_zero, whole, fraction)
}

fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (number(a), number(b));
    match (a.0, b.0) {
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    let order = a.1.len().cmp(&b.1.len()).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2));
    if a.0 { order.reverse() } else { order }
}

fn compare(a: &[u8], b: &[u8], options: &str) -> Ordering {
    let has = |letter| options.contains(letter);
    let (mut a, mut b) = (a, b);
    if has('b') {
        (a, b) = (a.trim_ascii_start(), b.trim_ascii_start());
    }
    let order = if has('n') {
        compare_numbers(a, b)
    } else if has('f') {
        a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase())
    } else {
        a.cmp(b)
    };
    if has('r') { order.reverse() } else { order }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "sort").await;
    let Some(options) = tool.options("bfnrusct:k:o:").await else { return 2 };
    let global: String = "bfnr".chars().filter(|letter| options.has(*letter)).collect();
    let mut keys = Vec::new();
    for text in options.values('k') {
        match key(text, &global) {
            Some(key) => keys.push(key),
            None => {
                tool.complain(&format!("invalid number at field start: '{text}'")).await;
                return 2;
            }
        }
    }
    let separator = options.value('t').and_then(|text| text.bytes().next());
    let mut lines = Vec::new();
    for name in options.inputs() {
        let fd = if name == "-" { Ok(0) } else { tool.sys.open(&name, 0, 0).await };
        let fd = match fd {
            Ok(fd) => fd,
            Err(errno) => {
                tool.fail(&format!("cannot read: {name}"), errno).await;
                return 2;
            }
        };
        let mut input = Lines::new(fd);
        while let Some(line) = input.next(&mut tool).await {
            lines.push(line);
        }
        tool.close(fd).await;
    }
    let by_keys = |a: &Vec<u8>, b: &Vec<u8>| {
        if keys.is_empty() {
            return compare(a, b, &global);
        }
        let orders = keys
            .iter()
            .map(|key| compare(part(a, key, separator), part(b, key, separator), &key.options));
        orders.fold(Ordering::Equal, Ordering::then)
    };
    // The last resort is the whole line, byte by byte.
    let is_reversed = global.contains('r');
    let last = |a: &Vec<u8>, b: &Vec<u8>| if is_reversed { b.cmp(a) } else { a.cmp(b) };
    if options.has('c') {
        let wrong = lines.windows(2).position(|pair| by_keys(&pair[0], &pair[1]).is_gt());
        if let Some(at) = wrong {
            let line = String::from_utf8_lossy(&lines[at + 1]).into_owned();
            tool.complain(&format!("-:{}: disorder: {line}", at + 2)).await;
        }
        return tool.end().await;
    }
    if options.has('u') || options.has('s') {
        lines.sort_by(by_keys);
    } else {
        lines.sort_by(|a, b| by_keys(a, b).then_with(|| last(a, b)));
    }
    if options.has('u') {
        lines.dedup_by(|b, a| by_keys(a, b).is_eq());
    }
    let mut text = Vec::new();
    for line in lines {
        text.extend(line);
        text.push(b'\n');
    }
    match options.value('o') {
        None => tool.put(&text).await,
        Some(path) => {
            let opened = tool.sys.open(path, 0o1101, 0o666).await;
            let written = match opened {
                Ok(fd) => tool.sys.write(fd, &text).await,
                Err(errno) => Err(errno),
            };
            if let Err(errno) = written {
                tool.fail(path, errno).await;
            }
        }
    }
    tool.end().await
}
