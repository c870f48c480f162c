//! The oscope binary.
fn main() {}
