//! Power cuts: our replay, e2fsck's, and what was synced.

use oscope_kernel::base::{DeviceId, MachineId};
use oscope_kernel::fs::ext2::check;
use oscope_tests::host_tools::{check as host_check, folder, load, save, tool};
use oscope_userland::scenario::{BUILTIN, WorldFile};
use oscope_userland::workbench::crash::{Recording, judge, record};
use std::fs;

fn recording(deeds: u32, seed: u32) -> Recording {
    let builtin = BUILTIN.iter().find(|builtin| builtin.name == "disk").expect("it is there");
    let text = builtin.text.replace("clerk /mnt 1 60", &format!("clerk /mnt {seed} {deeds}"));
    let file = WorldFile::parse("disk", &text).expect("a world");
    let mut world = file.boot().expect("it boots");
    let until = file.until().expect("a time");
    record(&mut world, (MachineId(0), DeviceId(1)), until).expect("it runs")
}

#[test]
fn after_a_power_cut_at_every_write_all_fits_together_and_nothing_synced_is_lost() {
    for seed in 0..4 {
        let recording = recording(60, seed);
        assert!(recording.writes() > 100, "{}", recording.writes());
        let (mut points, mut replayed) = (0, 0);
        recording.points(|point, disk| {
            let verdict = judge(point, disk);
            assert_eq!(verdict.problems, [""; 0], "seed {seed}, {point:?}");
            points += 1;
            replayed += verdict.replayed;
        });
        assert!(points > 400 && replayed > 100, "{points} points, {replayed} transactions");
    }
}

#[test]
fn e2fsck_replays_the_journal_to_the_same_tree() {
    let place = folder("ext2-crash");
    let image = place.join("image.img");
    let name = image.to_str().expect("a name");
    let mut n = 0;
    recording(40, 7).points(|point, disk| {
        n += 1;
        // A sample: the host's tools take their time.
        if n % 17 != 0 {
            return;
        }
        let mut ours = disk.clone();
        check::recover(&mut ours).expect("it recovers");
        host_check(&ours, &place);
        save(disk, &image);
        let Some(said) = tool("e2fsck", &["-E", "journal_only", "-y", name]) else { return };
        assert!(said.status.code().is_some_and(|code| code < 4), "{point:?}: {said:?}");
        host_check_after_orphans(name, point.writes);
        let trees = [&ours, &load(&image)].map(|disk| check::check(disk).expect("it mounts"));
        assert_eq!(trees[0].problems, [""; 0], "{point:?}");
        assert!(trees[0].tree == trees[1].tree, "{point:?}");
    });
    let _ = fs::remove_dir_all(&place);
}

/// Nothing is wrong after e2fsck's own replay but inodes that were open without a name, which a mount would free.
fn host_check_after_orphans(image: &str, writes: usize) {
    let Some(said) = tool("e2fsck", &["-fp", image]) else { return };
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.code().is_some_and(|code| code < 2), "after write {writes}: {text}");
    let Some(said) = tool("e2fsck", &["-fn", image]) else { return };
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "after write {writes}: {text}");
}
