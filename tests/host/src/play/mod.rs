//! `oscope-host play`: system calls of a script, made by real processes on the host's own kernel.
//!
//! Whoever asks, the referee, writes one JSON object per line to standard input and gets one line for each from
//! standard output. What is asked is in terms of riscv64, as the emulated kernel's calls are: numbers, structures
//! and flags.
//!
//! | request | answer |
//! |---|---|
//! | (none: the first line) | `{"ready":true, "kernel":…, "machine":…, "namespaces":[…], "without":{…}}`, or `{"cannot":…}` and the end |
//! | `{"begin":{…}}` | `{"task":1,"pid":2}`: a fresh tree of one task; see [`request`] for what may stand there |
//! | `{"task":3,"number":56,"arguments":[…],"memory":[[ADDRESS,"hex"],…],"read":[[ADDRESS,LENGTH],…],"patience":MS}` | a call |
//! | `{"task":3,"load":ADDRESS}`, `{"task":3,"store":[ADDRESS,BYTE]}` | one access to memory, which may fault |
//! | `{"task":3,"read":[[ADDRESS,LENGTH],…]}` | memory as it is; less than was asked for where there is no more |
//! | `{"wait":3,"patience":MS}` | the answer of a call that was `blocked` |
//! | `{"pause":MS}` | time has passed |
//!
//! A call is answered with `{"task":3,"result":N,"memory":[[ADDRESS,"hex"],…],"events":[…]}`, where a negative result
//! is an errno's and `"depth"` counts the handlers within which the call was made; with `"blocked":true` instead of a result if all tasks rest and it has not come back within
//! `patience` (0 if it is missing); or with neither if the task has ended. Events are what happened to
//! any task up to now, in order: `{"task":2,"result":…}` of a call that was blocked, `"signal"` (with `"handler"` and
//! the first 48 bytes of its `siginfo_t`, `"info":"hex"`), `"new"` (with its `"pid"`), `"stopped"`, `"continued"`,
//! `"exited"`, `"killed"`, `"ended"` (nobody saw how). `{"refused":WHY}` is the answer to what cannot be compared,
//! `{"error":WHY}` to a request that makes no sense.
//!
//! Layers, from below: `raw` makes calls, `control` is the memory through which runner and tasks talk, `structures` and
//! `numbers` translate, `task` is what a task does, `isolate`, `first` and `watch` ask the kernel for namespaces,
//! processes and their state, `guard` refuses, `tree` is the runner; `request` and this file are the protocol.
//!
//! A typical sequence: `main` leaves the namespaces and forks; the child is init in the new ones. It forks the first task
//! of a tree. A request becomes a command in the task's frame; the task wakes, makes the call and says so; when all tasks rest, the answer
//! is written. At the end of input init goes, and the kernel ends whatever is left in its namespace.

mod control;
mod first;
mod guard;
mod isolate;
mod numbers;
mod raw;
mod request;
mod structures;
mod task;
mod tree;
mod watch;

use crate::sys;
use isolate::Isolation;
use request::Request;
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use tree::{Bytes, Event, Refusal, Tree, What};
use watch::End;

/// Plays until the end of input.
pub(crate) fn main() -> io::Result<ExitCode> {
    // One CPU, so that tasks do not run beside each other: the order of events is clearer.
    sys::pin_first()?;
    let isolation = match isolate::leave() {
        Ok(isolation) => isolation,
        Err(error) => {
            write(&json!({ "cannot": error.to_string() }))?;
            return Ok(ExitCode::from(2));
        }
    };
    let mut isolation = Some(isolation);
    let child = sys::fork(|| {
        let served = isolation.take().map_or(Ok(()), serve);
        match served {
            Ok(()) => 0,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Err(error) => {
                let _ = writeln!(io::stderr(), "oscope-host: {error}");
                1
            }
        }
    })?;
    let status = sys::wait(child)?;
    Ok(match End::of_status(status) {
        End::Exited(status) => ExitCode::from(status),
        End::Killed(_) | End::Unknown => ExitCode::FAILURE,
    })
}

fn write(answer: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}

/// What the init of the new namespaces does.
fn serve(isolation: Isolation) -> io::Result<()> {
    let mut tree = match Tree::new(isolation) {
        Ok(tree) => tree,
        Err(error) => {
            write(&json!({ "cannot": error.to_string() }))?;
            return Err(error);
        }
    };
    write(&greeting(tree.isolation())?)?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match request::parse(&line) {
            Ok(request) => answer(&mut tree, &request),
            Err(message) => Err(Refusal::Wrong(message)),
        };
        write(&match answer {
            Ok(answer) => answer,
            Err(Refusal::NotComparable(why)) => json!({ "refused": why }),
            Err(Refusal::Wrong(message)) => json!({ "error": message }),
            Err(Refusal::Trouble(error)) => json!({ "error": error.to_string() }),
        })?;
    }
    Ok(())
}

fn greeting(isolation: &Isolation) -> io::Result<Value> {
    let names = sys::names()?;
    let without: serde_json::Map<String, Value> =
        isolation.without.iter().map(|(name, why)| ((*name).to_owned(), json!(why))).collect();
    Ok(json!({
        "ready": true,
        "kernel": names.release,
        "machine": names.machine,
        "root": isolation.root,
        "namespaces": isolation.namespaces,
        "without": without,
    }))
}

fn answer(tree: &mut Tree, request: &Request) -> Result<Value, Refusal> {
    match request {
        Request::Begin(setup) => {
            tree.begin(setup)?;
            tree.events();
            Ok(json!({ "task": 1, "pid": tree.tid(1) }))
        }
        Request::Play { command, patience } => {
            tree.play(command, *patience)?;
            Ok(outcome(command.task, tree.events()))
        }
        Request::Show { task, ranges } => {
            Ok(json!({ "task": task, "memory": shown(&tree.show(*task, ranges)?) }))
        }
        Request::Wait { task, patience } => {
            tree.wait(Some(*task), *patience)?;
            Ok(outcome(*task, tree.events()))
        }
        Request::Pause(time) => {
            tree.wait(None, *time)?;
            Ok(json!({ "events": tree.events().iter().map(event).collect::<Vec<_>>() }))
        }
    }
}

/// The answer about a task's call: its result, if it is among the events, and the others.
fn outcome(task: usize, mut events: Vec<Event>) -> Value {
    let own = |event: &Event| event.task == task && matches!(event.what, What::Result { .. });
    let place = events.iter().rposition(own);
    let mut answer =
        place.map_or_else(|| json!({ "task": task }), |place| event(&events.remove(place)));
    let ended = |event: &Event| event.task == task && matches!(event.what, What::Ended(_));
    let over = place.is_some() || events.iter().any(ended);
    if let Value::Object(fields) = &mut answer {
        if !over {
            fields.insert("blocked".to_owned(), json!(true));
        }
        let events = events.iter().map(event).collect::<Vec<_>>();
        fields.insert("events".to_owned(), json!(events));
    }
    answer
}

/// Memory as it is answered: addresses, and bytes in hexadecimal.
fn shown(memory: &[Bytes]) -> Value {
    memory.iter().map(|(at, bytes)| json!([at, request::hex(bytes)])).collect()
}

fn event(event: &Event) -> Value {
    let task = event.task;
    match &event.what {
        What::Result { result, depth, memory } => {
            json!({ "task": task, "result": result, "depth": depth, "memory": shown(memory) })
        }
        What::Signal { handler, info } => {
            let bytes: Vec<u8> = info.iter().flat_map(|word| word.to_le_bytes()).collect();
            let signal = info[0] as u32;
            json!({ "task": task, "signal": signal, "handler": handler, "info": request::hex(&bytes) })
        }
        What::New { tid } => json!({ "task": task, "new": true, "pid": tid }),
        What::Stopped => json!({ "task": task, "stopped": true }),
        What::Continued => json!({ "task": task, "continued": true }),
        What::Ended(End::Exited(status)) => json!({ "task": task, "exited": status }),
        What::Ended(End::Killed(signal)) => json!({ "task": task, "killed": signal }),
        What::Ended(End::Unknown) => json!({ "task": task, "ended": true }),
    }
}
