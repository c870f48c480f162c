//! SQL: from text to rows.
//!
//! Layers: [`expression`] what is computed from a row; [`catalog`] tables, columns and indexes; [`names`] makes
//! expressions of the parser's trees and finds the columns that they name; [`access`] decides how a table is read;
//! [`aggregate`] computes from many rows; [`select`] joins, groups and sorts; [`modify`] changes rows and keeps constraints; [`define`] makes and drops tables
//! and indexes; [`vacuum`] makes room; [`session`] is one connection's side: statements in transactions.
//!
//! A typical sequence: the session parses `SELECT name FROM emp WHERE id = 7`; names makes of it "column 1 of rows for
//! which column 0 equals 7"; access finds that an index has column 0; select asks the tree for the places of 7,
//! reads the versions there, keeps those that its snapshot sees and for which the condition is true.
//!
//! The parser is the crate `sqlparser`. What is computed follows SQLite (three-valued logic, integer division, text
//! compared byte by byte), so that it can be compared with it.

pub(crate) mod access;
pub(crate) mod aggregate;
pub(crate) mod catalog;
pub(crate) mod define;
pub(crate) mod expression;
pub(crate) mod modify;
pub(crate) mod names;
pub(crate) mod select;
pub(crate) mod session;
pub(crate) mod vacuum;
