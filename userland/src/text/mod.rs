//! Texts that several programs read or write in the same way.

pub(crate) mod mode;
