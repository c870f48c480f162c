//! Signals: handlers, masks, and calls that they interrupt.

use crate::client::{ARENA, Client, int, nr, number, words};
use serde_json::{Value, json};

const AT: i64 = ARENA as i64;
const USR1: i64 = 10;
const SA_RESTART: u64 = 0x1000_0000;

fn handle(client: &mut Client, task: u64, signal: i64, flags: u64) {
    let action = words(&[0x1000, flags, 0]);
    assert_eq!(client.call_with(task, nr::RT_SIGACTION, &[signal, AT, 0, 8], &action), 0);
}

/// A word of the siginfo_t that an event shows.
fn info(event: &Value, place: usize) -> i64 {
    let text = event["info"].as_str().expect("an event of a signal");
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("digits");
    int(&[byte(place), byte(place + 1), byte(place + 2), byte(place + 3)], 0)
}

#[test]
fn the_old_action_is_the_one_that_was_set() {
    let Some(mut client) = Client::new() else { return };
    handle(&mut client, 1, USR1, SA_RESTART);
    let (result, old) = client.call_and_read(1, nr::RT_SIGACTION, &[USR1, 0, AT, 8], 24);
    assert_eq!((result, old), (0, words(&[0x1000, SA_RESTART, 0])));
    let (_, default) = client.call_and_read(1, nr::RT_SIGACTION, &[13, 0, AT, 8], 24);
    assert_eq!(default, words(&[0, 0, 0]));
    // SIGKILL cannot be handled, and the set has eight bytes.
    assert_eq!(client.call_with(1, nr::RT_SIGACTION, &[9, AT, 0, 8], &words(&[1, 0, 0])), -22);
    assert_eq!(client.call(1, nr::RT_SIGACTION, &[USR1, 0, AT, 7]), -22, "EINVAL");
}

#[test]
fn a_handler_is_told_who_sent() {
    let Some(mut client) = Client::new() else { return };
    let pid = client.call(1, nr::GETPID, &[]);
    let (child, child_pid) = client.fork(1);
    handle(&mut client, 1, USR1, 0);
    let answer = client.play(child, nr::KILL, &[pid, USR1]);
    let event = &answer["events"][0];
    assert_eq!((&event["task"], &event["handler"]), (&json!(1), &json!(0x1000)));
    assert_eq!((info(event, 0), info(event, 8), info(event, 16)), (USR1, 0, child_pid));
}

#[test]
fn a_signal_cuts_a_sleep_short_and_the_rest_is_told() {
    let Some(mut client) = Client::new() else { return };
    let (child, pid) = client.fork(1);
    handle(&mut client, child, USR1, SA_RESTART);
    let request = json!({
        "task": child, "number": nr::NANOSLEEP, "arguments": [ARENA, ARENA + 16],
        "memory": [[ARENA, "1e000000000000000000000000000000"]], "read": [[ARENA + 16, 8]],
    });
    assert_eq!(client.ask(&request)["blocked"], true);
    let answer = client.play(1, nr::KILL, &[pid, USR1]);
    let events = answer["events"].as_array().expect("a list");
    // SA_RESTART or not: EINTR, and less than 30 seconds are left. The handler ran first.
    assert_eq!((&events[0]["signal"], &events[1]["result"]), (&json!(USR1), &json!(-4)));
    let left =
        events[1]["memory"][0][1].as_str().and_then(|hex| u8::from_str_radix(&hex[..2], 16).ok());
    assert!(left.is_some_and(|seconds| seconds < 30), "{left:?}");
}

#[test]
fn a_read_starts_again_if_the_action_says_so() {
    let Some(mut client) = Client::new() else { return };
    client.call(1, nr::PIPE2, &[AT, 0]);
    let (child, pid) = client.fork(1);
    for (flags, goes_on) in [(SA_RESTART, true), (0, false)] {
        handle(&mut client, child, USR1, flags);
        assert_eq!(client.play(child, nr::READ, &[3, AT, 1])["blocked"], true);
        let answer = client.play(1, nr::KILL, &[pid, USR1]);
        assert_eq!(answer["events"][0]["signal"], USR1);
        assert_eq!(answer["events"][1].is_null(), goes_on, "{answer}");
        if goes_on {
            assert_eq!(client.call(1, nr::WRITE, &[4, AT, 1]), 1);
        } else {
            assert_eq!(answer["events"][1]["result"], -4, "EINTR");
        }
    }
}

#[test]
fn a_blocked_signal_waits_and_can_be_fetched() {
    let Some(mut client) = Client::new() else { return };
    let pid = client.call(1, nr::GETPID, &[]);
    let set = words(&[1 << (USR1 - 1)]);
    assert_eq!(client.call_with(1, nr::RT_SIGPROCMASK, &[0, AT, 0, 8], &set), 0);
    assert_eq!(client.call(1, nr::KILL, &[pid, USR1]), 0);
    assert_eq!(client.call_and_read(1, nr::RT_SIGPENDING, &[AT, 8], 8), (0, set.clone()));
    // The mask is a new process' own, and pending signals are not inherited.
    let (child, _) = client.fork(1);
    assert_eq!(client.call_and_read(child, nr::RT_SIGPENDING, &[AT, 8], 8), (0, words(&[0])));
    let (_, mask) = client.call_and_read(child, nr::RT_SIGPROCMASK, &[0, 0, AT, 8], 8);
    assert_eq!(mask, set);
    let fetched = client.call_with(1, nr::RT_SIGTIMEDWAIT, &[AT, 0, 0, 8], &set);
    assert_eq!(fetched, USR1);
    assert_eq!(client.call_and_read(1, nr::RT_SIGPENDING, &[AT, 8], 8), (0, words(&[0])));
}

#[test]
fn a_handler_that_stays_makes_calls_of_its_own() {
    let Some(mut client) = Client::with(&json!({ "handlers": "stay" })) else { return };
    client.call(1, nr::PIPE2, &[AT, 0]);
    let (child, pid) = client.fork(1);
    handle(&mut client, child, USR1, 0);
    assert_eq!(client.play(child, nr::READ, &[3, AT, 1])["blocked"], true);
    let answer = client.play(1, nr::KILL, &[pid, USR1]);
    assert_eq!(answer["events"].as_array().map(Vec::len), Some(1), "{answer}");
    // In the handler, its signal is blocked.
    let (_, mask) = client.call_and_read(child, nr::RT_SIGPROCMASK, &[0, 0, AT, 8], 8);
    assert_eq!(mask, words(&[1 << (USR1 - 1)]));
    let back = client.play(child, nr::RT_SIGRETURN, &[]);
    // The read that was interrupted comes back last, so it is the answer.
    assert_eq!(number(&back["result"]), -4, "{back}");
    assert_eq!(client.call(child, nr::GETPID, &[]), pid);
}

#[test]
fn an_access_that_faults_is_left_behind_by_its_handler() {
    let Some(mut client) = Client::new() else { return };
    handle(&mut client, 1, 11, 0);
    let answer = client.ask(&json!({ "task": 1, "load": 0x10 }));
    assert_eq!(answer["result"], -14);
    let event = &answer["events"][0];
    // SEGV_MAPERR at 0x10.
    assert_eq!((info(event, 0), info(event, 8), info(event, 16)), (11, 1, 0x10));
}
