//! The log as text: one JSON object a line.
//!
//! `{"cause":"0:3","cpu":0,"from":1,"kind":"sched","machine":0,"request":0,"seq":7,"thread":2,"time":1200,…}`,
//! keys in alphabetical order.
//! Two runs are the same when these bytes are.

use super::kinds::{CallEvent, Event, TaskEvent};
use super::log::{Log, Record};
use serde_json::{Map, Value, json};

/// One record as a line of JSON, without the line's end.
#[must_use]
pub fn json_line(log: &Log, sequence: u64, record: &Record) -> String {
    Value::Object(json_object(log, sequence, record)).to_string()
}

/// One record as a JSON object; names and bytes that the log keeps are put in.
#[must_use]
pub fn json_object(log: &Log, sequence: u64, record: &Record) -> Map<String, Value> {
    let stamp = &record.stamp;
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("time", json!(stamp.time.0));
    put("seq", json!(sequence));
    put("machine", json!(log.machine().0));
    if !stamp.cause.is_none() {
        put("cause", json!(format!("{:?}", stamp.cause)));
    }
    put("thread", json!(stamp.thread.0));
    put("request", json!(stamp.request.0));
    put("cpu", json!(stamp.cpu.0));
    match record.event {
        Event::Task(TaskEvent::Start { name, .. } | TaskEvent::Exec { name }) => {
            put("name", json!(log.name(name)));
        }
        Event::Call(CallEvent::Done { detail, .. }) => {
            let bytes = log.bytes(sequence, detail);
            let words: Vec<u64> = bytes
                .chunks_exact(8)
                .take(6)
                .map(|word| word.iter().rev().fold(0, |w, &b| w << 8 | u64::from(b)))
                .collect();
            put("args", json!(words));
        }
        _ => {}
    }
    // The derived form of an event is always an object; anything else would add nothing.
    if let Ok(Value::Object(event)) = serde_json::to_value(record.event) {
        object.extend(event);
    }
    object
}

/// Everything the log still holds, a line each.
#[must_use]
pub fn json_lines(log: &Log) -> String {
    let mut text = String::new();
    for (sequence, record) in log.since(0) {
        text.push_str(&json_line(log, sequence, record));
        text.push('\n');
    }
    text
}
