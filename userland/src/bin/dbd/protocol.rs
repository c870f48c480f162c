//! What clients and the server say to each other: each message a frame of text ([`frame`](super::super::net::frame)).
//!
//! ```text
//! client:  SELECT name, pay FROM emp WHERE id = 7
//! server:  ok 0 3 1              rows changed, blocks looked at, blocks read from the disk
//!          name <tab> pay
//!          grace <tab> 40        a line for each row
//! or:      error no such table: emp
//! ```
//!
//! In values a tab, a line feed and a backslash are written `\t`, `\n`, `\\`, and NULL is `\N`, as in the text format of
//! PostgreSQL's COPY.

use super::sql::session::Answer;
use super::store::error::Error;
use super::store::value::Value;

/// What a client gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::bin) struct Reply {
    pub(in crate::bin) columns: Vec<String>,
    /// NULL is `None`.
    pub(in crate::bin) rows: Vec<Vec<Option<String>>>,
    pub(in crate::bin) changed: u64,
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

fn unescaped(text: &str) -> Option<String> {
    if text == "\\N" {
        return None;
    }
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some(other) => other,
                None => break,
            },
            other => other,
        });
    }
    Some(plain)
}

/// The message for what a statement came to.
pub(super) fn encode(result: &Result<Answer, Error>) -> String {
    let answer = match result {
        Ok(answer) => answer,
        Err(error) => return format!("error {error}"),
    };
    let mut text = format!("ok {} {} {}", answer.changed, answer.blocks, answer.misses);
    if !answer.columns.is_empty() {
        let names: Vec<String> = answer.columns.iter().map(|name| escaped(name)).collect();
        text.push('\n');
        text.push_str(&names.join("\t"));
    }
    for row in &answer.rows {
        let cell = |value: &Value| match value {
            Value::Null => "\\N".to_owned(),
            value => escaped(&value.to_string()),
        };
        let cells: Vec<String> = row.iter().map(cell).collect();
        text.push('\n');
        text.push_str(&cells.join("\t"));
    }
    text
}

/// What a message says; the server's words if the statement failed.
///
/// # Errors
/// The server's complaint.
pub(in crate::bin) fn decode(message: &[u8]) -> Result<Reply, String> {
    let text = String::from_utf8_lossy(message);
    if let Some(error) = text.strip_prefix("error ") {
        return Err(error.to_owned());
    }
    let mut lines = text.split('\n');
    let head = lines.next().and_then(|line| line.strip_prefix("ok "));
    let changed = head.and_then(|head| head.split(' ').next()?.parse().ok());
    let Some(changed) = changed else { return Err("not an answer of the database".to_owned()) };
    let names =
        lines.next().map_or(Vec::new(), |line| line.split('\t').filter_map(unescaped).collect());
    let rows = lines.map(|line| line.split('\t').map(unescaped).collect()).collect();
    Ok(Reply { columns: names, rows, changed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let text = |text: &str| Value::Text(text.to_owned());
        let answer = Answer {
            columns: vec!["a".to_owned(), "b".to_owned()],
            rows: vec![vec![text("x\ty\\\nz"), Value::Null], vec![text(""), Value::Integer(7)]],
            ..Answer::default()
        };
        let reply = decode(encode(&Ok(answer)).as_bytes()).expect("it went well");
        let cell = |text: &str| Some(text.to_owned());
        assert_eq!(reply.rows, [[cell("x\ty\\\nz"), None], [cell(""), cell("7")]]);
        assert_eq!(decode(b"error no such table: t"), Err("no such table: t".to_owned()));
        assert!(decode(b"rubbish").is_err());
    }
}
