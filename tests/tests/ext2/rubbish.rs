//! Damaged disks: an error or a refusal, and never a panic, a hang or more memory than the disk has.

use oscope_kernel::abi::types::Timespec;
use oscope_kernel::base::Rng;
use oscope_kernel::fs::ext2::{Making, block_size, check};
use oscope_kernel::fs::{Ext2, FileSystem, FsStop, Kind, New, OnMedium, Txn};
use oscope_kernel::hw::disk::Medium;

/// Does what can be done with a file system; what fails may fail.
fn use_it(medium: &Medium) -> Result<(), FsStop> {
    let size = block_size(&OnMedium { medium, size: 4096 })?;
    let blocks = OnMedium { medium, size };
    let mut fs = Ext2::mount(&blocks, medium.blocks() * (4096 / size) as u64, true)?;
    let mut txn = Txn::new(&blocks, Timespec::default());
    let root = fs.root();
    let mut names = vec![(root, String::new())];
    let mut n = 0;
    while let Some((directory, _)) = names.pop() {
        n += 1;
        for entry in fs.list(&mut txn, directory, 0, 100).unwrap_or_default() {
            if n < 30 && entry.kind == Kind::Directory {
                names.push((entry.inode, entry.name.to_string()));
            }
            let _ = fs.lookup(&mut txn, directory, &entry.name);
            let _ = fs.attributes(&mut txn, entry.inode);
            let _ = fs.target(&mut txn, entry.inode);
            let _ = fs.next_data(&mut txn, entry.inode, (0, fs.largest()));
            let _ = fs.blocks_of(&mut txn, entry.inode, 3);
            let _ = fs.allocate(&mut txn, entry.inode, 300, (0, 4096));
            let _ = fs.resize(&mut txn, entry.inode, 1000);
        }
    }
    for name in ["file", "dir", "link"] {
        let kind = [Kind::Regular, Kind::Directory, Kind::Symlink][name.len() % 3];
        let new = New { target: "somewhere", ..New::of_root(kind, 0o644) };
        let _ = fs.create(&mut txn, root, name, &new);
        let _ = fs.rename(&mut txn, (root, "a"), (root, name), false);
        if let Ok(gone) = fs.remove(&mut txn, root, "b") {
            let _ = fs.forget(&mut txn, gone);
        }
    }
    let _ = fs.usage(&mut txn);
    Ok(())
}

#[test]
fn a_damaged_disk_is_refused_or_gives_errors() {
    let mut rng = Rng::new(5);
    let text = vec![7; 50_000];
    let files: &[(&str, &[u8])] = &[("/a/b/c", &text), ("/b", &text), ("/d", b"short")];
    let (mut refused, mut used) = (0, 0);
    for round in 0..600 {
        let block_size = [1024, 2048, 4096][round % 3];
        let journal = if round % 2 == 0 { 256 } else { 0 };
        let mut medium = Medium::new(1024);
        let making = Making { block_size, journal, ..Making::default() };
        making.make(&mut medium, files).expect("it fits");
        let written: Vec<u64> = (0..1024).filter(|n| medium.block(*n).is_some()).collect();
        for _ in 0..=rng.below(40) {
            // Half of the damage goes where all figures are.
            let page = if rng.below(2) == 0 {
                0
            } else {
                written[rng.below(written.len() as u64) as usize]
            };
            let at = page * 4096 + if page == 0 { 1024 + rng.below(2048) } else { rng.below(4096) };
            let byte = [0, 0xff, rng.below(256) as u8][rng.below(3) as usize];
            medium.write(at, &[byte]);
        }
        if round % 5 == 0 {
            let mut short = Medium::new(rng.below(1024));
            for n in 0..short.blocks() {
                if let Some(page) = medium.block(n) {
                    short.set_block(n, page);
                }
            }
            medium = short;
        }
        match use_it(&medium) {
            Ok(()) => used += 1,
            Err(_) => refused += 1,
        }
        let _ = check::check(&medium);
        let _ = check::recover(&mut medium);
    }
    assert!(refused > 50 && used > 50, "{refused} refused, {used} used");
}
