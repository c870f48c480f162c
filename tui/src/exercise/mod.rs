//! Exercises: what a student hands in is run by the kernel itself, and judged by what happened.
//!
//! Layers: [`file`](mod@file) is what an author writes, [`shelf`] finds it, [`problem`] makes questions from a seed, [`case`] makes a submission
//! ready to run,
//! [`judge`](mod@judge) tells right from wrong, [`picture`] draws what happened around the failing moment,
//! [`policy`] plays a program that decides against the workbench, [`program`] runs one on the machine; both
//! are made by [`compile`](mod@compile) and held by [`child`]; [`workspace`] is a student's folder, [`grade`](mod@grade) judges a
//! class, [`report`] writes it down, [`sheet`] prints questions, [`lint`](mod@lint) holds an exercise to what it promises.
//!
//! A typical sequence: `oscope exercise check` reads `02-zombie/zombie.trace`, runs it, reads the values that
//! `exercise.toml` names from that run, and tells the first condition that does not hold.
//!
//! A submission is data, or a program of which only the decisions are believed: nothing that it prints can be taken for a
//! verdict, because verdicts are made here, from our own run.
//!
//! From others: the current exercise, the hints and that the starter fails and the solution passes are rustlings';
//! that a wrong answer names the thought behind it is how peer instruction works (Mazur, 1997).

pub mod case;
pub mod child;
pub mod compile;
pub mod file;
pub mod grade;
pub mod judge;
pub mod lint;
pub mod picture;
pub mod policy;
pub mod problem;
pub mod program;
pub mod report;
pub mod sheet;
pub mod shelf;
pub mod workspace;

pub use file::Exercise;
pub use judge::{Finding, Verdict, judge};
