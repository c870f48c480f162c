//! A console with a line discipline, and job control on it.

use super::say;
use oscope_kernel::abi::flags::{PollEvents, WaitFlags};
use oscope_kernel::abi::types::{Termios, termios_local};
use oscope_kernel::abi::{Signal, nr};
use oscope_kernel::base::{DeviceId, Duration};
use oscope_tests::{boot, config, ms, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

const TCGETS: u64 = 0x5401;
const TCSETS: u64 = 0x5402;
const TIOCGPGRP: u64 = 0x540f;
const TIOCSPGRP: u64 = 0x5410;
const FIONREAD: u64 = 0x541b;

/// Runs a program for a second while somebody types; returns the screen.
fn typing(image: RustImage, typed: &[(u64, &[u8])]) -> String {
    let mut config = config(vec![image]);
    config.check_parks = true;
    let mut machine = boot(config);
    for (n, (time, bytes)) in typed.iter().enumerate() {
        machine.type_on(DeviceId(0), (*bytes).into(), ms(*time), n as u64);
    }
    run_for(&mut machine, Duration::seconds(1));
    shown(&machine)
}

#[test]
fn a_line_is_edited_echoed_and_read_whole() {
    let image = RustImage::new("main", |sys: Sys| async move {
        loop {
            let line = sys.read(0, 100).await.expect("a line");
            let text = String::from_utf8_lossy(&line).into_owned();
            say(&sys, format!("{text:?} at {} ms\n", sys.now().await.0 / 1_000_000)).await;
            if line.is_empty() {
                return 0;
            }
        }
    });
    let screen = typing(image, &[(3, b"helo\x7fl"), (5, b"o\n"), (7, b"rest\x04"), (9, b"\x04")]);
    assert_eq!(
        screen,
        "helo\x08 \x08lo\n\"hello\\n\" at 5 ms\nrest\"rest\" at 7 ms\n\"\" at 9 ms\n"
    );
}

#[test]
fn control_c_interrupts_the_foreground_and_control_z_stops_it() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let place = sys.scratch() + 8192;
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.sigaction(Signal::INT, sys.handler(0), 0).await;
            loop {
                let _ = sys.pause().await;
            }
        }
        // A shell: the job gets a group of its own and the terminal.
        let _ = sys.setpgid(child, child).await;
        sys.store32(place, child as u32).await;
        let set = sys.call(nr::IOCTL, [0, TIOCSPGRP, place, 0, 0, 0]).await;
        say(&sys, format!("{set:?} ")).await;
        let stop = sys.wait4(child as i64, WaitFlags::STOPPED).await.expect("news");
        say(&sys, format!(" {} ", stop.expect("a child").status)).await;
        let _ = sys.sigaction(Signal::TTOU, 1, 0).await;
        sys.store32(place, sys.getpid().await as u32).await;
        let _ = sys.call(nr::IOCTL, [0, TIOCSPGRP, place, 0, 0, 0]).await;
        let _ = sys.call(nr::IOCTL, [0, TIOCGPGRP, place, 0, 0, 0]).await;
        let own = u64::from(sys.load32(place).await) == sys.getpid().await;
        let _ = sys.kill(child, Signal::KILL).await;
        let _ = sys.kill(child, Signal::CONT).await;
        let end = sys.wait(child as i64).await.map(|(_, status)| status);
        say(&sys, format!("{own} {end:?}")).await;
        0
    })
    .function(|sys: Sys, signal| async move {
        say(&sys, format!("<{signal}>")).await;
        0
    });
    let screen = typing(image, &[(5, b"\x03"), (9, b"\x1a")]);
    assert_eq!(screen, "Ok(0) ^C<2>^Z WIFSTOPPED(s) && WSTOPSIG(s) == SIGTSTP true Ok(9)");
}

#[test]
fn a_background_reader_is_stopped_until_it_is_in_the_foreground() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let place = sys.scratch() + 8192;
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.setpgid(0, 0).await;
            let line = sys.read(0, 100).await;
            let line = line.map(|line| String::from_utf8_lossy(&line).into_owned());
            say(&sys, format!("{line:?}")).await;
            return 0;
        }
        let stop = sys.wait4(child as i64, WaitFlags::STOPPED).await.expect("news");
        say(&sys, format!("{} ", stop.expect("a child").status)).await;
        sys.store32(place, child as u32).await;
        let _ = sys.call(nr::IOCTL, [0, TIOCSPGRP, place, 0, 0, 0]).await;
        let _ = sys.kill(child, Signal::CONT).await;
        let _ = sys.wait(child as i64).await;
        0
    });
    let screen = typing(image, &[(9, b"mine\n")]);
    assert_eq!(screen, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGTTIN mine\nOk(\"mine\\n\")");
}

#[test]
fn without_canonical_mode_and_echo_each_byte_is_there_at_once() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let place = sys.scratch() + 8192;
        let _ = sys.call(nr::IOCTL, [0, TCGETS, place, 0, 0, 0]).await;
        let mut bytes = [0; Termios::SIZE];
        bytes.copy_from_slice(&sys.peek(place, Termios::SIZE).await);
        let mut modes = Termios::from_bytes(&bytes);
        modes.local &= !(termios_local::ICANON | termios_local::ECHO);
        sys.poke(place, &modes.to_bytes()).await;
        let _ = sys.call(nr::IOCTL, [0, TCSETS, place, 0, 0, 0]).await;
        let none = sys.poll(&[(0, PollEvents::IN)], Some(Duration::millis(2))).await;
        let some = sys.poll(&[(0, PollEvents::IN)], None).await;
        let _ = sys.call(nr::IOCTL, [0, FIONREAD, place, 0, 0, 0]).await;
        let waiting = sys.load32(place).await;
        let got = sys.read(0, 100).await;
        let at = sys.now().await.0 / 1_000_000;
        say(&sys, format!("{none:?} {some:?} {waiting} {got:?} at {at} ms")).await;
        0
    });
    let screen = typing(image, &[(5, b"xy")]);
    assert_eq!(screen, "Ok([PollEvents(0x0)]) Ok([PollEvents(IN)]) 2 Ok([120, 121]) at 5 ms");
}
