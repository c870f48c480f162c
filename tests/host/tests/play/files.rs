//! Descriptors, files, pipes and memory.

use crate::client::{ARENA, Client, int, nr, shown, words};
use serde_json::json;

const AT: i64 = ARENA as i64;
const BUFFER: i64 = AT + 256;

#[test]
fn a_file_is_written_read_and_described() {
    let Some(mut client) = Client::new() else { return };
    let path = b"notes\0";
    // O_RDWR|O_CREAT, relative to AT_FDCWD.
    assert_eq!(client.call_with(1, nr::OPENAT, &[-100, AT, 0o102, 0o666], path), 3);
    assert_eq!(client.call_with(1, nr::WRITE, &[3, AT, 5], b"hello"), 5);
    assert_eq!(client.call(1, nr::LSEEK, &[3, 1, 0]), 1);
    let (count, bytes) = client.call_and_read(1, nr::READ, &[3, AT, 100], 5);
    assert_eq!((count, &bytes[..4]), (4, &b"ello"[..]));
    let (result, stat) = client.call_and_read(1, nr::FSTAT, &[3, AT], 128);
    assert_eq!(result, 0);
    // st_mode under a umask of 022, st_nlink and st_size, where riscv64 has them.
    assert_eq!((int(&stat, 16), int(&stat, 20), int(&stat, 48)), (0o100_644, 1, 5));
    assert_eq!(client.call(1, nr::FSTAT, &[3, 8]), -14, "EFAULT");
    assert_eq!(client.call(1, nr::FSTAT, &[99, AT]), -9, "EBADF");
    assert_eq!(client.call(1, nr::CLOSE, &[3]), 0);
}

#[test]
fn a_tree_begins_with_the_files_and_limits_it_asks_for() {
    let files = json!([
        { "path": "/etc", "directory": true },
        { "path": "/etc/motd", "text": "welcome", "mode": 0o400 },
        { "path": "/tmp/link", "link": "/etc/motd" },
    ]);
    // RLIMIT_NOFILE is 7.
    let begin = json!({ "files": files, "limits": [[7, 4, 8]], "descriptors": "none" });
    let Some(mut client) = Client::with(&begin) else { return };
    assert_eq!(client.call_with(1, nr::OPENAT, &[-100, AT, 0, 0], b"link\0"), 0);
    let (_, bytes) = client.call_and_read(1, nr::READ, &[0, AT, 100], 7);
    assert_eq!(bytes, b"welcome");
    for fd in 1..4 {
        assert_eq!(client.call_with(1, nr::OPENAT, &[-100, AT, 0, 0], b"link\0"), fd);
    }
    assert_eq!(client.call(1, nr::OPENAT, &[-100, AT, 0, 0]), -24, "EMFILE");
    // The next tree knows nothing of it.
    assert_eq!(client.ask(&json!({ "begin": {} }))["task"], 1);
    assert_eq!(client.call_with(1, nr::OPENAT, &[-100, AT, 0, 0], b"link\0"), -2, "ENOENT");
}

#[test]
fn a_read_of_an_empty_pipe_waits_for_the_write() {
    let Some(mut client) = Client::new() else { return };
    let (result, fds) = client.call_and_read(1, nr::PIPE2, &[AT, 0], 8);
    assert_eq!((result, int(&fds, 0), int(&fds, 4)), (0, 3, 4));
    let (child, _) = client.fork(1);
    let read = json!([[BUFFER, 5]]);
    let request =
        json!({ "task": child, "number": nr::READ, "arguments": [3, BUFFER, 64], "read": read });
    let waits = client.ask(&request);
    assert_eq!(waits["blocked"], true);
    assert!(waits.get("result").is_none());
    let error = client.play(child, nr::GETPID, &[]);
    assert!(error["error"].as_str().is_some_and(|e| e.contains("still in a call")), "{error}");
    let written = client.ask(&json!({
        "task": 1, "number": nr::WRITE, "arguments": [4, AT, 5], "memory": [[ARENA, "68656c6c6f"]],
    }));
    assert_eq!(written["result"], 5);
    // Nobody asked, and it is told all the same.
    let event = &written["events"][0];
    assert_eq!((&event["task"], &event["result"]), (&json!(child), &json!(5)));
    assert_eq!(shown(event), b"hello");
}

#[test]
fn a_write_to_a_pipe_without_readers_kills() {
    let Some(mut client) = Client::new() else { return };
    client.call(1, nr::PIPE2, &[AT, 0]);
    let (child, _) = client.fork(1);
    assert_eq!(client.call(1, nr::CLOSE, &[3]), 0);
    assert_eq!(client.call(child, nr::CLOSE, &[3]), 0);
    let answer = client.play(child, nr::WRITE, &[4, AT, 1]);
    // SIGPIPE.
    assert_eq!(answer["events"], json!([{ "task": child, "killed": 13 }]));
}

#[test]
fn events_of_epoll_lie_as_on_riscv64() {
    let Some(mut client) = Client::new() else { return };
    client.call(1, nr::PIPE2, &[AT, 0]);
    assert_eq!(client.call(1, nr::EPOLL_CREATE1, &[0]), 5);
    // EPOLL_CTL_ADD, EPOLLIN, and data behind four bytes of nothing.
    let event = words(&[1, 0x1122_3344_5566_7788]);
    assert_eq!(client.call_with(1, nr::EPOLL_CTL, &[5, 1, 3, AT], &event), 0);
    assert_eq!(client.call_with(1, nr::WRITE, &[4, AT, 1], b"x"), 1);
    let (count, bytes) = client.call_and_read(1, nr::EPOLL_PWAIT, &[5, AT, 8, 0, 0, 8], 16);
    assert_eq!((count, bytes), (1, event));
}

#[test]
fn fork_copies_private_memory() {
    let Some(mut client) = Client::new() else { return };
    assert_eq!(client.ask(&json!({ "task": 1, "store": [ARENA + 9, 7] }))["result"], 0);
    let (child, _) = client.fork(1);
    assert_eq!(client.ask(&json!({ "task": child, "load": ARENA + 9 }))["result"], 7);
    client.ask(&json!({ "task": child, "store": [ARENA + 9, 8] }));
    assert_eq!(client.ask(&json!({ "task": 1, "load": ARENA + 9 }))["result"], 7);
}

#[test]
fn mappings_come_and_go() {
    let Some(mut client) = Client::new() else { return };
    // Two anonymous private pages, readable and writable.
    let place = client.call(1, nr::MMAP, &[0, 8192, 3, 0x22, -1, 0]);
    assert!(place > 0 && place % 4096 == 0, "{place:#x}");
    assert_eq!(client.ask(&json!({ "task": 1, "store": [place, 1] }))["result"], 0);
    assert_eq!(client.call(1, nr::MUNMAP, &[place, 4096]), 0);
    assert_eq!(client.ask(&json!({ "task": 1, "load": place + 4096 }))["result"], 0);
    let answer = client.ask(&json!({ "task": 1, "load": place }));
    // SIGSEGV.
    assert_eq!(answer["events"], json!([{ "task": 1, "killed": 11 }]));
}
