//! What a POSIX conformance suite expects of a file system, as observed on Linux: `data/oracles/posix-fs.tsv`.

use oscope_tests::posix_fs::{Kind, parse, run};

#[test]
fn tmpfs_does_what_linux_does() {
    let lines = parse(include_str!("../data/oracles/posix-fs.tsv")).expect("a table");
    assert!(lines.len() > 3000, "{}", lines.len());
    let report = run(&lines, Kind::Tmpfs, &|_| {}).expect("machines boot");
    assert_eq!(report.failures, []);
    assert_eq!((report.passed, report.skipped), (lines.len(), 0));
}
