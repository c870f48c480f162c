//! The shell and the tools.

use oscope_tests::shell::{Ran, run};

#[test]
fn try_it() {
    let Ran { output, status } = run(&std::env::var("SH_C").unwrap_or("echo hello".into()), "");
    println!("{output}\n[{status:?}]");
}
