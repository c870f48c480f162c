//! Every lesson, played with its reference answers in both languages; and what it points to is there.

use oscope_tui::lesson::{check, glossary, shelf};
use std::path::Path;

#[test]
fn every_lesson_is_right() {
    let folders = shelf::all();
    assert!(!folders.is_empty(), "the program carries lessons");
    let faults: Vec<String> =
        folders.iter().flat_map(check::check).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_lesson_is_translated_and_points_into_the_kernel() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut missing = Vec::new();
    for folder in shelf::all() {
        if folder.file("ko.md").is_none() {
            missing.push(format!("{}: no ko.md", folder.name));
        }
        let (lesson, _) = oscope_tui::lesson::Lesson::read(&folder, oscope_tui::lang::Lang::En, 0);
        for source in &lesson.front.source {
            let (file, anchor) = source.split_once('#').unwrap_or((source, ""));
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            let mark = format!("//DOC: {anchor}");
            if anchor.is_empty() || !text.lines().any(|line| line.trim() == mark) {
                missing.push(format!("{}: {source}", folder.name));
            }
        }
        for term in &lesson.front.terms {
            if glossary::korean(term).is_empty() {
                missing.push(format!("{}: `{term}` is not in the glossary", folder.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn numbers_of_lessons_differ() {
    let mut numbers: Vec<_> = shelf::all().iter().map(shelf::Folder::number).collect();
    let count = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), count);
}
