//! cargo-fuzz's way to `oscope_fuzz::printer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oscope_fuzz::printer(bytes));
