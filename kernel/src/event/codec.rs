//! The log as text: one JSON object a line.
//!
//! `{"cause":"0:3","cpu":0,"from":1,"kind":"sched","machine":0,"request":0,"seq":7,"thread":2,"time":1200,…}`,
//! keys in alphabetical order.
//! A call has its words as `args`, and what its pointers pointed to as `in` and `out`: addresses and bytes, the
//! bytes quoted as in C.
//! Two runs are the same when these bytes are.

use super::kinds::{CallEvent, Event, TaskEvent};
use super::log::{Log, Record};
use super::picture::{Moment, Picture};
use crate::abi::types::quote;
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
        Event::Call(
            CallEvent::Wait { detail, .. }
            | CallEvent::Interrupted { detail, .. }
            | CallEvent::Done { detail, .. },
        ) => {
            let picture = Picture::new(log.bytes(sequence, detail));
            let words = picture.words();
            put("args", json!(words));
            for (moment, name) in [(Moment::Before, "in"), (Moment::After, "out")] {
                let seen: Vec<Value> = picture
                    .regions(moment)
                    .map(|(address, bytes)| json!([address, quote(bytes, usize::MAX)]))
                    .collect();
                if !seen.is_empty() {
                    put(name, Value::Array(seen));
                }
            }
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
