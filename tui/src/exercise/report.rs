//! Grades in the formats of those who read them.
//!
//! Gradescope's `results.json`, Exercism's test-runner interface (version 3), JUnit's XML, and CSV (RFC 4180).

use super::grade::{Graded, summary};
use super::judge::Verdict;
use serde_json::{Value as Json, json};
use std::fmt::Write;

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// Everything; `--merge` reads it.
    Json,
    /// `results.json`.
    Gradescope,
    /// `results.json` of a test runner.
    Exercism,
    /// XML for CI.
    Junit,
    /// For spreadsheets.
    Csv,
}

impl Format {
    /// By its name.
    ///
    /// # Errors
    /// Which there are.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "gradescope" => Ok(Self::Gradescope),
            "exercism" => Ok(Self::Exercism),
            "junit" => Ok(Self::Junit),
            "csv" => Ok(Self::Csv),
            _ => Err("expected text, json, gradescope, exercism, junit or csv".to_owned()),
        }
    }

    /// Writes grades.
    #[must_use]
    pub fn write(self, class: &[Graded]) -> String {
        match self {
            Self::Text => text(class),
            Self::Json => format!("{:#}\n", json!({"students": class})),
            Self::Gradescope => format!("{:#}\n", gradescope(class)),
            Self::Exercism => format!("{:#}\n", exercism(class)),
            Self::Junit => junit(class),
            Self::Csv => csv(class),
        }
    }
}

/// The sentence and the picture of the first finding.
fn output(verdict: &Verdict) -> String {
    let Some(first) = verdict.findings.first() else { return "Solved.".to_owned() };
    let mut lines = vec![first.sentence.clone()];
    lines.extend(first.picture.iter().cloned());
    lines.join("\n")
}

fn id(verdict: &Verdict) -> &str {
    verdict.findings.first().map_or("solved", |finding| finding.id.as_str())
}

/// Each verdict, with a name that tells the student if there are several.
fn named(class: &[Graded]) -> impl Iterator<Item = (String, &Verdict)> {
    let several = class.len() > 1;
    class.iter().flat_map(move |student| {
        student.exercises.iter().map(move |verdict| match several {
            true => (format!("{}: {}", student.student, verdict.exercise), verdict),
            false => (verdict.exercise.clone(), verdict),
        })
    })
}

fn text(class: &[Graded]) -> String {
    let mut out = String::new();
    for student in class {
        let _ = writeln!(out, "{:<24} {:>4}/{}", student.student, student.points, student.max);
        for verdict in &student.exercises {
            let name = &verdict.exercise;
            let _ = writeln!(
                out,
                "  {name:<24} {:>2}/{:<3} {}",
                verdict.points,
                verdict.max,
                id(verdict)
            );
        }
    }
    if class.len() > 1 {
        let _ = writeln!(out, "\n{:<26} {:<20} students", "exercise", "finding");
        for ((exercise, finding), count) in summary(class) {
            let _ = writeln!(out, "{exercise:<26} {finding:<20} {count}");
        }
    }
    out
}

fn gradescope(class: &[Graded]) -> Json {
    let tests = named(class).enumerate().map(|(at, (name, verdict))| {
        json!({
            "name": name, "number": (at + 1).to_string(), "score": verdict.points,
            "max_score": verdict.max, "status": if verdict.passes() { "passed" } else { "failed" },
            "output": output(verdict), "visibility": "visible",
        })
    });
    json!({"tests": tests.collect::<Vec<_>>()})
}

fn exercism(class: &[Graded]) -> Json {
    let all = class.iter().flat_map(|student| &student.exercises).all(Verdict::passes);
    let tests = named(class).enumerate().map(|(at, (name, verdict))| {
        let passes = verdict.passes();
        json!({
            "name": name, "status": if passes { "pass" } else { "fail" },
            "message": if passes { Json::Null } else { Json::String(output(verdict)) },
            "output": Json::Null, "test_code": format!("oscope exercise check {}", verdict.exercise),
            "task_id": at + 1,
        })
    });
    let status = if all { "pass" } else { "fail" };
    json!({"version": 3, "status": status, "message": Json::Null, "tests": tests.collect::<Vec<_>>()})
}

fn xml(text: &str) -> String {
    // Control characters have no place in XML 1.0, in no spelling.
    let text: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn junit(class: &[Graded]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for student in class {
        let failures = student.exercises.iter().filter(|verdict| !verdict.passes()).count();
        let (name, tests) = (xml(&student.student), student.exercises.len());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">"
        );
        for verdict in &student.exercises {
            let exercise = xml(&verdict.exercise);
            let case = format!("<testcase classname=\"{name}\" name=\"{exercise}\"");
            if verdict.passes() {
                let _ = writeln!(out, "    {case}/>");
                continue;
            }
            let (message, body) = (xml(id(verdict)), xml(&output(verdict)));
            let _ = writeln!(
                out,
                "    {case}><failure message=\"{message}\">{body}</failure></testcase>"
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

/// A field of CSV. One that a spreadsheet would take for a formula is kept from being one.
fn field(text: &str) -> String {
    let guarded = match text.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{text}"),
        _ => text.to_owned(),
    };
    match guarded.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}

fn csv(class: &[Graded]) -> String {
    let mut out = "student,exercise,points,max,finding\r\n".to_owned();
    for student in class {
        for verdict in &student.exercises {
            let (name, exercise) = (field(&student.student), field(&verdict.exercise));
            let _ = write!(
                out,
                "{name},{exercise},{},{},{}\r\n",
                verdict.points,
                verdict.max,
                field(id(verdict))
            );
        }
    }
    out
}

/// Which exercise, which misconception, how many students, as CSV.
#[must_use]
pub fn class_summary(class: &[Graded]) -> String {
    let mut out = "exercise,finding,students\r\n".to_owned();
    for ((exercise, finding), count) in summary(class) {
        let _ = write!(out, "{},{},{count}\r\n", field(&exercise), field(&finding));
    }
    out
}
