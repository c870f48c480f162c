//! execve(2): what is kept, what is lost, and what can be run.

use super::say;
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::flags::OpenFlags;
use oscope_kernel::abi::signal::{SIG_DFL, SIG_IGN};
use oscope_kernel::base::Duration;
use oscope_tests::{boot, config, disk, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

/// Says its arguments, its environment, its number, and what it finds of descriptors and signal actions.
fn args() -> RustImage {
    RustImage::new("args", |sys: Sys| async move {
        let arguments = sys.arguments().await;
        let environment = sys.environment().await;
        let open = [sys.dup(3).await.is_ok(), sys.dup(4).await.is_ok()];
        let mut actions = Vec::new();
        for signal in [Signal::USR1, Signal::USR2] {
            actions.push(match sys.action(signal).await.map(|action| action.handler) {
                Ok(SIG_DFL) => "default",
                Ok(SIG_IGN) => "ignored",
                _ => "handled",
            });
        }
        say(&sys, format!("{arguments:?} {environment:?} {open:?} {actions:?}")).await;
        0
    })
}

fn ran(main: RustImage, files: &[(&str, &[u8])]) -> String {
    let mut config = config(vec![main, args()]);
    config.check_parks = true;
    config.disk = Some(disk(files, &["args"]));
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    shown(&machine)
}

#[test]
fn arguments_and_environment_arrive_and_handlers_do_not() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.pipe2(OpenFlags::CLOEXEC.bits()).await;
        let _ = sys.dup3(1, 4, 0).await;
        let _ = sys.sigaction(Signal::USR1, sys.handler(0), 0).await;
        let _ = sys.sigaction(Signal::USR2, SIG_IGN, 0).await;
        let errno = sys.execve_with("/bin/args", &["a", "b c"], &["HOME=/", "X="]).await;
        say(&sys, format!("{errno:?}")).await;
        1
    })
    .function(|_: Sys, _| async move { 0 });
    assert_eq!(
        ran(main, &[]),
        "[\"a\", \"b c\"] [\"HOME=/\", \"X=\"] [false, true] [\"default\", \"ignored\"]"
    );
}

#[test]
fn a_script_is_run_by_the_interpreter_that_its_first_line_names() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let errno = sys.execve("/second", &["zero", "last"]).await;
        say(&sys, format!("{errno:?}")).await;
        1
    });
    let files: [(&str, &[u8]); 2] =
        [("/first", b"#! /bin/args one two \nrest"), ("/second", b"#!/first\n")];
    assert_eq!(
        ran(main, &files),
        "[\"/bin/args\", \"one two\", \"/first\", \"/second\", \"last\"] [] [false, false] \
         [\"default\", \"default\"]"
    );
}

#[test]
fn what_cannot_be_run_is_refused_and_the_caller_goes_on() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let mut told = Vec::new();
        for path in ["/none", "/text", "/loop", "/bin", "/bin/args/x"] {
            told.push(sys.execve(path, &["x"]).await);
        }
        say(&sys, format!("{told:?}")).await;
        0
    });
    let files: [(&str, &[u8]); 2] = [("/text", b"hello"), ("/loop", b"#!/loop\n")];
    assert_eq!(ran(main, &files), "[ENOENT, ENOEXEC, ELOOP, EACCES, ENOTDIR]");
}

#[test]
fn a_thread_that_calls_execve_becomes_its_process() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.spawn(0, 0).await;
        let _ = sys.sleep(Duration::millis(100)).await;
        say(&sys, "the first thread is gone".to_owned()).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let (pid, tid) = (sys.getpid().await, sys.gettid().await);
        say(&sys, format!("{} ", pid == tid)).await;
        sys.execve("/bin/ids", &["ids"]).await;
        1
    });
    let ids = RustImage::new("ids", |sys: Sys| async move {
        let (pid, tid) = (sys.getpid().await, sys.gettid().await);
        say(&sys, format!("{} {pid}", pid == tid)).await;
        0
    });
    let mut config = config(vec![main, ids]);
    config.check_parks = true;
    config.disk = Some(disk(&[], &["ids"]));
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    assert_eq!(shown(&machine), "false true 1");
}
