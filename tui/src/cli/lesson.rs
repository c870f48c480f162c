//! `oscope lesson`: lessons to read, to list, to check.

use super::out::Out;
use super::{Failure, is_terminal};
use crate::lang::Lang;
use crate::lesson::parse::Fault;
use crate::lesson::progress::{self, Progress};
use crate::lesson::reading::{Reading, Shown, letter};
use crate::lesson::shelf::{self, Folder};
use crate::lesson::{Lesson, check, lines};
use crate::text::{clean, nearest};
use std::collections::BTreeMap;
use std::path::Path;

/// The options of `oscope lesson`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// `list`, a lesson's number or file, `check`, or `lint`
    #[arg(value_name = "list|N|check|lint")]
    what: Option<String>,
    /// Which lesson to check or to lint: a number or a file
    #[arg(value_name = "N|FILE")]
    which: Option<String>,
    /// The language
    #[arg(long, value_name = "en|ko", value_parser = Lang::named)]
    lang: Option<Lang>,
    /// List in the order of this track: course, inside out, or request, outside in
    #[arg(long, value_name = "TRACK", default_value = "course")]
    track: String,
    /// Begin anew
    #[arg(long)]
    again: bool,
    /// Print the lesson with the right answers, for those who teach it
    #[arg(long)]
    key: bool,
}

/// How wide a lesson is printed.
const COLUMNS: usize = 78;

pub(super) fn lesson(args: &Args, seed: u64, look: (bool, bool)) -> Result<(), Failure> {
    let lang = args.lang.unwrap_or_else(super::screen::lang);
    match (args.what.as_deref(), args.which.as_deref()) {
        (None | Some("list"), None) => list(&args.track, lang),
        (Some("check"), which) => judged(which, check::check),
        (Some("lint"), Some(which)) => judged(Some(which), check::lint),
        (Some("lint"), None) => {
            let expected = "lesson lint: expected a file, such as docs/lessons/11-fork/en.md";
            Err(Failure::Usage(expected.to_owned()))
        }
        (Some(name), None) => open(&find(name)?, args, (lang, seed), look),
        (_, Some(more)) => {
            let message = format!("lesson: `{}`; expected nothing more", clean(more));
            Err(Failure::Usage(message))
        }
    }
}

/// A lesson by its number, or by a file that stands in its folder.
fn find(name: &str) -> Result<Folder, Failure> {
    if name.contains(['/', '.']) {
        return Folder::on_disk(Path::new(name)).map_err(|fault| Failure::Usage(fault.to_string()));
    }
    let all = shelf::all();
    let meant = |folder: &&Folder| {
        folder.name == name || name.parse().is_ok_and(|number| folder.number() == Some(number))
    };
    if let Some(folder) = all.iter().find(meant) {
        return Ok(folder.clone());
    }
    let numbers = all.iter().filter_map(Folder::number);
    let (first, last) = (numbers.clone().min().unwrap_or(0), numbers.max().unwrap_or(0));
    let names = all.iter().map(|folder| folder.name.as_str());
    let near = nearest(name, ["list", "check", "lint"].into_iter().chain(names));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let expected = format!("expected a number from {first} to {last}, list, check or lint");
    Err(Failure::Usage(format!("there is no lesson `{}`; {expected}{hint}", clean(name))))
}

/// The folders in the order of a track.
fn track(name: &str) -> Result<Vec<Folder>, Failure> {
    let all = shelf::all();
    let text = shelf::page("tracks.toml").unwrap_or_default();
    let tracks: BTreeMap<String, Vec<u32>> =
        toml::from_str(text).map_err(|error| Failure::Usage(format!("tracks.toml: {error}")))?;
    let Some(order) = tracks.get(name) else {
        if tracks.is_empty() {
            return Ok(all);
        }
        let names = tracks.into_keys().collect::<Vec<_>>().join(", ");
        return Err(Failure::Usage(format!("track `{}`; expected one of {names}", clean(name))));
    };
    let one = |number: &u32| all.iter().find(|folder| folder.number() == Some(*number)).cloned();
    Ok(order.iter().filter_map(one).collect())
}

fn list(name: &str, lang: Lang) -> Result<(), Failure> {
    let mut out = Out::stdout();
    for folder in track(name)? {
        let (lesson, _) = Lesson::read(&folder, lang, 0);
        out.line(&format!("{:<3} {}. {}", lesson.number, lesson.title, lesson.goal))?;
    }
    out.finish()
}

fn judged(which: Option<&str>, rule: fn(&Folder) -> Vec<Fault>) -> Result<(), Failure> {
    let folders = match which {
        Some(name) => vec![find(name)?],
        None => shelf::all(),
    };
    let mut out = Out::stdout();
    let mut count = 0;
    for folder in &folders {
        let faults = rule(folder);
        let verdict = match faults.len() {
            0 => "right".to_owned(),
            wrong => format!("{wrong} wrong"),
        };
        out.line(&format!("{:<28} {verdict}", folder.name))?;
        out.flush()?;
        for fault in &faults {
            out.line(&format!("  {fault}"))?;
        }
        count += faults.len();
    }
    out.finish()?;
    match count {
        0 => Ok(()),
        1 => Err(Failure::Run("1 mistake".to_owned())),
        _ => Err(Failure::Run(format!("{count} mistakes"))),
    }
}

fn open(
    folder: &Folder,
    args: &Args,
    (lang, seed): (Lang, u64),
    look: (bool, bool),
) -> Result<(), Failure> {
    let (lesson, faults) = Lesson::read(folder, lang, seed);
    let first =
        |faults: &[Fault]| Failure::Usage(faults.first().map(Fault::to_string).unwrap_or_default());
    // A translation that is stale can still be read.
    if lesson.steps.is_empty() {
        return Err(first(&faults));
    }
    let mut reading = Reading::open(lesson, lang).map_err(|faults| first(&faults))?;
    if args.key || !is_terminal() {
        return print(&reading, args.key, lang);
    }
    let path = progress::path();
    let mut known = path.as_deref().map(Progress::read).unwrap_or_default();
    if !args.again {
        known.resume(&mut reading);
    }
    let whole = reading.lesson.plan.source(&(Vec::new(), None)).map_err(Failure::Usage)?;
    let reading = super::screen::lesson(whole, reading, lang, look)?;
    let (Some(path), Some(reading)) = (path, reading) else { return Ok(()) };
    known.keep(&reading);
    let failed = |error: std::io::Error| {
        Failure::Run(format!("{}: {error}; nothing is remembered", path.display()))
    };
    known.write(&path).map_err(failed)
}

/// The lesson as text.
fn print(reading: &Reading, with_key: bool, lang: Lang) -> Result<(), Failure> {
    let mut out = Out::stdout();
    let lesson = &reading.lesson;
    out.line(&format!("{} {}", lesson.number, lesson.title))?;
    for line in lines::plain(&lesson.goal, COLUMNS) {
        out.line(&line)?;
    }
    for (at, step) in reading.steps.iter().enumerate() {
        out.line("")?;
        out.line(&format!("{}. {}", at + 1, step.heading))?;
        for (indent, text) in parts(step, with_key, lang) {
            let room = COLUMNS - 3 - indent.len();
            for line in lines::plain(&text, room) {
                out.line(format!("   {indent}{line}").trim_end())?;
            }
        }
    }
    out.finish()
}

/// What there is to print of a step, each part with what stands before its lines.
fn parts(step: &Shown, with_key: bool, lang: Lang) -> Vec<(&'static str, String)> {
    let words = lang.lesson();
    let mut parts = vec![("", step.text.clone())];
    if let Some(question) = &step.question {
        let offers = question.options.iter().enumerate();
        parts.extend(offers.map(|(at, offer)| ("  ", format!("{}: {}", letter(at), offer.label))));
        if question.options.is_empty() {
            parts.push(("  ", "____".to_owned()));
        }
        if with_key {
            parts.push(("  = ", question.right_answer()));
            parts.push(("    ", question.right.clone()));
        }
    }
    if let Some(why) = &step.why {
        parts.push(("! ", why.text.clone()));
        parts.extend(why.links.iter().map(|link| ("  - ", link.clone())));
    }
    if let Some(change) = &step.change {
        parts.push(("", change.ask.clone()));
        parts.extend(change.set.iter().map(|path| ("  ", format!("{path} = ____"))));
        if with_key {
            parts.push(("  = ", format!("{}: {}", words.for_example, change.reference)));
        }
    }
    parts
}
