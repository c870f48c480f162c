//! What a POSIX conformance suite expects of a file system, as observed on Linux: `data/oracles/posix-fs.tsv`.

use oscope_tests::posix_fs::{Kind, parse, run};

#[test]
fn ext2_does_what_linux_does() {
    does_what_linux_does(Kind::Ext2);
}

#[test]
fn tmpfs_does_what_linux_does() {
    does_what_linux_does(Kind::Tmpfs);
}

fn does_what_linux_does(kind: Kind) {
    let lines = parse(include_str!("../data/oracles/posix-fs.tsv")).expect("a table");
    assert!(lines.len() > 3000, "{}", lines.len());
    let report = run(&lines, kind, &|_| {}).expect("machines boot");
    assert_eq!(report.failures, []);
    assert_eq!((report.passed, report.skipped), (lines.len(), 0));
}
