//! Fuzzes with a stable compiler: texts that are read well, changed at random, for a number of seconds.

use oscope_fuzz::TARGETS;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// An input of a few kilobytes that takes so long has met something that grows faster than its text.
const TOO_SLOW: Duration = Duration::from_secs(3);

/// Pieces that matter to some grammar.
const PIECES: [&str; 24] = [
    "(", ")", "[", "]", "{", "}", "<", ">", "\"", "\\", " = ", ", ", "\n", "<unfinished ...>",
    "<... read resumed>", "--- ", " ---", "+++ ", "repeat 3 {\n", "$x", "/*", "-1", "0x", "\u{ac00}",
];

/// What the changes begin with: logs, scripts, worlds.
fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let mut seeds = vec![Vec::new()];
    for directory in ["data/strace", "traces", "../userland/worlds"] {
        let entries = std::fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if let Ok(bytes) = std::fs::read(path) {
                // A line or a few is what a change can still be seen in.
                seeds.extend(bytes.chunks(1500).take(40).map(<[u8]>::to_vec));
            }
        }
    }
    seeds
}

/// Puts pieces in, takes pieces out, changes bytes, repeats parts.
fn change(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(6) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(6) {
            0 if at < bytes.len() => bytes[at] = chance.next() as u8,
            1 => bytes.truncate(at),
            2 => {
                let end = (at + chance.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + chance.below(40)).min(bytes.len());
                let part = bytes[at..end].repeat(1 + chance.below(30));
                bytes.splice(at..at, part);
            }
            4 => {
                let number = chance.next() >> chance.below(64);
                bytes.splice(at..at, number.to_string().into_bytes());
            }
            _ => {
                let piece = PIECES[chance.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    let (seconds, seed) = (value("--seconds").unwrap_or(60), value("--seed").unwrap_or(0));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let seeds = seeds(&root);
    let (mut chance, begin) = (Chance(seed), Instant::now());
    let mut slowest = (Duration::ZERO, "", 0);
    let mut inputs = 0u64;
    while begin.elapsed() < Duration::from_secs(seconds) {
        let mut bytes = seeds[chance.below(seeds.len())].clone();
        change(&mut bytes, &mut chance);
        for (name, target) in TARGETS {
            let start = Instant::now();
            if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                eprintln!("{name} failed on input {inputs} of seed {seed}: {bytes:?}");
                std::process::exit(1);
            }
            if start.elapsed() > slowest.0 {
                slowest = (start.elapsed(), name, inputs);
                if slowest.0 > TOO_SLOW {
                    eprintln!("{name} is slow: {slowest:?} of seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
                    std::process::exit(1);
                }
            }
        }
        inputs += 1;
    }
    println!("{inputs} inputs for each of {} targets, the slowest took {slowest:?}", TARGETS.len());
}
