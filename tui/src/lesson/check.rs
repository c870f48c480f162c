//! Plays a lesson as its author would: the right answers are right, the wrong ones wrong, the changes do what they say.

use super::front::Change;
use super::moment::is_name;
use super::parse::{Fault, Step};
use super::reading::{Question, Reading, judge, prepare};
use super::shelf::Folder;
use super::whole::{Lesson, view_of};
use crate::lang::Lang;

/// Students that a lesson is played as: what varies differs between them.
pub const SEEDS: [u64; 3] = [0, 1, 2];

/// What is wrong with a lesson's texts, without playing it.
#[must_use]
pub fn lint(folder: &Folder) -> Vec<Fault> {
    let (lesson, mut faults) = Lesson::read(folder, Lang::En, 0);
    let path = format!("{}/en.md", folder.name);
    let mut fault = |line: usize, message: String| {
        faults.push(Fault { file: path.clone(), line, message });
    };
    let front = &lesson.front;
    if folder.number().is_none() {
        fault(1, format!("the folder `{}`; expected a name such as 11-fork", folder.name));
    }
    for (name, text) in [("title", &front.title), ("goal", &front.goal), ("world", &front.world)] {
        if text.is_empty() {
            fault(1, format!("expected `{name}` in the front matter"));
        }
    }
    if view_of(&front.view).is_none() {
        fault(
            1,
            format!(
                "view `{}`; expected cpu, memory, calls, files, network, console or script",
                front.view
            ),
        );
    }
    for name in front.values.keys().chain(front.vary.keys()) {
        if !is_name(name) {
            fault(1, format!("`{name}`; expected a name of small letters, digits and `_`"));
        }
    }
    if front.source.is_empty() {
        fault(1, "expected `source`: where the kernel does this".to_owned());
    }
    if let Some(step) = front.request.iter().find(|step| !(1..=21).contains(*step)) {
        fault(1, format!("request step {step}; expected 1 to 21"));
    }
    if lesson.steps.last().is_none_or(|step| step.predict.is_none()) {
        fault(
            lesson.steps.last().map_or(1, |step| step.line),
            "expected a question in the last step".to_owned(),
        );
    }
    if folder.file("ko.md").is_some() {
        faults.extend(Lesson::read(folder, Lang::Ko, 0).1);
    }
    faults
}

/// What is wrong with a lesson when it is played, by several students and in both languages.
#[must_use]
pub fn check(folder: &Folder) -> Vec<Fault> {
    let mut faults = lint(folder);
    if !faults.is_empty() {
        return faults;
    }
    let varies = !Lesson::read(folder, Lang::En, 0).0.front.vary.is_empty();
    let seeds = if varies { &SEEDS[..] } else { &SEEDS[..1] };
    for seed in seeds {
        let (lesson, _) = Lesson::read(folder, Lang::En, *seed);
        faults.extend(play(lesson, &format!("{}/en.md", folder.name), *seed));
    }
    if folder.file("ko.md").is_some() {
        let (lesson, _) = Lesson::read(folder, Lang::Ko, 0);
        faults.extend(prepare(&lesson, Lang::Ko).1);
    }
    faults
}

fn play(lesson: Lesson, path: &str, seed: u64) -> Vec<Fault> {
    let sources = lesson.steps.clone();
    let mut reading = match Reading::open(lesson, Lang::En) {
        Ok(reading) => reading,
        Err(faults) => return faults,
    };
    let mut faults = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        reading.go(at);
        let mut problems = Vec::new();
        if let Some(question) = reading.step().and_then(|step| step.question.clone()) {
            problems.extend(ask(&mut reading, &question));
        }
        if let Some(change) = &source.change {
            problems.extend(try_out(&reading.lesson, change));
        }
        let of = |message| Fault { file: path.to_owned(), line: line_of(source), message };
        faults.extend(problems.into_iter().map(|problem| of(format!("seed {seed}: {problem}"))));
    }
    faults
}

fn line_of(step: &Step) -> usize {
    step.line
}

/// Answers wrongly in all the ways that the lesson knows, then rightly.
fn ask(reading: &mut Reading, question: &Question) -> Vec<String> {
    let mut problems = Vec::new();
    for (wrong, _) in &question.wrong {
        if reading.answer(wrong) {
            problems.push(format!("`{wrong}` is listed as wrong and is taken as right"));
        }
    }
    for (at, offer) in question.options.iter().enumerate() {
        let is_right = reading.answer(&super::reading::letter(at).to_string());
        if is_right != offer.is_right {
            problems.push(format!("`{}` is not judged as it is", offer.label));
        }
    }
    let right = question.right_answer();
    let typed = if question.answer.is_some() {
        right.as_str()
    } else {
        right.split(' ').next().unwrap_or("")
    };
    if !reading.answer(typed) {
        problems.push(format!("the right answer `{right}` is not taken"));
    }
    problems
}

/// Tries what meets the goal, what does not, and nothing.
fn try_out(lesson: &Lesson, change: &Change) -> Vec<String> {
    let mut problems = Vec::new();
    let given = |text: &str| {
        if change.script { lesson.plan.file(text).map(str::to_owned) } else { Ok(text.to_owned()) }
    };
    let mut expect = |what: &str, text: &str, wanted: bool| match given(text)
        .and_then(|text| judge(lesson, change, &text))
    {
        Ok(met) if met == wanted => {}
        Ok(true) => problems.push(format!("{what} `{text}` meets the goal `{}`", change.goal)),
        Ok(false) => problems.push(format!("{what} `{text}` misses the goal `{}`", change.goal)),
        Err(why) => problems.push(format!("{what} `{text}`: {why}")),
    };
    expect("the reference", &change.reference, true);
    expect("the wrong", &change.wrong, false);
    problems
}
