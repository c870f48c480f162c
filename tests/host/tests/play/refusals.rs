//! What the runner does not do, and that it goes on afterwards.

use crate::client::{ARENA, Client, nr};
use serde_json::json;

#[test]
fn what_would_take_the_runner_away_is_refused() {
    let Some(mut client) = Client::new() else { return };
    let refused = |client: &mut Client, number, arguments: &[i64]| {
        let answer = client.play(1, number, arguments);
        answer["refused"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{answer}"))
    };
    assert!(refused(&mut client, nr::EXECVE, &[0, 0, 0]).contains("replaced"));
    // mount(2), reboot(2), bpf(2), and a number that is nobody's.
    for number in [40, 142, 280, 4000] {
        assert!(refused(&mut client, number, &[]).contains("not on the list"));
    }
    // clone(2) with CLONE_NEWUSER.
    assert!(refused(&mut client, nr::CLONE, &[0x1000_0011]).contains("namespaces"));
    // prlimit64(2) of process 1 with a new limit.
    assert!(refused(&mut client, 261, &[1, 7, ARENA as i64, 0]).contains("process 1"));
    assert!(client.call(1, nr::GETPID, &[]) > 1);
}

#[test]
fn the_runners_memory_is_kept() {
    let Some(mut client) = Client::new() else { return };
    // A stack lies near the end of the lower half; all of it at once is everything.
    let answer = client.play(1, nr::MUNMAP, &[0x1000, 0x7fff_ffff_0000]);
    assert!(answer["refused"].as_str().is_some_and(|why| why.contains("memory")), "{answer}");
    // The script's own may go.
    assert_eq!(client.call(1, nr::MUNMAP, &[ARENA as i64, 4096]), 0);
    assert_eq!(client.call(1, nr::WRITE, &[1, ARENA as i64, 1]), 1, "/dev/null looks at nothing");
}

#[test]
fn requests_that_make_no_sense_are_answered() {
    let Some(mut client) = Client::new() else { return };
    let wrong = [
        "{",
        "[]",
        r#"{"task":1}"#,
        r#"{"task":9,"number":172}"#,
        r#"{"task":0,"number":172}"#,
        r#"{"task":18446744073709551615,"number":172}"#,
        r#"{"wait":9}"#,
        r#"{"task":1,"number":139}"#,
        r#"{"task":1,"number":63,"memory":[[0,"00"]]}"#,
        r#"{"begin":{"directory":"/nowhere"}}"#,
    ];
    for line in wrong {
        let answer = client.send(line);
        assert!(answer["error"].is_string(), "{line}: {answer}");
    }
    // The last one has ended the tree.
    assert!(client.play(1, nr::GETPID, &[])["error"].is_string());
    assert_eq!(client.ask(&json!({ "begin": {} }))["task"], 1);
    assert!(client.call(1, nr::GETPID, &[]) > 1);
}

#[test]
fn the_tree_is_alone() {
    let Some(mut client) = Client::new() else { return };
    let namespaces = client.greeting["namespaces"].clone();
    let has = |name: &str| namespaces.as_array().is_some_and(|all| all.contains(&json!(name)));
    assert!(has("pid") && has("mount"), "{namespaces}");
    // No file of this machine is there.
    let path = client.call_with(1, nr::OPENAT, &[-100, ARENA as i64, 0, 0], b"/etc/passwd\0");
    assert_eq!(path, -2, "ENOENT");
    // kill(-1, SIGKILL) finds nobody, and the runner is not hurt.
    assert_eq!(client.call(1, nr::KILL, &[-1, 9]), -3, "ESRCH");
    assert_eq!(client.call(1, nr::KILL, &[1, 9]), 0);
    assert!(client.call(1, nr::GETPID, &[]) > 1);
}
