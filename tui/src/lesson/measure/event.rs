//! Values from the log: how many events, when, and what they say.

use super::{Known, Run, nth};
use crate::lesson::front::Value;
use crate::trace::Seen;
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::event::codec::json_object;
use oscope_kernel::event::{Event, SchedEvent};
use oscope_userland::predicate::Predicate;
use serde_json::Value as Json;

/// Reads a value that is about events; `None` if it is about something else.
pub(super) fn read(run: &Run, value: &Value, span: (Time, Time)) -> Result<Option<Known>, String> {
    let parse = |text: &str| Predicate::parse(text).map_err(|error| error.to_string());
    if let Some(text) = &value.count {
        let condition = parse(text)?;
        let count = meant(run, value, &condition, span).count();
        return Ok(Some(Known::Number(i64::try_from(count).unwrap_or(i64::MAX))));
    }
    if let Some(text) = &value.time {
        let condition = parse(text)?;
        let found = nth(meant(run, value, &condition, span), value.nth.unwrap_or(1));
        let (_, seen) = found.ok_or_else(|| format!("`{text}` never happens"))?;
        return Ok(Some(Known::Time(signed(seen.record.stamp.time.0))));
    }
    if value.take.is_none() && value.sum.is_none() {
        return Ok(None);
    }
    let text = value.of.as_deref().ok_or("expected `of`: which events")?;
    let condition = parse(text)?;
    let mut all = meant(run, value, &condition, span);
    if let Some(field) = &value.sum {
        let mut sum = 0_i64;
        let mut is_time = false;
        for (machine, seen) in all {
            let known = take(run, machine, seen, field)?;
            is_time |= matches!(known, Known::Time(_));
            sum = sum.saturating_add(known.number());
        }
        return Ok(Some(if is_time { Known::Time(sum) } else { Known::Number(sum) }));
    }
    let field = value.take.as_deref().unwrap_or_default();
    let found = nth(&mut all, value.nth.unwrap_or(1));
    let (machine, seen) = found.ok_or_else(|| format!("`{text}` never happens"))?;
    take(run, machine, seen, field).map(Some)
}

fn meant<'r>(
    run: &'r Run,
    value: &'r Value,
    condition: &'r Predicate,
    span: (Time, Time),
) -> impl Iterator<Item = (usize, &'r Seen)> {
    let place = value.machine.as_deref().map(|name| run.machine(Some(name)));
    let on = move |machine: usize| place.as_ref().is_none_or(|place| *place == Ok(machine));
    run.matching(condition, span)
        .filter(move |(machine, _)| on(*machine))
        .filter(move |(machine, seen)| value.keys.is_empty() || has(run, *machine, seen, value))
}

fn json(run: &Run, machine: usize, seen: &Seen) -> Json {
    let log = run.world.machines().get(machine).map(oscope_kernel::machine::Machine::log);
    log.map_or(Json::Null, |log| Json::Object(json_object(log, seen.number, &seen.record)))
}

/// Whether the event's JSON has what `where` asks for.
fn has(run: &Run, machine: usize, seen: &Seen, value: &Value) -> bool {
    let json = json(run, machine, seen);
    value.keys.iter().all(|(key, wanted)| match (wanted, at(&json, key)) {
        (toml::Value::String(wanted), Some(Json::String(text))) => text == wanted,
        (toml::Value::Integer(wanted), Some(found)) => found.as_i64() == Some(*wanted),
        (toml::Value::Boolean(wanted), Some(found)) => found.as_bool() == Some(*wanted),
        _ => false,
    })
}

/// `args.0` in a JSON document.
fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').try_fold(json, |json, key| match json {
        Json::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn take(run: &Run, machine: usize, seen: &Seen, field: &str) -> Result<Known, String> {
    let missing = || format!("the event has no `{field}`");
    let trace = run.traces.get(machine).ok_or_else(missing)?;
    let time = seen.record.stamp.time;
    let facts = trace.facts(run.name(machine), seen);
    let text = |text: Option<&str>| text.map(|text| Known::Text(text.to_owned()));
    let number = |number: Option<i64>| number.map(Known::Number);
    let name = |serial| {
        let track = trace.track(serial)?;
        text(Some(track.name(time + Duration::nanos(1))))
    };
    let switch = match seen.record.event {
        Event::Sched(SchedEvent::Switch { from, to, .. }) => Some((from, to)),
        _ => None,
    };
    let known = match field {
        "time" => Some(Known::Time(signed(time.0))),
        "kind" => text(Some(facts.kind)),
        "machine" => text(Some(facts.machine)),
        "task" => text(facts.tasks.first().map(|who| who.name)),
        "tid" => number(facts.tasks.first().map(|who| i64::from(who.tid))),
        "pid" => number(facts.tasks.first().map(|who| i64::from(who.pid))),
        "cpu" => number(Some(i64::from(facts.cpu))),
        "call" => text(facts.call),
        "errno" => text(facts.errno),
        "result" => number(facts.result),
        "took" => facts.took.map(|took| Known::Time(signed(took.0))),
        "why" => text(facts.why),
        "address" => number(facts.address.map(signed)),
        "frame" => number(facts.frame.map(i64::from)),
        "block" => number(facts.block.map(signed)),
        "to_task" => switch.and_then(|(_, to)| name(to)),
        "from_task" => switch.and_then(|(from, _)| name(from)),
        path => match at(&json(run, machine, seen), path) {
            Some(Json::String(text)) => Some(Known::Text(text.clone())),
            Some(Json::Bool(is)) => Some(Known::Number(i64::from(*is))),
            Some(other) => {
                let whole = other.as_i64().or(other.as_u64().map(signed));
                number(whole).or(other.as_f64().map(|n| Known::Text(n.to_string())))
            }
            None => None,
        },
    };
    known.ok_or_else(missing)
}
