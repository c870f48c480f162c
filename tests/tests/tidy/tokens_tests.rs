//! Floats against ranges and tuples; `use` trees; where tests begin and end.

use super::{Kind, paths, test_modules, test_ranges, tokens};

fn floats(code: &str) -> Vec<&str> {
    let floats = tokens(code).into_iter().filter(|t| t.kind == Kind::Float);
    floats.map(|t| t.text).collect()
}

fn joined(code: &str) -> Vec<String> {
    let paths = paths(&tokens(code));
    paths.iter().map(|p| p.segments.join("::")).collect()
}

#[test]
fn floats_are_found() {
    assert_eq!(floats("1.5 + 2e3 - 1. * 1_0.0_1e-2"), ["1.5", "2e3", "1.", "1_0.0_1e-2"]);
    assert_eq!(floats("1f32 2_f64 1.0f32 2E+3"), ["1f32", "2_f64", "1.0f32", "2E+3"]);
    assert_eq!(floats("(1.0).sqrt() 1.0.sqrt()"), ["1.0", "1.0"]);
}

#[test]
fn what_only_looks_like_a_float_is_not_one() {
    assert_eq!(floats("0..5 0..=5 a[1..] a[..1]"), [""; 0]);
    assert_eq!(floats("x.0.1 x.0 .1 self.0.0.1"), [""; 0]);
    assert_eq!(floats("1.max(2) 0x2e3 0xf32 0b1 7u32 1e_x 0x1f64"), [""; 0]);
}

#[test]
fn use_trees_are_taken_apart() {
    assert_eq!(
        joined("use crate::{a, b::{c, self, d as e}, f::*};"),
        ["crate::a", "crate::b::c", "crate::b", "crate::b::d", "crate::f::*"]
    );
    assert_eq!(joined("use {std::env, ::std::fs}; use rand;"), ["std::env", "std::fs", "rand"]);
    assert_eq!(joined("use crate as k; use crate::{self as k};"), ["crate", "crate"]);
    assert_eq!(joined("pub(crate) use self::x::Y;"), ["self::x::Y"]);
}

#[test]
fn inline_paths_are_found() {
    assert_eq!(joined("let x = crate::mm::f(1);"), ["crate::mm::f"]);
    assert_eq!(joined("Vec::<crate::mm::X>::new()"), ["Vec", "crate::mm::X"]);
    assert_eq!(joined("f(::std::env::args())"), ["std::env::args"]);
    assert_eq!(joined("a::B { c: d::E }"), ["a::B", "d::E"]);
    assert_eq!(joined("x as u8 as usize; if a::B { c::d() }"), ["a::B", "c::d"]);
    assert_eq!(joined("impl crate::a::T for crate::b::U {}"), ["crate::a::T", "crate::b::U"]);
}

#[test]
fn inline_modules_are_counted() {
    let code = "use super::a; mod m { use super::b; fn f() { super::c::d(); } } use super::e;";
    let depths: Vec<_> = paths(&tokens(code)).iter().map(|p| p.inline_depth).collect();
    assert_eq!(depths, [0, 1, 1, 0]);
}

#[test]
fn tests_begin_and_end() {
    let in_test = |code: &str| {
        let tokens = tokens(code);
        let at = code.find("HERE").unwrap_or(0);
        test_ranges(&tokens).iter().any(|r| r.contains(&at))
    };
    assert!(in_test("#[cfg(test)] mod t { fn f() {} HERE }"));
    assert!(!in_test("#[cfg(test)] mod t { fn f() {} } HERE"));
    assert!(in_test("mod tests { HERE }"));
    assert!(in_test("#[test] #[ignore] fn f(a: [u8; 2]) { HERE }"));
    assert!(in_test("#[cfg(all(test, unix))] use a::HERE;"));
    assert!(in_test("#![cfg(test)] fn f() { HERE }"));
    assert!(!in_test("#[cfg(test)] use a; HERE"));
    assert!(!in_test("#[cfg(not(test))] fn f() { HERE }"));
    assert!(!in_test("#[cfg(any(test, fuzzing))] fn f() { HERE }"));
}

#[test]
fn modules_of_tests_are_named() {
    let code = "#[cfg(test)] mod a; mod b; #[cfg(test)] #[path(x)] pub mod c;";
    assert_eq!(test_modules(&tokens(code)), ["a", "c"]);
}
