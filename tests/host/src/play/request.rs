//! The lines of the referee, taken apart.
//!
//! `begin` holds what the first task finds, all of it optional: `"arena":[ADDRESS,LENGTH]` (0x20000000, 1 MiB),
//! `"limits":[[RESOURCE,SOFT,HARD],…]`, `"umask":N` (18), `"directory":"/tmp"`, `"descriptors":"null"|"none"`,
//! `"session":true`, `"name":"script"`, `"handlers":"return"|"stay"` (a handler returns by itself, or stays until its task is told to call
//! rt_sigreturn(2)), `"init":false` (whether the first task is process 1 to itself and its descendants), and `"files":[{"path":…,"mode":N,"hex":…|"text":…|"link":…|"directory":true},…]`.

use super::first::Setup;
use super::isolate::{Content, Entry};
use super::numbers::{self as calls, Kind};
use super::tree::{Bytes, Command, Range};
use serde_json::Value;
use std::time::Duration;

/// What is to be done.
pub(super) enum Request {
    /// Begin with a fresh tree.
    Begin(Setup),
    /// Have a task do something.
    Play { command: Command, patience: Duration },
    /// Show memory of a task.
    Show { task: usize, ranges: Vec<Range> },
    /// Wait for a call that has not come back.
    Wait { task: usize, patience: Duration },
    /// Let time pass.
    Pause(Duration),
}

/// No answer takes longer, whatever is asked for.
const LONGEST: u64 = 60_000;
/// The most bytes that are shown or written at a time.
const MOST: usize = 16 << 20;

/// A line's request; an error says what was expected.
pub(super) fn parse(line: &str) -> Result<Request, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if let Some(begin) = value.get("begin") {
        return setup(begin).map(Request::Begin);
    }
    let patience = value.get("patience").map_or(Ok(0), |ms| word(ms, "patience"))?;
    let patience = Duration::from_millis(patience.min(LONGEST));
    if let Some(time) = value.get("pause") {
        return Ok(Request::Pause(Duration::from_millis(word(time, "pause")?.min(LONGEST))));
    }
    if let Some(task) = value.get("wait") {
        return Ok(Request::Wait { task: size(task, "wait")?, patience });
    }
    let task = value.get("task").ok_or("expected `begin`, `task`, `wait` or `pause`")?;
    let task = size(task, "task")?;
    let shows = ["number", "load", "store"].iter().all(|name| value.get(*name).is_none());
    if shows && value.get("read").is_some() {
        return Ok(Request::Show { task, ranges: list(&value, "read", &range)? });
    }
    let mut command = action(&value, task)?;
    command.memory = list(&value, "memory", &bytes_at)?;
    command.read = list(&value, "read", &range)?;
    Ok(Request::Play { command, patience })
}

/// What a task is to do; that it cannot be compared is found when it is played.
fn action(value: &Value, task: usize) -> Result<Command, String> {
    let command = |kind, number, words| Command {
        task,
        kind,
        number,
        words,
        memory: Vec::new(),
        read: Vec::new(),
        why: None,
    };
    if let Some(address) = value.get("load") {
        return Ok(command(Kind::Load, 0, [word(address, "load")?, 0, 0, 0, 0, 0]));
    }
    if let Some(store) = value.get("store") {
        let [address, byte] = numbers(store, "store")?;
        return Ok(command(Kind::Store, 0, [address, byte, 0, 0, 0, 0]));
    }
    let number = value.get("number").ok_or("expected `number`, `load`, `store` or `read`")?;
    let given = value.get("arguments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if given.len() > 6 {
        return Err("`arguments`: expected six at most".to_owned());
    }
    let mut words = [0; 6];
    for (place, argument) in words.iter_mut().zip(given) {
        *place = word(argument, "arguments")?;
    }
    Ok(match calls::find(word(number, "number")?) {
        Ok((kind, number)) => command(kind, number, words),
        Err(why) => Command { why: Some(why.to_owned()), ..command(Kind::Nothing, 0, words) },
    })
}

/// A word of 64 bits, which may be written with a sign.
fn word(value: &Value, name: &str) -> Result<u64, String> {
    let signed = value.as_i64().map(|number| number as u64);
    value.as_u64().or(signed).ok_or_else(|| format!("`{name}`: expected a whole number"))
}

fn size(value: &Value, name: &str) -> Result<usize, String> {
    usize::try_from(word(value, name)?).map_err(|_| format!("`{name}`: expected a smaller number"))
}

fn numbers<const N: usize>(value: &Value, name: &str) -> Result<[u64; N], String> {
    let expected = || format!("`{name}`: expected a list of {N} numbers");
    let items = value.as_array().ok_or_else(expected)?;
    let words = items.iter().map(|item| word(item, name)).collect::<Result<Vec<_>, _>>()?;
    words.try_into().map_err(|_| expected())
}

fn list<T>(
    value: &Value,
    name: &str,
    item: &dyn Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match value.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(item).collect(),
        Some(_) => Err(format!("`{name}`: expected a list")),
    }
}

fn range(value: &Value) -> Result<Range, String> {
    let [address, length] = numbers(value, "read")?;
    let length = usize::try_from(length).ok().filter(|length| *length <= MOST);
    Ok((address, length.ok_or("`read`: expected fewer bytes")?))
}

fn bytes_at(value: &Value) -> Result<Bytes, String> {
    let pair = value.as_array().map(Vec::as_slice);
    let Some([address, Value::String(text)]) = pair else {
        return Err("`memory`: expected [ADDRESS, \"hex\"]".to_owned());
    };
    let bytes = unhex(text).ok_or("`memory`: expected pairs of hexadecimal digits")?;
    Ok((word(address, "memory")?, bytes))
}

/// Bytes as pairs of digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    whole.then(|| pairs.map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

fn setup(value: &Value) -> Result<Setup, String> {
    let flag = |name: &str, otherwise: &'static str, set: &'static str, default: bool| match value
        .get(name)
        .map(Value::as_str)
    {
        None => Ok(default),
        Some(Some(text)) if text == otherwise => Ok(false),
        Some(Some(text)) if text == set => Ok(true),
        Some(_) => Err(format!("`{name}`: expected \"{otherwise}\" or \"{set}\"")),
    };
    let [start, length] = match value.get("arena") {
        Some(arena) => numbers(arena, "arena")?,
        None => [0x2000_0000, 1 << 20],
    };
    let length = usize::try_from(length).ok().filter(|length| (1..=1 << 30).contains(length));
    let limit = |item: &Value| {
        let [resource, soft, hard] = numbers(item, "limits")?;
        let resource = u32::try_from(resource).map_err(|_| "`limits`: no such resource")?;
        Ok((resource, soft, hard))
    };
    let directory = value.get("directory").map_or(Some("/tmp"), Value::as_str);
    Ok(Setup {
        arena: (start, length.ok_or("`arena`: expected a length of up to 1 GiB")?),
        limits: list(value, "limits", &limit)?,
        umask: value.get("umask").map_or(Ok(0o022), |mask| word(mask, "umask"))? as u32,
        directory: directory.ok_or("`directory`: expected a path")?.to_owned(),
        entries: list(value, "files", &entry)?,
        descriptors: flag("descriptors", "none", "null", true)?,
        session: value.get("session").and_then(Value::as_bool).unwrap_or(true),
        name: value.get("name").and_then(Value::as_str).map(str::to_owned),
        stay: flag("handlers", "return", "stay", false)?,
        init: value.get("init").and_then(Value::as_bool).unwrap_or(false),
    })
}

fn entry(value: &Value) -> Result<Entry, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let path = text("path").ok_or("`files`: expected a `path`")?;
    let content = if let Some(digits) = text("hex") {
        Content::Bytes(unhex(digits).ok_or("`hex`: expected pairs of hexadecimal digits")?)
    } else if let Some(text) = text("text") {
        Content::Bytes(text.as_bytes().to_vec())
    } else if let Some(target) = text("link") {
        Content::Link(target.into())
    } else {
        Content::Directory
    };
    let mode = match value.get("mode") {
        Some(mode) => Some(word(mode, "mode")? as u32),
        None => None,
    };
    Ok(Entry { path: path.into(), mode, content })
}

#[cfg(test)]
mod tests {
    use super::{Request, hex, parse, unhex};

    fn error(line: &str) -> String {
        parse(line).err().unwrap_or_default()
    }

    #[test]
    fn a_call_has_words_with_and_without_sign() {
        let line = r#"{"task":2,"number":56,"arguments":[-100,536870912],"read":[[536870912,4]]}"#;
        let Ok(Request::Play { command, .. }) = parse(line) else {
            panic!("expected a call");
        };
        assert_eq!(command.words[..3], [-100_i64 as u64, 0x2000_0000, 0]);
        assert_eq!(command.read, [(0x2000_0000, 4)]);
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        assert!(error("{").contains("EOF"));
        assert!(error("{}").contains("`begin`, `task`, `wait` or `pause`"));
        assert!(error(r#"{"task":1}"#).contains("`number`"));
        assert!(error(r#"{"task":1,"number":1.5}"#).contains("a whole number"));
        assert!(error(r#"{"task":1,"number":1,"arguments":[0,0,0,0,0,0,0]}"#).contains("six"));
        assert!(error(r#"{"task":1,"number":63,"read":[[0,99999999999]]}"#).contains("fewer"));
        assert!(error(r#"{"task":1,"number":63,"memory":[[0,"abc"]]}"#).contains("pairs"));
        assert!(error(r#"{"begin":{"handlers":"go"}}"#).contains("\"stay\""));
    }

    #[test]
    fn bytes_go_there_and_back() {
        assert_eq!(hex(&[0, 0x9f, 255]), "009fff");
        assert_eq!(unhex("009fFF"), Some(vec![0, 0x9f, 255]));
        assert_eq!(unhex("0"), None);
    }
}
