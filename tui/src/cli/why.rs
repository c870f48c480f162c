//! `oscope why`: the chain of events that explains a thread, a call, a page, a lock, a disk request, a packet or a
//! request.

use super::Failure;
use super::input::WorldArgs;
use super::out::Out;
use super::run::stopped;
use crate::lang::Lang;
use crate::text::{clean, fit, fit_right, width, wrap};
use crate::trace::{Tags, Trace};
use crate::why::{self, Answer, Kind, Link, Question, Scene, Stage};
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::world::{World, WorldWhy};
use oscope_userland::predicate::kind;
use oscope_userland::scenario::units;
use serde_json::{Value, json};

/// The options of `oscope why`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) world: WorldArgs,
    /// At which moment, such as 1.25s; the end of the run unless given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Time>,
    #[command(flatten)]
    subject: Subjects,
    /// The language of the sentences
    #[arg(long, value_name = "en|ko", default_value = "en", value_parser = Lang::named)]
    lang: Lang,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What is asked about: one of these. Where there is but one machine, it need not be named.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Subjects {
    /// Why a thread runs, waits, sleeps or has ended
    #[arg(long, value_name = "MACHINE:TID")]
    thread: Option<String>,
    /// Why the newest call of a thread, or its newest of that name, failed or took so long
    #[arg(long, value_name = "MACHINE:TID[:NAME]")]
    call: Option<String>,
    /// Why a page is where it is
    #[arg(long, value_name = "MACHINE:[PID:]ADDRESS")]
    page: Option<String>,
    /// Why a lock (a futex) is waited for
    #[arg(long, value_name = "MACHINE:ADDRESS")]
    lock: Option<String>,
    /// Why the newest request for a block of a disk took so long
    #[arg(long, value_name = "MACHINE[:BLOCK]")]
    disk: Option<String>,
    /// Why a frame of the network came, or was late: the newest, or that of an event
    #[arg(long, value_name = "MACHINE[:EVENT]")]
    packet: Option<String>,
    /// What a request has come to
    #[arg(long, value_name = "N")]
    request: Option<String>,
}

impl Subjects {
    fn one(&self) -> Option<(Kind, &str)> {
        let all = [
            (Kind::Thread, &self.thread),
            (Kind::Call, &self.call),
            (Kind::Page, &self.page),
            (Kind::Lock, &self.lock),
            (Kind::Disk, &self.disk),
            (Kind::Packet, &self.packet),
            (Kind::Request, &self.request),
        ];
        all.into_iter().find_map(|(kind, text)| Some((kind, text.as_deref()?)))
    }
}

/// A moment: a length of time since the start.
pub(super) fn moment(text: &str) -> Result<Time, String> {
    let length = units::duration(text).ok_or("expected a time such as 400ms, 50us or 1.25s")?;
    Ok(Time::ZERO + length)
}

pub(super) fn why(args: &Args) -> Result<(), Failure> {
    let Some((kind, text)) = args.subject.one() else {
        return Err(Failure::Usage("expected --thread or another thing to explain".to_owned()));
    };
    let input = args.world.read()?;
    let mut world = input.source.boot().map_err(Failure::Usage)?;
    let names: Vec<String> =
        world.machines().iter().map(|machine| machine.config().name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let option = |problem: why::Problem| Failure::Usage(format!("--{}: {problem}", kind.name()));
    let question = Question::read(kind, text, &names).map_err(option)?;
    let time = args.at.unwrap_or(input.until);
    // What ends a sleep may come later than the moment that is asked about.
    let ended = world.run(input.until.max(time + Duration::nanos(1)));
    let traces: Vec<Trace> = world.machines().iter().map(|m| Trace::of(m, Tags::Numbers)).collect();
    let stages = names.iter().zip(&traces);
    let known = world.time() + Duration::nanos(1);
    let scene =
        Scene { stages: stages.map(|(name, trace)| Stage { name, trace, known }).collect() };
    let answer = why::explain(&scene, &question, time, args.lang).map_err(option)?;
    let mut out = Out::stdout();
    if args.json {
        let document = json!({
            "world": world.name(),
            "time_ns": time.0,
            "question": { "kind": kind.name(), "subject": text },
            "answer": answer.text,
            "chain": answer.links.iter().map(|l| link(&world, l)).collect::<Vec<Value>>(),
        });
        out.line(&format!("{document:#}"))?;
    } else {
        print(&answer, time, &mut out)?;
    }
    out.finish()?;
    match ended {
        WorldWhy::Stuck(..) if world.time() < time => stopped(&world, ended),
        _ => Ok(()),
    }
}

fn link(world: &World, link: &Link) -> Value {
    let log = world.logs().into_iter().find(|log| log.machine() == link.event.machine());
    let record = log.and_then(|log| log.get(link.event.sequence()));
    let name = world.machines().get(usize::from(link.machine.0)).map(|m| m.config().name.as_str());
    json!({
        "bond": link.bond.name(),
        "time_ns": link.time.0,
        "machine": name,
        "event": format!("{:?}", link.event),
        "kind": record.map(|record| kind(&record.event)),
        "thread": record.map(|record| record.stamp.thread.0),
        "text": link.text,
    })
}

/// How wide the sentences of a chain are printed.
const COLUMNS: usize = 78;

/// The answer, and under it a line for each link: how it hangs on, when, which event, what it says.
fn print(answer: &Answer, time: Time, out: &mut Out) -> Result<(), Failure> {
    out.line(&format!("At {time}: {}.", clean(&answer.text)))?;
    if answer.links.is_empty() {
        return Ok(());
    }
    out.line("")?;
    let times: Vec<String> = answer.links.iter().map(|link| link.time.to_string()).collect();
    let wide = times.iter().map(|time| width(time)).max().unwrap_or(0);
    for (link, time) in answer.links.iter().zip(&times) {
        let event = format!("#{}:{}", link.event.machine().0, link.event.sequence());
        let head =
            format!("{}  {}  {}", fit(link.bond.name(), 9), fit_right(time, wide), fit(&event, 8));
        for (place, line) in wrap(&clean(&link.text), COLUMNS).iter().enumerate() {
            let head = if place == 0 { head.clone() } else { " ".repeat(width(&head)) };
            out.line(&format!("{head}  {line}"))?;
        }
    }
    Ok(())
}
