//! A hundred thousand tasks. Alone in its process, because it looks at the host's memory.

use oscope_kernel::base::Duration;
use oscope_kernel::machine::Why;
use oscope_tests::{boot, config, exits, resident, run_for};
use oscope_userland::sys::{RustImage, Sys};

#[test]
fn t16_a_hundred_thousand_tasks_leave_nothing_behind() {
    async fn generation(sys: Sys, left: u64) -> u64 {
        for _ in 0..500 {
            match sys.fork().await {
                Ok(0) => return 0,
                Ok(_) => {}
                Err(_) => return 1,
            }
        }
        for _ in 0..500 {
            let _ = sys.wait(-1).await;
        }
        if left == 0 { 0 } else { sys.rebase(left - 1, generation).await }
    }
    let main = RustImage::new("main", |sys: Sys| generation(sys, 199));
    let mut config = config(vec![main]);
    config.frames = 1 << 16;
    config.log_keep = 100_000;
    let mut machine = boot(config);
    let before = machine.snapshot();
    let mut peak = Vec::new();
    while exits(&machine).last() != Some(&0) || !machine.snapshot().tasks.is_empty() {
        let why = run_for(&mut machine, Duration::seconds(1));
        assert_eq!(why, Why::Time);
        peak.push(resident());
    }
    let after = machine.snapshot();
    assert!(machine.calls() > 200_000);
    // The one process that was there at the start has ended too: its frames are free as well.
    assert!(
        after.free_frames >= before.free_frames,
        "{} and {}",
        before.free_frames,
        after.free_frames
    );
    assert_eq!(machine.tables().mm.spaces(), 0);
    assert!(machine.tables().proc.open.is_empty());
    assert!(machine.tables().proc.waits.is_empty());
    if let (Some(early), Some(late)) = (peak.get(peak.len() / 4), peak.last()) {
        assert!(*late <= early + 8 * 1024, "the host's memory grew from {early} to {late} KiB");
    }
}
