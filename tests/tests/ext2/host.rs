//! File systems that mke2fs makes, in a running machine: read, written, and looked at again by the host's tools.

use oscope_kernel::abi::flags::file::AtFlags;
use oscope_kernel::base::{Duration, Rng};
use oscope_kernel::hw::disk::Medium;
use oscope_tests::host_tools::{check, folder, load, save, tool};
use oscope_tests::{boot, config, exits, medium, on_disk, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What a tree holds, by path: the kind, and bytes or target.
type Tree = BTreeMap<String, (char, Vec<u8>)>;

/// The tree below a directory of the host, but for lost+found.
fn tree(root: &Path) -> Tree {
    let mut found = Tree::new();
    let mut todo = vec![root.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            if name == "lost+found" {
                continue;
            }
            let about = fs::symlink_metadata(&path).expect("it is there");
            let what = if about.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                ('l', target.to_string_lossy().into_owned().into_bytes())
            } else if about.is_dir() {
                todo.push(path);
                ('d', Vec::new())
            } else {
                ('f', fs::read(&path).expect("a file"))
            };
            found.insert(name, what);
        }
    }
    found
}

/// Bytes that are not like each other, of a length.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    (0..length).map(|_| rng.below(256) as u8).collect()
}

/// A tree on the host: files of sizes around every border, holes, links of both lengths, many names.
fn seed_tree(root: &Path, largest: usize) {
    fs::create_dir_all(root.join("dir/deep/deeper")).expect("directories");
    for (n, size) in [0, 1, 59, 1023, 1024, 4095, 4097, 12_288, 12_289, 60_000, 300_000, largest]
        .into_iter()
        .enumerate()
    {
        fs::write(root.join(format!("dir/file{n}")), noise(n as u64, size)).expect("room");
    }
    let hole = fs::File::create(root.join("hole")).expect("room");
    hole.set_len(3_000_000).expect("room");
    std::os::unix::fs::FileExt::write_all_at(&hole, b"island", 1_500_000).expect("room");
    symlink("dir/file1", root.join("fast")).expect("room");
    symlink("x/".repeat(200), root.join("slow")).expect("room");
    for n in 0..300 {
        let name = format!("dir/deep/{}{n}", "name".repeat(n % 20));
        fs::write(root.join(name), format!("{n}")).expect("room");
    }
    fs::hard_link(root.join("dir/file2"), root.join("dir/deep/again")).expect("room");
}

/// Copies a tree to another place, byte for byte, by read and write; links and directories as such.
async fn copy(sys: &Sys, from: String, to: String) -> Result<(), oscope_kernel::abi::Errno> {
    let mut todo = vec![(from, to)];
    while let Some((from, to)) = todo.pop() {
        for entry in sys.read_directory(&from).await? {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            if matches!(name.as_str(), "." | ".." | "lost+found" | "copy") {
                continue;
            }
            let (old, new) = (format!("{from}/{name}"), format!("{to}/{name}"));
            match entry.kind {
                4 => {
                    sys.mkdir(&new, 0o755).await?;
                    todo.push((old, new));
                }
                10 => {
                    let target = sys.readlink(&old).await?;
                    sys.symlink(&target, &new).await?;
                }
                _ => {
                    let source = sys.open(&old, 0, 0).await?;
                    let copy = sys.open(&new, 0o101, 0o644).await?;
                    loop {
                        let bytes = sys.read(source, 32_768).await?;
                        if bytes.is_empty() {
                            break;
                        }
                        sys.write(copy, &bytes).await?;
                    }
                    sys.close(source).await?;
                    sys.close(copy).await?;
                }
            }
        }
    }
    Ok(())
}

/// Runs a program on a machine with a disk until it ends, and gives the disk back.
fn on_machine<F, R>(disk: Medium, body: F) -> Medium
where
    F: Fn(Sys) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = u64> + 'static,
{
    let mut config = config(vec![RustImage::new("body", body)]);
    config.disk = Some(on_disk(disk));
    let mut machine = boot(config);
    for _ in 0..100 {
        run_for(&mut machine, Duration::seconds(10));
        if !exits(&machine).is_empty() {
            break;
        }
    }
    assert_eq!(exits(&machine), [0], "{}", shown(&machine));
    medium(&machine).clone()
}

async fn says(sys: &Sys, what: &str, result: Result<(), oscope_kernel::abi::Errno>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(errno) => {
            let _ = sys.write(1, format!("{what}: {errno}\n").as_bytes()).await;
            1
        }
    }
}

#[test]
fn images_of_mke2fs_are_copied_file_by_file_and_come_back_the_same() {
    let place = folder("ext2-host");
    let source = place.join("source");
    seed_tree(&source, 1_200_000);
    let expected = tree(&source);
    for options in [
        "-r 1 -O none -b 1024",
        "-r 1 -O none -b 2048",
        "-r 1 -O none -b 4096",
        "-r 0 -b 1024",
        "-r 0 -b 4096",
        "-b 1024 -O none,filetype -I 128",
        "-b 4096 -O none,sparse_super -I 256",
        "-b 1024",
        "-b 4096",
        "-b 1024 -j",
        "-b 4096 -j",
    ] {
        let image = place.join("image.img");
        let _ = fs::remove_file(&image);
        let mut arguments = vec!["-q", "-t", "ext2", "-d", source.to_str().expect("a name")];
        arguments.extend(options.split(' '));
        arguments.extend([image.to_str().expect("a name"), "24M"]);
        let Some(made) = tool("mke2fs", &arguments) else { return };
        assert!(made.status.success(), "{options}: {}", String::from_utf8_lossy(&made.stderr));
        let kind = if options.ends_with("-j") { "ext3" } else { "ext2" };
        let after = on_machine(load(&image), move |sys: Sys| async move {
            let result = async {
                sys.mount(("/dev/vda", "/mnt", kind), 0, "").await?;
                sys.mkdir("/mnt/copy", 0o755).await?;
                copy(&sys, "/mnt".to_owned(), "/mnt/copy".to_owned()).await?;
                sys.link("/mnt/copy/hole", "/mnt/copy/hole2", AtFlags::empty()).await?;
                sys.unlink("/mnt/copy/hole").await?;
                sys.rename("/mnt/copy/hole2", "/mnt/copy/hole", 0).await?;
                sys.umount("/mnt", 0).await?;
                Ok(())
            };
            let result = result.await;
            says(&sys, "copying", result).await
        });
        check(&after, &place);
        save(&after, &image);
        let dumped = place.join("dumped");
        let _ = fs::remove_dir_all(&dumped);
        fs::create_dir_all(&dumped).expect("a folder");
        let command = format!("rdump / {}", dumped.to_str().expect("a name"));
        let Some(_) = tool("debugfs", &["-R", &command, image.to_str().expect("a name")]) else {
            return;
        };
        let copied = tree(&dumped.join("copy"));
        assert_eq!(copied.len(), expected.len(), "{options}");
        for (name, what) in &expected {
            assert!(copied.get(name) == Some(what), "{options}: {name} differs");
        }
    }
    let _ = fs::remove_dir_all(&place);
}
