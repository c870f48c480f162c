//! The program carries lessons and exercises; when one changes, it is built anew.

fn main() {
    println!("cargo::rerun-if-changed=../docs/lessons");
    println!("cargo::rerun-if-changed=../docs/exercises");
}
