//! Every built-in world: it boots, runs to its end, and does so the same way every time.

use oscope_kernel::event::codec::json_lines;
use oscope_userland::scenario::{BUILTIN, open};

fn log_of(name: &str, threads: usize) -> String {
    let file = open(name).expect("a built-in world");
    let mut world = file.boot().expect("it boots");
    let until = file.until().expect("it has an end");
    world.run_on(threads, until);
    world.logs().into_iter().map(json_lines).collect()
}

#[test]
fn the_same_world_gives_the_same_bytes_every_time() {
    for builtin in BUILTIN {
        let first = log_of(builtin.name, 1);
        assert!(first.lines().count() > 20, "{}: hardly anything happened", builtin.name);
        assert_eq!(first, log_of(builtin.name, 1), "{}", builtin.name);
        assert_eq!(first, log_of(builtin.name, 2), "{} on two host threads", builtin.name);
    }
}
