//! What a log says of what was there before it.

use super::{Scene, plain};
use crate::script::parse;

#[test]
fn what_a_log_finds_was_there_and_what_it_makes_was_not() {
    let log = "openat(AT_FDCWD, \"in.txt\", O_RDONLY) = 3\n\
        fstat(3, {st_mode=S_IFREG|0640, st_size=11, ...}) = 0\n\
        read(3, \"hello\"..., 64) = 11\n\
        mkdir(\"new\", 0755) = 0\n\
        openat(AT_FDCWD, \"new/out\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 4\n\
        openat(AT_FDCWD, \"none\", O_RDONLY) = -1 ENOENT (No such file or directory)\n\
        readlink(\"/l\", \"there\", 100) = 5\n";
    let scene = Scene::of(&parse(log).tree);
    let archive = scene.archive(&[]);
    let members: Vec<_> =
        oscope_kernel::fs::cpio::members(&archive).map(|m| m.expect("whole")).collect();
    let find = |name: &str| members.iter().find(|member| member.name == name).copied();
    let file = find("home/student/in.txt").expect("it was opened");
    assert_eq!((file.mode, file.data), (0o100_640, &b"hello\0\0\0\0\0\0"[..]));
    assert_eq!(find("l").expect("a link").data, b"there");
    assert!(find("home/student/new").is_none() && find("home/student/none").is_none());
}

#[test]
fn paths_are_made_plain() {
    assert_eq!(plain("/a//b/./../c/"), "/a/c");
    assert_eq!(plain("/../.."), "/");
}
