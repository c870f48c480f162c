//! `clerk DIRECTORY [SEED [DEEDS]]`: makes, writes, renames, removes and syncs files in a directory, as chance will have it.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::base::Duration;

/// How many names it uses.
const NAMES: u64 = 12;
/// O_WRONLY, O_CREAT.
const WRITE: u32 = 0o101;

/// Numbers that look like chance (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound.max(1)
    }
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let Some(directory) = arguments.get(1).cloned() else { return 2 };
    let mut chance = Chance(number(&arguments, 2, 0));
    for _ in 0..number(&arguments, 3, 40) {
        match deed(&sys, &directory, &mut chance).await {
            // What is not there, or is a directory, is another time's business.
            Ok(()) | Err(Errno::ENOENT | Errno::EEXIST | Errno::EISDIR | Errno::ENOTDIR) => {}
            Err(Errno::ENOTEMPTY) => {}
            Err(errno) => {
                let _ = sys.write(2, format!("clerk: {directory}: {errno}\n").as_bytes()).await;
                return 1;
            }
        }
        let _ = sys.sleep(Duration::micros(chance.below(3000))).await;
    }
    0
}

async fn deed(sys: &Sys, directory: &str, chance: &mut Chance) -> Result<(), Errno> {
    let name = format!("{directory}/file{}", chance.below(NAMES));
    let other = format!("{directory}/file{}", chance.below(NAMES));
    let folder = format!("{directory}/folder{}", chance.below(3));
    match chance.below(10) {
        0..=3 => {
            let fd = sys.open(&name, WRITE, 0o644).await?;
            sys.lseek(fd, chance.below(40_000).cast_signed(), 0).await?;
            let length = chance.below(9000) as usize;
            sys.write(fd, name.repeat(length / name.len() + 1).as_bytes()).await?;
            if chance.below(2) == 0 {
                sys.fsync(fd).await?;
            }
            sys.close(fd).await?;
        }
        4 => sys.rename(&name, &other, 0).await.map(drop)?,
        5 | 6 => sys.unlink(&name).await.map(drop)?,
        7 => {
            sys.mkdir(&folder, 0o755).await?;
            sys.rename(&name, &format!("{folder}/kept"), 0).await?;
        }
        8 => {
            sys.unlink(&format!("{folder}/kept")).await?;
            sys.rmdir(&folder).await?;
        }
        _ => sys.truncate(&name, chance.below(20_000)).await.map(drop)?,
    }
    Ok(())
}

pub(super) fn image() -> RustImage {
    RustImage::new("clerk", main)
}
