//! Processes and threads: how they begin, wait for each other, and end.

use crate::client::{ARENA, Client, int, nr, number, words};
use serde_json::json;

const AT: i64 = ARENA as i64;

#[test]
fn wait_tells_how_children_ended() {
    let Some(mut client) = Client::new() else { return };
    let (first, pid) = client.fork(1);
    let answer = client.play(first, nr::EXIT_GROUP, &[3]);
    assert_eq!(answer["events"], json!([{ "task": first, "exited": 3 }]));
    let (waited, status) = client.call_and_read(1, nr::WAIT4, &[-1, AT, 0, 0], 4);
    assert_eq!((waited, int(&status, 0)), (pid, 3 << 8));

    let (second, pid) = client.fork(1);
    let killed = client.play(1, nr::KILL, &[pid, 9]);
    assert_eq!(killed["events"], json!([{ "task": second, "killed": 9 }]));
    let (waited, status) = client.call_and_read(1, nr::WAIT4, &[pid, AT, 0, 0], 4);
    assert_eq!((waited, int(&status, 0)), (pid, 9));
    assert_eq!(client.call(1, nr::WAIT4, &[-1, AT, 0, 0]), -10, "ECHILD");
    let error = client.play(second, nr::GETPID, &[]);
    assert!(error["error"].as_str().is_some_and(|e| e.contains("has ended")), "{error}");
}

#[test]
fn the_end_of_a_child_is_seen_though_its_parent_was_already_waiting() {
    let Some(mut client) = Client::new() else { return };
    let (child, pid) = client.fork(1);
    assert_eq!(client.play(1, nr::WAIT4, &[-1, AT, 0, 0])["blocked"], true);
    let answer = client.play(child, nr::EXIT_GROUP, &[7]);
    let events = answer["events"].as_array().expect("a list");
    assert!(events.contains(&json!({ "task": child, "exited": 7 })), "{answer}");
    let woken = events.iter().find(|event| event["task"] == 1).expect("the parent came back");
    assert_eq!(number(&woken["result"]), pid);
    // It was told once; asking again finds no call.
    assert_eq!(client.ask(&json!({ "wait": 1 }))["blocked"], true);
}

#[test]
fn stop_and_continue_are_seen_by_the_parent() {
    // WUNTRACED is 2 and WCONTINUED is 8.
    let Some(mut client) = Client::new() else { return };
    let (child, pid) = client.fork(1);
    let stopped = client.play(1, nr::KILL, &[pid, 19]);
    assert_eq!(stopped["events"], json!([{ "task": child, "stopped": true }]));
    let (waited, status) = client.call_and_read(1, nr::WAIT4, &[pid, AT, 2, 0], 4);
    assert_eq!((waited, int(&status, 0)), (pid, 19 << 8 | 0x7f));
    // Who is stopped makes no call until it goes on.
    assert_eq!(client.play(child, nr::GETPID, &[])["blocked"], true);
    let continued = client.play(1, nr::KILL, &[pid, 18]);
    let expected = [json!({ "task": child, "continued": true }), json!(pid)];
    let events = continued["events"].as_array().expect("a list");
    assert!(events.contains(&expected[0]), "{continued}");
    assert!(events.iter().any(|event| event["result"] == expected[1]), "{continued}");
    let (waited, status) = client.call_and_read(1, nr::WAIT4, &[pid, AT, 8, 0], 4);
    assert_eq!((waited, int(&status, 0)), (pid, 0xffff));
}

#[test]
fn orphans_get_a_new_parent() {
    let Some(mut client) = Client::new() else { return };
    let (child, child_pid) = client.fork(1);
    let (grandchild, _) = client.fork(child);
    assert_eq!(client.call(grandchild, nr::GETPPID, &[]), child_pid);
    client.play(child, nr::EXIT_GROUP, &[0]);
    assert_eq!(client.call(grandchild, nr::GETPPID, &[]), 1);
    // The first task can go, too, and the tree lives on.
    client.play(1, nr::EXIT_GROUP, &[0]);
    assert!(client.call(grandchild, nr::GETPID, &[]) > 0);
    let answer = client.play(grandchild, nr::EXIT_GROUP, &[5]);
    assert_eq!(answer["events"], json!([{ "task": grandchild, "exited": 5 }]));
}

#[test]
fn the_parent_of_vfork_waits_for_the_end() {
    let Some(mut client) = Client::new() else { return };
    // CLONE_VM|CLONE_VFORK|SIGCHLD.
    let answer = client.play(1, nr::CLONE, &[0x4111]);
    assert_eq!(answer["blocked"], true);
    let child = number(&answer["events"][0]["task"]) as u64;
    // They share memory, and not only a copy of it.
    client.ask(&json!({ "task": child, "store": [ARENA, 9] }));
    let over = client.play(child, nr::EXIT, &[1]);
    let events = over["events"].as_array().expect("a list");
    assert!(events.iter().any(|event| event["task"] == 1 && number(&event["result"]) > 1));
    assert_eq!(client.ask(&json!({ "task": 1, "load": ARENA }))["result"], 9);
}

#[test]
fn threads_share_a_process_and_hand_over_by_futex() {
    let Some(mut client) = Client::new() else { return };
    // CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM.
    let answer = client.play(1, nr::CLONE, &[0x50f00]);
    let thread = number(&answer["events"][0]["task"]) as u64;
    let pid = client.call(1, nr::GETPID, &[]);
    assert_eq!(client.call(thread, nr::GETPID, &[]), pid);
    assert_ne!(client.call(thread, nr::GETTID, &[]), pid);
    // FUTEX_WAIT for a word that is 0, then FUTEX_WAKE.
    assert_eq!(client.play(thread, nr::FUTEX, &[AT, 0, 0, 0])["blocked"], true);
    let woken = client.play(1, nr::FUTEX, &[AT, 1, 1]);
    assert_eq!((&woken["result"], &woken["events"][0]["result"]), (&json!(1), &json!(0)));
    let gone = client.play(thread, nr::EXIT, &[0]);
    assert_eq!(gone["events"], json!([{ "task": thread, "exited": 0 }]));
    assert_eq!(client.call(1, nr::GETPID, &[]), pid);
}

#[test]
fn clone3_takes_its_words_from_memory() {
    let Some(mut client) = Client::new() else { return };
    // flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls.
    let mut arguments = words(&[0x0010_0000, 0, 0, ARENA + 128, 17, 0, 0, 0]);
    let pid = client.call_with(1, nr::CLONE3, &[AT, 64], &arguments);
    // CLONE_PARENT_SETTID wrote the number; CLONE_NEWPID is refused.
    let answer = client.ask(&json!({ "task": 1, "load": ARENA + 128 }));
    assert_eq!(number(&answer["result"]), pid & 0xff);
    arguments[..8].copy_from_slice(&0x2000_0000_u64.to_le_bytes());
    let memory = json!([[ARENA, arguments.iter().map(|b| format!("{b:02x}")).collect::<String>()]]);
    let request =
        json!({ "task": 1, "number": nr::CLONE3, "arguments": [AT, 64], "memory": memory });
    assert!(client.ask(&request).get("refused").is_some());
}

#[test]
fn the_first_task_may_be_init_of_its_own() {
    let Some(mut client) = Client::with(&json!({ "init": true })) else { return };
    assert_eq!(client.call(1, nr::GETPID, &[]), 1);
    assert_eq!(client.call(1, nr::GETPPID, &[]), 0);
    let (child, pid) = client.fork(1);
    let (grandchild, _) = client.fork(child);
    assert_eq!((pid, client.call(grandchild, nr::GETPPID, &[])), (2, 2));
    client.play(child, nr::EXIT_GROUP, &[4]);
    // The orphan has a new parent, which must wait for it.
    assert_eq!(client.call(grandchild, nr::GETPPID, &[]), 1);
    let (waited, status) = client.call_and_read(1, nr::WAIT4, &[-1, AT, 0, 0], 4);
    assert_eq!((waited, int(&status, 0)), (2, 4 << 8));
    // CLONE_VM and what makes a thread: numbers of threads are found, too.
    let answer = client.play(grandchild, nr::CLONE, &[0x50f00]);
    let thread = number(&answer["events"][0]["task"]) as u64;
    assert_eq!(client.call(thread, nr::GETTID, &[]), 4);
    // Nothing within kills init, and with it everybody goes.
    assert_eq!(client.call(grandchild, nr::KILL, &[1, 9]), 0);
    assert_eq!(client.call(1, nr::GETPID, &[]), 1);
    let end = client.play(1, nr::EXIT_GROUP, &[0]);
    let events = end["events"].as_array().expect("a list");
    assert!(events.contains(&json!({ "task": grandchild, "killed": 9 })), "{end}");
    assert!(events.contains(&json!({ "task": 1, "exited": 0 })), "{end}");
}
