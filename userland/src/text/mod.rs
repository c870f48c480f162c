//! Texts that several programs read or write in the same way.

pub(crate) mod amount;
pub(crate) mod date;
pub(crate) mod mode;
pub(crate) mod regex;
