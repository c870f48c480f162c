//! /proc, read as programs read it: through `sh` and the small tools.

use oscope_tests::shell;

fn told(command: &str) -> String {
    let run = shell::run(command, "");
    assert_eq!(run.status, Some(0), "{command}: {}", run.output);
    run.output.replace('\r', "")
}

/// The words before the colon of each line.
fn keys(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| Some(line.split_once(':')?.0.trim())).collect()
}

#[test]
fn stat_has_the_fields_that_programs_count() {
    let line = told("cat /proc/self/stat");
    let (head, rest) = line.trim_end().rsplit_once(") ").expect("a name in brackets");
    assert!(head.ends_with("(cat"), "{line}");
    assert_eq!(rest.split(' ').count(), 50, "52 in all (proc_pid_stat(5)): {line}");
    assert!(rest.starts_with("R "), "whoever reads runs: {line}");
    assert_eq!(told("cat /proc/self/statm").split_whitespace().count(), 7);
}

#[test]
fn status_has_linux_names_in_linux_order() {
    // proc_pid_status(5); what Linux has on x86 alone is not here.
    let expected = "Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups NStgid NSpid NSpgid \
        NSsid Kthread VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem VmData VmStk VmExe \
        VmLib VmPTE VmSwap HugetlbPages CoreDumping THP_enabled Threads SigQ SigPnd ShdPnd SigBlk SigIgn \
        SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters Cpus_allowed \
        Cpus_allowed_list Mems_allowed Mems_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches";
    let text = told("cat /proc/self/status");
    assert_eq!(keys(&text), expected.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn links_lead_where_the_process_is() {
    assert_eq!(told("cd /tmp; readlink /proc/self/cwd"), "/tmp\n");
    assert_eq!(told("readlink /proc/self/exe /proc/self/root"), "/bin/readlink\n/\n");
    let pipe = told("readlink /proc/self/fd/1 | cat");
    assert!(pipe.starts_with("pipe:["), "{pipe}");
    let gone = told("exec 5>/tmp/x; rm /tmp/x; readlink /proc/self/fd/5");
    assert_eq!(gone, "/tmp/x (deleted)\n");
    assert_eq!(told("echo abc >/tmp/x; cat /proc/self/fd/0 </tmp/x"), "abc\n");
}

#[test]
fn what_can_be_set_is_set() {
    assert_eq!(
        told("echo box2 >/proc/sys/kernel/hostname; cat /proc/sys/kernel/hostname"),
        "box2\n"
    );
    let overcommit = "/proc/sys/vm/overcommit_memory";
    assert_eq!(told(&format!("echo 1 >{overcommit}; cat {overcommit}")), "1\n");
    assert_eq!(told("echo 7 >/proc/$$/oom_score_adj; cat /proc/self/oom_score_adj"), "7\n");
}

#[test]
fn areas_are_lines_and_their_pages_add_up() {
    let maps = told("cat /proc/self/maps");
    assert!(
        maps.lines().any(|line| line.ends_with(" /bin/cat") && line.contains("r-xp")),
        "{maps}"
    );
    let stack = maps.lines().find(|line| line.ends_with("[stack]")).expect("a stack");
    assert_eq!(stack.find("[stack]"), Some(73), "names begin in one column");
    let smaps = told("cat /proc/self/smaps");
    let figure = |line: &str| line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    let sum = |name: &str| -> u64 {
        smaps.lines().filter(|line| line.starts_with(name)).filter_map(figure).sum()
    };
    assert!(sum("Rss:") > 0);
    let parts = ["Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:"];
    assert_eq!(sum("Rss:"), parts.into_iter().map(sum).sum::<u64>());
}
