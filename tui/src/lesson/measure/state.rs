//! Values from machines at a moment: figures, memory, pages, what a task does, what the console shows.

use super::{Known, Run};
use crate::cli::metrics;
use crate::console::Console;
use crate::lesson::front::Value;
use crate::trace::Doing;
use oscope_kernel::base::{Pid, Time};
use oscope_kernel::hw::mmu::Pte;
use oscope_kernel::machine::Machine;
use oscope_kernel::world::World;
use serde_json::Value as Json;

/// Reads a value that is about a machine at a moment.
pub(super) fn read(run: &Run, value: &Value, at: Time) -> Result<Known, String> {
    let place = run.machine(value.machine.as_deref())?;
    if let Some(task) = &value.state {
        return state(run, place, task, at);
    }
    let whole;
    let world: &World = if at == run.until {
        &run.world
    } else {
        whole = run.world_at(at)?;
        &whole
    };
    let machine = world.machines().get(place).ok_or("there is no machine")?;
    if let Some(path) = &value.metric {
        return metric(world, place, path);
    }
    if let Some(figure) = &value.memory {
        return memory(machine, figure);
    }
    if let Some(words) = &value.page {
        return page(machine, words, value.what.as_deref().unwrap_or("present"));
    }
    if let Some(line) = value.console {
        return console(machine, line);
    }
    Err("expected one of count, time, take, sum, metric, state, memory, page, console, calc, text"
        .to_owned())
}

/// What a task does: by its name or its thread's number; the one that was born last is meant.
fn state(run: &Run, place: usize, task: &str, at: Time) -> Result<Known, String> {
    let trace = run.traces.get(place).ok_or("there is no machine")?;
    let number: Option<u32> = task.parse().ok();
    let mut born = trace.tasks(at).iter().rev();
    let track = born.find(|track| number.map_or(track.name(at) == task, |tid| track.tid == tid));
    let word = match track.and_then(|track| track.doing(at)) {
        None => "gone",
        Some(Doing::Run(_)) => "running",
        Some(Doing::Ready(_)) => "ready",
        Some(Doing::Wait(_)) => "sleeping",
        Some(Doing::Stopped) => "stopped",
        Some(Doing::Ended(_)) => {
            let tid = track.map_or(0, |track| track.tid);
            let world = run.world_at(at)?;
            let snapshot = world.machines().get(place).map(Machine::snapshot);
            let mut tasks = snapshot.iter().flat_map(|snapshot| &snapshot.tasks);
            let is_zombie = tasks.any(|task| task.line.tid.0 == tid && task.line.state == 'Z');
            if is_zombie { "zombie" } else { "gone" }
        }
    };
    Ok(Known::Text(word.to_owned()))
}

/// `tasks.hog.response_ns`: a place in the figures of a machine.
fn metric(world: &World, place: usize, path: &str) -> Result<Known, String> {
    let missing = |key: &str| format!("there is no `{key}` in the figures of `oscope run --json`");
    let all = metrics::of(world);
    let mut json = &all["machines"][place];
    for key in path.split('.') {
        json = match json {
            Json::Array(list) => {
                let named = || list.iter().find(|item| item["name"] == key);
                key.parse::<usize>().ok().and_then(|at| list.get(at)).or_else(named)
            }
            other => other.get(key),
        }
        .ok_or_else(|| missing(key))?;
    }
    let is_time = path.ends_with("_ns");
    match json {
        Json::String(text) => Ok(Known::Text(text.clone())),
        Json::Number(number) => match number.as_i64() {
            Some(ns) if is_time => Ok(Known::Time(ns)),
            Some(number) => Ok(Known::Number(number)),
            // Shares are told in percent.
            None => Ok(Known::Number((number.as_f64().unwrap_or(0.0) * 100.0).round() as i64)),
        },
        _ => Err(missing(path)),
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn memory(machine: &Machine, figure: &str) -> Result<Known, String> {
    let figures = machine.memory_figures();
    let number = match figure {
        "frames" => figures.total,
        "free" => figures.free,
        "used" => figures.total.saturating_sub(figures.free),
        "tables" => figures.tables,
        "anonymous" => figures.anonymous,
        "shared" => figures.shared,
        "cached" => figures.file + figures.buffers,
        "dirty" => figures.dirty,
        "swapped" => figures.swap_used,
        _ => return memory_of(machine, figure),
    };
    Ok(Known::Number(signed(number)))
}

fn memory_of(machine: &Machine, figure: &str) -> Result<Known, String> {
    let expected = "frames, free, used, tables, anonymous, shared, cached, dirty, swapped, or resident.PID, private.PID, proportional.PID, areas.PID";
    let unknown = || format!("`{figure}`; expected one of {expected}");
    let (what, pid) = figure.split_once('.').ok_or_else(unknown)?;
    let pid: u32 = pid.parse().map_err(|_| unknown())?;
    let space =
        machine.space_view(Pid(pid)).ok_or_else(|| format!("there is no process {pid} then"))?;
    Ok(match what {
        "resident" => Known::Number(signed(space.rss.total())),
        "private" => Known::Number(signed(space.unique)),
        "proportional" => Known::Bytes(signed(space.proportional)),
        "areas" => Known::Number(signed(space.areas.len() as u64)),
        _ => return Err(unknown()),
    })
}

fn page(machine: &Machine, words: &str, what: &str) -> Result<Known, String> {
    let wrong = || format!("page `{words}`; expected the number of a process and an address");
    let mut words_of = words.split_whitespace();
    let (Some(pid), Some(address), None) = (words_of.next(), words_of.next(), words_of.next())
    else {
        return Err(wrong());
    };
    let pid: u32 = pid.parse().map_err(|_| wrong())?;
    let address = match address.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => address.parse(),
    };
    let address = address.map_err(|_| wrong())?;
    let walk =
        machine.walk(Pid(pid), address).ok_or_else(|| format!("there is no process {pid} then"))?;
    let last = walk.steps.last();
    let number = match what {
        "present" => i64::from(walk.frame.is_some()),
        "writable" => {
            i64::from(walk.frame.is_some() && last.is_some_and(|step| step.entry.has(Pte::WRITE)))
        }
        "level" => signed(walk.steps.len() as u64),
        "frame" => walk.frame.map_or(-1, |frame| i64::from(frame.0)),
        "owners" => walk.frame.map_or(0, |frame| i64::from(machine.frame_view(frame).seen_by)),
        _ => {
            return Err(format!(
                "what `{what}`; expected present, writable, frame, owners or level"
            ));
        }
    };
    Ok(Known::Number(number))
}

fn console(machine: &Machine, line: i64) -> Result<Known, String> {
    let console = Console::of(machine);
    let lines: Vec<&str> =
        console.lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
    let at = match usize::try_from(line) {
        Ok(at) => at.checked_sub(1),
        Err(_) => {
            lines.len().checked_sub(usize::try_from(line.unsigned_abs()).unwrap_or(usize::MAX))
        }
    };
    let text =
        at.and_then(|at| lines.get(at)).ok_or_else(|| format!("the console has no line {line}"))?;
    Ok(Known::Text((*text).to_owned()))
}
