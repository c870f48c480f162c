//! A run as one HTML page that needs nothing else: who had the CPUs, how memory filled, when things happened, and the
//! figures.
//!
//! A typical sequence: [`Samples::take`] is called now and then while the world runs; [`page`] puts them together with
//! what the logs tell.

use super::screen::escaped;
use crate::lang::Lang;
use crate::narrate;
use crate::text::short;
use crate::trace::{Doing, Tags, Trace, Track};
use oscope_kernel::base::{Duration, Serial, Time};
use oscope_kernel::event::Wait;
use oscope_kernel::machine::Machine;
use oscope_kernel::world::World;
use std::fmt::Write;

/// The width of a picture, in pixels.
const WIDE: u64 = 960;
/// Where the names end and the picture begins.
const LEFT: u64 = 130;
/// The height of a lane.
const LANE: u64 = 16;
/// So many threads have a lane; the others are counted.
const LANES: usize = 40;
/// So many sentences are told.
const SENTENCES: usize = 400;
/// The height of a plot.
const HIGH: u64 = 120;

/// Okabe and Ito's palette, which everybody can tell apart.
const COLOURS: [&str; 7] =
    ["#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2"];

/// How a machine stood at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    time: Time,
    used: u64,
    cached: u64,
    calls: u64,
    events: u64,
}

/// How all machines stood as the run went on.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    machines: Vec<Vec<Sample>>,
}

impl Samples {
    /// Notes how the machines stand.
    pub fn take(&mut self, world: &World) {
        self.machines.resize_with(world.machines().len(), Vec::new);
        for (samples, machine) in self.machines.iter_mut().zip(world.machines()) {
            let tables = machine.tables();
            let frames = &tables.mm.frames;
            samples.push(Sample {
                time: machine.time(),
                used: u64::from(frames.size().saturating_sub(frames.available())),
                cached: tables.fs.cache.len() as u64,
                calls: machine.calls(),
                events: machine.log().end(),
            });
        }
    }
}

/// Where a moment lies in a picture.
fn x(time: Time, end: Time) -> u64 {
    let room = u128::from(WIDE - LEFT);
    LEFT + (u128::from(time.0) * room / u128::from(end.0.max(1))).min(room) as u64
}

/// The whole page.
#[must_use]
pub fn page(world: &World, samples: &Samples) -> String {
    let name = escaped(world.name());
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>oscope: {name}</title>\n<style>\n\
         body{{font:15px/1.5 system-ui,sans-serif;max-width:980px;margin:2em auto;padding:0 1em;color:#222;background:#fff}}\n\
         svg{{display:block;margin:.5em 0 1.5em;font:11px ui-monospace,monospace}}\n\
         table{{border-collapse:collapse;font-variant-numeric:tabular-nums}}\n\
         td,th{{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}}\n\
         td:first-child,th:first-child{{text-align:left}}\n\
         @media(prefers-color-scheme:dark){{body{{color:#ddd;background:#181a1f}}td,th{{border-color:#333}}\
         text{{fill:#ccc}}}}\n</style></head>\n<body>\n<h1>{name}</h1>\n\
         <p>A run of {} of virtual time, made by oscope. The same world makes the same page.</p>\n",
        short(Duration(world.time().0))
    );
    for (place, machine) in world.machines().iter().enumerate() {
        let trace = Trace::of(machine, Tags::Numbers);
        let samples = samples.machines.get(place).map_or(&[][..], Vec::as_slice);
        let end = world.time();
        let _ = writeln!(out, "<h2>{}</h2>", escaped(&machine.config().name));
        out.push_str("<h3>Who has the CPUs</h3>\n");
        gantt(&trace, end, &mut out);
        out.push_str("<h3>Memory</h3>\n");
        let frames = machine.tables().mm.frames.size();
        let lines = [
            ("frames in use", "#0072b2", samples.iter().map(|s| (s.time, s.used)).collect()),
            ("cached pages", "#e69f00", samples.iter().map(|s| (s.time, s.cached)).collect()),
        ];
        plot(&lines, end, u64::from(frames), &mut out);
        out.push_str("<h3>Events</h3>\n");
        let lines = [
            ("events", "#009e73", each(samples, |sample| sample.events)),
            ("system calls", "#d55e00", each(samples, |sample| sample.calls)),
        ];
        let most = lines.iter().flat_map(|(.., points)| points).map(|(_, n)| *n).max();
        plot(&lines, end, most.unwrap_or(0), &mut out);
        threads(machine, &trace, end, &mut out);
        sentences(&trace, &mut out);
    }
    out.push_str("</body></html>\n");
    out
}

/// How much a count grew from sample to sample.
fn each(samples: &[Sample], count: impl Fn(&Sample) -> u64) -> Vec<(Time, u64)> {
    let pairs = samples.windows(2);
    pairs.map(|pair| (pair[1].time, count(&pair[1]).saturating_sub(count(&pair[0])))).collect()
}

fn svg(high: u64, out: &mut String) {
    let _ = writeln!(
        out,
        "<svg width=\"{WIDE}\" height=\"{high}\" viewBox=\"0 0 {WIDE} {high}\" role=\"img\">"
    );
}

fn label(x: u64, y: u64, anchor: &str, text: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(text)
    );
}

/// Five moments under a picture.
fn axis(y: u64, end: Time, out: &mut String) {
    for part in 0..=4 {
        let time = Time(end.0 / 4 * part);
        let anchor = ["start", "middle", "middle", "middle", "end"][part as usize];
        label(x(time, end), y, anchor, &short(Duration(time.0)), out);
    }
}

/// A stretch of a lane.
fn bar((from, to): (Time, Time), end: Time, y: u64, (fill, title): (&str, &str), out: &mut String) {
    let (left, right) = (x(from, end), x(to, end));
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"><title>{}</title></rect>",
        (right - left).max(1),
        LANE - 3,
        escaped(title)
    );
}

fn colour(serial: Serial) -> &'static str {
    COLOURS[serial.0 as usize % COLOURS.len()]
}

fn name(track: &Track, end: Time) -> String {
    format!("{} ({})", track.name(end), track.tid)
}

/// A lane per CPU and a lane per thread.
fn gantt(trace: &Trace, end: Time, out: &mut String) {
    let after = end + Duration::nanos(1);
    let mut tracks: Vec<&Track> = trace.tasks(after).iter().collect();
    let all = tracks.len();
    if all > LANES {
        // Those that ran longest have most to show.
        tracks.sort_by_key(|track| std::cmp::Reverse(track.spent(after).ran));
        tracks.truncate(LANES);
        tracks.sort_by_key(|track| track.serial);
    }
    let rows = (trace.cpus() + tracks.len()) as u64;
    svg(rows * LANE + 24, out);
    let columns = WIDE - LEFT;
    let moment =
        |column: u64| Time((u128::from(end.0) * u128::from(column) / u128::from(columns)) as u64);
    for cpu in 0..trace.cpus() {
        let y = cpu as u64 * LANE;
        label(LEFT - 6, y + 11, "end", &format!("CPU {cpu}"), out);
        let who = |column| trace.mostly(cpu, moment(column), moment(column + 1));
        stretches(columns, who, |from, to, serial| {
            if let Some(track) = trace.track(serial) {
                let title = format!("{}, {} to {}", name(track, after), moment(from), moment(to));
                bar((moment(from), moment(to)), end, y, (colour(serial), &title), out);
            }
        });
    }
    for (row, track) in tracks.iter().enumerate() {
        let y = (trace.cpus() + row) as u64 * LANE;
        label(LEFT - 6, y + 11, "end", &name(track, after), out);
        let doing = |column| track.mostly(moment(column), moment(column + 1));
        stretches(columns, doing, |from, to, doing| {
            let (fill, what) = match doing {
                Some(Doing::Run(_)) => (colour(track.serial), "runs"),
                Some(Doing::Ready(_)) => ("#f3c9c2", "ready, waits for a CPU"),
                Some(Doing::Wait(Wait::Disk)) => ("#9a86c9", "waits for the disk"),
                Some(Doing::Wait(_)) => ("#d9dce2", "asleep"),
                Some(Doing::Stopped) => ("#999999", "stopped"),
                None | Some(Doing::Ended(_)) => return,
            };
            let title = format!("{what}, {} to {}", moment(from), moment(to));
            bar((moment(from), moment(to)), end, y, (fill, &title), out);
        });
    }
    axis(rows * LANE + 14, end, out);
    out.push_str("</svg>\n");
    if all > tracks.len() {
        let _ = writeln!(out, "<p>{} more threads ran less than these.</p>", all - tracks.len());
    }
}

/// Columns with the same content, side by side, as one.
fn stretches<T: Copy + PartialEq>(
    columns: u64,
    content: impl Fn(u64) -> T,
    mut draw: impl FnMut(u64, u64, T),
) {
    let mut from = 0;
    let mut now = content(0);
    for column in 1..columns {
        let next = content(column);
        if next != now {
            draw(from, column, now);
            (from, now) = (column, next);
        }
    }
    draw(from, columns, now);
}

/// A line of a plot: what it shows, its colour, its points.
type Curve<'a> = (&'a str, &'a str, Vec<(Time, u64)>);

/// Lines over time.
fn plot(lines: &[Curve<'_>], end: Time, most: u64, out: &mut String) {
    svg(HIGH + 40, out);
    let y = |value: u64| {
        HIGH - (u128::from(value) * u128::from(HIGH - 10) / u128::from(most.max(1))) as u64
    };
    label(LEFT - 6, 14, "end", &most.to_string(), out);
    label(LEFT - 6, HIGH, "end", "0", out);
    for (place, (what, fill, points)) in lines.iter().enumerate() {
        let points: Vec<String> =
            points.iter().map(|(time, n)| format!("{},{}", x(*time, end), y(*n))).collect();
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{fill}\" stroke-width=\"1.5\" points=\"{}\"/>",
            points.join(" ")
        );
        let at = LEFT + place as u64 * 180;
        let _ = writeln!(
            out,
            "<rect x=\"{at}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{fill}\"/>",
            HIGH + 24
        );
        label(at + 16, HIGH + 33, "start", what, out);
    }
    axis(HIGH + 14, end, out);
    out.push_str("</svg>\n");
}

/// Where every thread's time went.
fn threads(machine: &Machine, trace: &Trace, end: Time, out: &mut String) {
    let after = end + Duration::nanos(1);
    let snapshot = machine.snapshot();
    let _ = writeln!(
        out,
        "<h3>Threads</h3>\n<p>Policy {}, {} context switches, {} system calls, {} events.</p>\n<table>\n\
         <tr><th>thread</th><th>ran</th><th>waited for a CPU</th><th>slept</th><th>first ran after</th>\
         <th>switches</th><th>state</th></tr>",
        escaped(snapshot.policy),
        snapshot.cpus.iter().map(|cpu| cpu.switches).sum::<u64>(),
        snapshot.calls,
        snapshot.events
    );
    let tracks = trace.tasks(after);
    for track in tracks.iter().take(LANES * 5) {
        let spent = track.spent(after);
        let first = track.first_ran(after).map_or("-".to_owned(), short);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{first}</td><td>{}</td><td>{}</td></tr>",
            escaped(&name(track, after)),
            short(spent.ran),
            short(spent.queued),
            short(spent.slept),
            spent.switches,
            escaped(&narrate::state(Lang::En, track.doing(after)))
        );
    }
    out.push_str("</table>\n");
    if tracks.len() > LANES * 5 {
        let _ = writeln!(out, "<p>And {} more.</p>", tracks.len() - LANES * 5);
    }
}

/// What happened, in words.
fn sentences(trace: &Trace, out: &mut String) {
    out.push_str("<details><summary>What happened, in sentences</summary>\n<ol>\n");
    let mut steps = trace.steps.all();
    for step in steps.by_ref().take(SENTENCES) {
        let _ = writeln!(out, "<li>{}</li>", escaped(&narrate::tell(Lang::En, trace, step)));
    }
    let more = steps.count();
    out.push_str("</ol>\n");
    if more > 0 {
        let _ = writeln!(out, "<p>And {more} more.</p>");
    }
    out.push_str("</details>\n");
}
