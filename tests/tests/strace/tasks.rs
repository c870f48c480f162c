//! Threads and processes: beginning, ending, becoming another program.

use super::printed;
use oscope_kernel::base::Duration;
use oscope_tests::{boot, config, disk, run_for};
use oscope_userland::script::printer::Style;
use oscope_userland::sys::{RustImage, Sys};

async fn becomes_another(sys: Sys, _: u64) -> u64 {
    let _ = sys.execve("/bin/other", &["other"]).await;
    1
}

async fn sleeps(sys: Sys, _: u64) -> u64 {
    let _ = sys.sleep(Duration::millis(50)).await;
    0
}

#[test]
fn a_thread_that_execs_takes_the_place_of_all() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.spawn(0, 0).await;
        let _ = sys.spawn(1, 0).await;
        let _ = sys.pause().await;
        0
    });
    let image = image.function(sleeps).function(becomes_another);
    let other = RustImage::new("other", |sys: Sys| async move { sys.getpid().await - 1 });
    let mut config = config(vec![image, other]);
    config.disk = Some(disk(&[], &["other"]));
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    let text = printed(&machine, Style::default());
    let expected = include_str!("superseded.strace");
    assert!(text == expected, "expected:\n{expected}\nprinted:\n{text}");
}
