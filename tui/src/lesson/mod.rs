//! Lessons: a text that makes people predict, beside the machine that it tells of.
//!
//! Layers: [`front`] is what a lesson's file says in TOML; [`parse`] takes Markdown apart; [`shelf`] has the lessons that
//! the program carries; [`moment`] and [`measure`] read values from a run; [`whole`] puts texts, values and languages
//! together; [`reading`] is somebody who reads one; [`check`] plays a lesson as its author would; [`progress`] remembers; [`lines`] sets Markdown for a terminal.
//! How to write one: `docs/lessons/README.md`.
//!
//! A typical sequence: `oscope lesson 11` finds the folder, reads `en.md` and `ko.md`, runs the world once and reads all
//! values from that run. The reader is asked something; the right answer is one of those values. When something is
//! changed, the world runs once more with the change, and the same values decide whether the goal is met.
//!
//! From others: asking before showing, and hearing why a wrong answer is wrong, is peer instruction (Mazur, 1997);
//! expressions over a run as answers are what the homework simulators of OSTEP do by hand.

pub mod check;
pub mod front;
pub mod glossary;
pub mod lines;
pub mod measure;
pub mod moment;
pub mod parse;
pub mod progress;
pub mod reading;
pub mod shelf;
pub mod whole;

pub use whole::Lesson;
