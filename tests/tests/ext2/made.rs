//! File systems that we make.

use oscope_kernel::fs::ext2::Making;
use oscope_kernel::hw::disk::Medium;
use oscope_tests::host_tools::{check, folder};

#[test]
fn what_we_make_passes_e2fsck() {
    let folder = folder("ext2-made");
    let text = vec![b'x'; 300_000];
    for (revision, inode_size) in [(0, 128), (1, 128), (1, 256)] {
        for block_size in [1024, 2048, 4096] {
            for pages in [64, 2048, 8192, 40_000] {
                let mut medium = Medium::new(pages);
                let journal = if revision > 0 && pages > 2048 { 1024 } else { 0 };
                let making =
                    Making { block_size, revision, inode_size, journal, ..Making::default() };
                let files: &[(&str, &[u8])] =
                    if pages > 64 { &[("/a/b/file", &text), ("/c", b"")] } else { &[] };
                making.make(&mut medium, files).expect("it fits");
                check(&medium, &folder);
            }
        }
    }
}
