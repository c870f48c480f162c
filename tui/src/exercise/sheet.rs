//! Question sheets for a class: one page for each student, to be printed, and a key.
//!
//! Only exercises that a seed makes questions for are asked: what a student answers with pen and paper can be marked by
//! looking at the key, or typed in and graded.

use super::file::{Exercise, Kind};
use super::judge::{fill, problem};
use super::shelf::Folder;
use super::workspace::seed_of;
use crate::export::screen::escaped;
use crate::lang::Lang;
use std::fmt::Write;

/// What sheets look like: black on white, one student to a page.
const STYLE: &str = "body{font:11pt/1.45 serif;max-width:46em;margin:2em auto;padding:0 1em}\
h1{font-size:15pt}h2{font-size:12pt;margin-top:1.6em}pre{font:10pt/1.4 monospace}\
.answer{border-bottom:1px solid;height:1.8em}.sheet{break-after:page}\
table{border-collapse:collapse}td,th{border:1px solid;padding:.2em .6em;text-align:left;font-size:9pt}";

/// The sheets of all students, and the key at the end if it is wanted.
///
/// # Errors
/// What is wrong with an exercise.
pub fn sheets(
    all: &[Folder],
    students: &[String],
    (salt, with_key): (&str, bool),
    lang: Lang,
) -> Result<String, String> {
    let mut asked = Vec::new();
    for folder in all {
        let exercise = folder.exercise()?;
        if exercise.kind == Kind::Predict && exercise.problem.is_some() {
            asked.push((folder, exercise));
        }
    }
    if asked.is_empty() {
        return Err("there is nothing to ask: expected an exercise of the kind predict".to_owned());
    }
    let (title, answer, key) = match lang {
        Lang::En => ("Questions", "Your answer", "Key"),
        Lang::Ko => ("문제", "답", "정답"),
    };
    let language = if lang == Lang::Ko { "ko" } else { "en" };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>{STYLE}</style></head><body>\n"
    );
    let mut rows = String::new();
    for student in students {
        let seed = seed_of(salt, student);
        let name = escaped(student);
        let _ = writeln!(page, "<section class=\"sheet\"><h1>{title}: {name}</h1>");
        let _ = write!(rows, "<tr><td>{name}</td>");
        for (number, (folder, exercise)) in (1..).zip(&asked) {
            let texts = exercise.texts(lang);
            let text = fill(&question_of(&texts.text, lang), folder, exercise, seed, lang)?;
            let _ = writeln!(page, "<h2>{number}. {}</h2>{}", escaped(&texts.title), html(&text));
            let _ = writeln!(page, "<p>{answer}:</p><div class=\"answer\"></div>");
            let _ = write!(rows, "<td>{}</td>", escaped(&right(exercise, seed)?));
        }
        page.push_str("</section>\n");
        rows.push_str("</tr>\n");
    }
    if with_key {
        let heads = asked
            .iter()
            .map(|(_, exercise)| format!("<th>{}</th>", escaped(&exercise.texts(lang).title)));
        let heads: String = heads.collect();
        let _ = writeln!(
            page,
            "<section><h1>{key}</h1><table><tr><th></th>{heads}</tr>\n{rows}</table></section>"
        );
    }
    page.push_str("</body></html>\n");
    Ok(page)
}

/// The right answer: all decisions in their order.
fn right(exercise: &Exercise, seed: u64) -> Result<String, String> {
    let problem = problem(exercise, seed).ok_or("expected a problem")?;
    Ok(problem.order()?.join(" "))
}

/// A task as it stands on paper, where the answer goes into no file.
fn question_of(text: &str, lang: Lang) -> String {
    let below = match lang {
        Lang::En => "the line below",
        Lang::Ko => "아래 줄",
    };
    text.replace("`answer.toml`", below)
}

/// Paragraphs; what is indented stays as it is.
fn html(text: &str) -> String {
    let mut out = String::new();
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let tag = if block.starts_with("  ") { "pre" } else { "p" };
        let lines: Vec<String> = block.trim_end().lines().map(code).collect();
        let _ = writeln!(out, "<{tag}>{}</{tag}>", lines.join("\n"));
    }
    out
}

/// A line; what stands between backticks is code.
fn code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}
