//! What other tools are given: well-formed, and the same as the metrics say.

use oscope_kernel::world::World;
use oscope_tui::export::{perfetto, strace};
use oscope_userland::scenario::open;
use oscope_userland::script::printer::Style;
use std::collections::BTreeMap;
use std::convert::Infallible;

fn ran(name: &str) -> World {
    let file = open(name).expect("a world");
    let mut world = file.boot().expect("it boots");
    world.run(file.until().expect("a time"));
    world
}

#[test]
fn lanes_do_not_overlap_and_add_up_to_what_the_cpus_were_busy() {
    for name in ["first", "priority-inversion", "servers"] {
        let world = ran(name);
        let mut text = String::new();
        let Ok(()) = perfetto::write(&world, |part| {
            text.push_str(part);
            Ok::<(), Infallible>(())
        });
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let ftrace = json["systemTraceEvents"].as_str().expect("text");
        assert!(ftrace.starts_with("# tracer: nop\n") && ftrace.contains(" sched_switch: "));
        let mut lanes: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        let mut ran = 0.0;
        for event in json["traceEvents"].as_array().expect("a list") {
            if event["ph"] == "X" && event["cat"] == "state" {
                let number = |key: &str| event[key].as_f64().expect("a number");
                let (from, length) = (number("ts"), number("dur"));
                lanes
                    .entry(event["tid"].as_u64().expect("a number"))
                    .or_default()
                    .push((from, from + length));
                ran += if event["name"] == "runs" { length } else { 0.0 };
            }
        }
        for (tid, mut slices) in lanes {
            slices.sort_by(|a, b| a.0.total_cmp(&b.0));
            for pair in slices.windows(2) {
                assert!(pair[0].1 <= pair[1].0 + 0.000_5, "{name}, thread {tid}: {pair:?}");
            }
        }
        let machines = world.machines().iter().map(|machine| machine.snapshot());
        let busy: u64 = machines.flat_map(|machine| machine.cpus).map(|cpu| cpu.busy.0).sum();
        let busy = busy as f64 / 1000.0;
        assert!((ran - busy).abs() < busy / 1000.0 + 1.0, "{name}: lanes {ran} us, CPUs {busy} us");
    }
}

#[test]
fn a_log_of_calls_is_read_again_by_our_own_parser_and_by_people() {
    let world = ran("threads-vs-processes");
    let mut text = String::new();
    let Ok(()) = strace::write(&world, Style::default(), |part| {
        text.push_str(part);
        Ok::<(), Infallible>(())
    });
    assert!(text.contains("+++ killed by SIGSEGV +++"));
    assert!(text.contains("[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = "));
    assert!(text.contains("--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---"));
}
