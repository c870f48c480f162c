//! Calls that wait, are interrupted, are restarted.

use oscope_kernel::abi::Errno;
use oscope_kernel::abi::signal::{ActionFlags, Signal};
use oscope_kernel::base::{DeviceId, Duration};
use oscope_tests::{boot, config, exits, ms, run, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

/// Says something on the console.
async fn say(sys: &Sys, text: String) {
    let _ = sys.write(1, text.as_bytes()).await;
}

/// A handler that counts how often it ran in a word of memory.
const COUNT: u64 = 0x1_4000 + 64;

async fn count(sys: Sys, signal: u64) -> u64 {
    let n = sys.load(COUNT).await;
    sys.store(COUNT, n + 100 + signal).await;
    0
}

#[test]
fn t04_a_futex_waiter_woken_without_a_change_of_value_returns() {
    const WORD: u64 = 0x1_4000;
    let main = RustImage::new("main", |sys: Sys| async move {
        let (_, done) = sys.spawn(0, 0).await.expect("a thread");
        let _ = sys.sleep(Duration::millis(5)).await;
        // The word is still 0, and stays so.
        let woken = sys.futex_wake(WORD, 1).await;
        sys.join(done).await;
        say(&sys, format!("woke {woken:?}, word {}", sys.load32(WORD).await)).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let result = sys.futex_wait(WORD, 0, None).await;
        say(&sys, format!("wait {result:?} at {}; ", sys.now().await)).await;
        0
    });
    let machine = run(vec![main]);
    let text = shown(&machine);
    assert!(text.starts_with("wait Ok(0) at 5."), "{text}");
    assert!(text.ends_with("woke Ok(1), word 0"), "{text}");
}

#[test]
fn t04_a_relative_timeout_interrupted_and_restarted_keeps_its_deadline() {
    // A child waits on a futex for 20 ms; it is stopped at 5 ms and continued at 12 ms.
    let main = RustImage::new("main", |sys: Sys| async move {
        match sys.fork().await {
            Ok(0) => {
                let begun = sys.now().await;
                let result = sys.futex_wait(0x1_4000, 0, Some(Duration::millis(20))).await;
                let took = sys.now().await.since(begun);
                say(&sys, format!("{result:?} after {took}")).await;
                0
            }
            Ok(child) => {
                let _ = sys.sleep(Duration::millis(5)).await;
                let _ = sys.kill(child, Signal::STOP).await;
                let _ = sys.sleep(Duration::millis(7)).await;
                let _ = sys.kill(child, Signal::CONT).await;
                let _ = sys.wait(child as i64).await;
                0
            }
            Err(_) => 1,
        }
    });
    let text = shown(&run(vec![main]));
    assert!(text.starts_with("Err(ETIMEDOUT) after 20.0"), "{text}");
}

/// Sleeps 20 ms in a child that is signalled at 5 ms; tells how the sleep ended, and when.
fn sleeper(flags: ActionFlags) -> RustImage {
    RustImage::new("main", move |sys: Sys| async move {
        match sys.fork().await {
            Ok(0) => {
                let handler = sys.handler(0);
                sys.sigaction(Signal::USR1, handler, flags.bits()).await.expect("an action");
                let begun = sys.now().await;
                let slept = sys.sleep(Duration::millis(20)).await;
                let took = sys.now().await.since(begun);
                let handled = sys.load(COUNT).await;
                say(&sys, format!("{slept:?} after {took}, handler saw {handled}")).await;
                0
            }
            Ok(child) => {
                let _ = sys.sleep(Duration::millis(5)).await;
                let _ = sys.kill(child, Signal::USR1).await;
                let _ = sys.wait(child as i64).await;
                0
            }
            Err(_) => 1,
        }
    })
    .function(count)
}

#[test]
fn t05_a_handler_runs_during_nanosleep_which_returns_eintr() {
    let text = shown(&run(vec![sleeper(ActionFlags::empty())]));
    assert!(text.starts_with("Err(Duration(14999"), "what was left is told: {text}");
    assert!(text.contains("after 5."), "{text}");
    assert!(text.ends_with("handler saw 110"), "{text}");
    // signal(7): nanosleep is never restarted after a handler, SA_RESTART or not.
    let restarted = shown(&run(vec![sleeper(ActionFlags::RESTART)]));
    assert!(restarted.starts_with("Err(Duration(14999"), "{restarted}");
}

#[test]
fn t05_a_call_that_linux_restarts_goes_on_under_sa_restart() {
    // A read from the console; a signal at 5 ms; a key at 9 ms.
    let reader = |flags: ActionFlags| {
        let main = RustImage::new("main", move |sys: Sys| async move {
            match sys.fork().await {
                Ok(0) => {
                    let handler = sys.handler(0);
                    sys.sigaction(Signal::USR1, handler, flags.bits()).await.expect("an action");
                    let got = sys.read(0, 16).await;
                    let got = got.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                    let at = sys.now().await.0 / 1_000_000;
                    say(&sys, format!("{got:?} at {at} ms, {}", sys.load(COUNT).await)).await;
                    0
                }
                Ok(child) => {
                    let _ = sys.sleep(Duration::millis(5)).await;
                    let _ = sys.kill(child, Signal::USR1).await;
                    let _ = sys.wait(child as i64).await;
                    0
                }
                Err(_) => 1,
            }
        })
        .function(count);
        let mut machine = boot(config(vec![main]));
        machine.type_on(DeviceId(0), b"key\n".as_slice().into(), ms(9), 0);
        run_for(&mut machine, Duration::seconds(1));
        shown(&machine)
    };
    // The screen shows what is typed, too.
    assert_eq!(reader(ActionFlags::RESTART), "key\nOk(\"key\\n\") at 9 ms, 110");
    assert_eq!(reader(ActionFlags::empty()), "Err(EINTR) at 5 ms, 110key\n");
}

#[test]
fn t05_a_sleep_that_is_stopped_and_continued_ends_when_it_would_have() {
    let main = RustImage::new("main", |sys: Sys| async move {
        match sys.fork().await {
            Ok(0) => {
                let slept = sys.sleep(Duration::millis(20)).await;
                say(&sys, format!("{slept:?} at {} ms", sys.now().await.0 / 1_000_000)).await;
                0
            }
            Ok(child) => {
                let _ = sys.sleep(Duration::millis(5)).await;
                let _ = sys.kill(child, Signal::STOP).await;
                let _ = sys.sleep(Duration::millis(3)).await;
                let _ = sys.kill(child, Signal::CONT).await;
                let _ = sys.wait(child as i64).await;
                0
            }
            Err(_) => 1,
        }
    });
    assert_eq!(shown(&run(vec![main])), "Ok(()) at 20 ms");
}

#[test]
fn t15_a_wild_pointer_is_efault_in_a_call_and_sigsegv_outside() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let wild = [1u64, 0xdead_beef, 1 << 38, 1 << 63, u64::MAX - 3];
        for address in wild {
            for call in [63, 64, 101, 221, 134, 98, 260, 56] {
                let arguments = match call {
                    63 | 64 => [1, address, 10, 0, 0, 0],
                    134 => [10, address, 0, 8, 0, 0],
                    56 => [u64::MAX - 99, address, 0, 0, 0, 0],
                    _ => [address, address, 8, address, 0, 0],
                };
                let result = sys.call(call, arguments).await;
                let fine = matches!(
                    result,
                    Err(Errno::EFAULT | Errno::EINVAL | Errno::ECHILD | Errno::ENOSYS)
                );
                if !fine {
                    say(&sys, format!("call {call} of {address:#x}: {result:?}; ")).await;
                }
            }
        }
        say(&sys, "still here".to_owned()).await;
        sys.load(0xdead_beef).await
    });
    let machine = run(vec![main]);
    assert_eq!(shown(&machine), "still here");
    assert_eq!(exits(&machine), [u32::from(Signal::SEGV.number())]);
}

#[test]
fn the_table_of_calls_says_what_the_kernel_does() {
    use oscope_kernel::abi::call::all;
    use oscope_kernel::abi::nr;
    // Every call with words that mean nothing: what is absent, and only that, is ENOSYS.
    let main = RustImage::new("main", |sys: Sys| async move {
        let ends = [nr::EXIT, nr::EXIT_GROUP, nr::RT_SIGRETURN];
        for call in all().filter(|call| !ends.contains(&call.number)) {
            let nonsense = [u64::MAX - 7; 6];
            let absent = sys.call(call.number, nonsense).await == Err(Errno::ENOSYS);
            // futex(2) answers so for an operation that it does not know.
            if absent == call.is_present() && call.number != nr::FUTEX {
                say(&sys, format!("{} ", call.name)).await;
            }
        }
        0
    });
    assert_eq!(shown(&run(vec![main])), "");
}

#[test]
fn a_handler_does_not_disturb_the_call_that_it_interrupts() {
    // Both the sleep and the handler pass things by pointer.
    let main = RustImage::new("main", |sys: Sys| async move {
        match sys.fork().await {
            Ok(0) => {
                sys.sigaction(Signal::USR1, sys.handler(0), 0).await.expect("an action");
                let slept = sys.sleep(Duration::millis(20)).await;
                say(&sys, format!("{slept:?}")).await;
                0
            }
            Ok(child) => {
                let _ = sys.sleep(Duration::millis(5)).await;
                let _ = sys.kill(child, Signal::USR1).await;
                let _ = sys.wait(child as i64).await;
                0
            }
            Err(_) => 1,
        }
    })
    .function(|sys: Sys, _| async move {
        let _ = sys.open("/a/long/enough/name/to/overwrite", 0, 0).await;
        0
    });
    let text = shown(&run(vec![main]));
    assert!(text.starts_with("Err(Duration(14999"), "{text}");
}

#[test]
fn a_misaligned_atomic_is_sigbus() {
    let main = RustImage::new("main", |sys: Sys| async move {
        sys.store(0x1_4000, 1).await;
        sys.fetch_add(0x1_4001, 1).await
    });
    assert_eq!(exits(&run(vec![main])), [u32::from(Signal::BUS.number())]);
}
