//! `diff [-q] FILE1 FILE2`: how to make the second file of the first, in the oldest format: `2c2`, `3a4,5`, `7d6`.
//!
//! The longest common subsequence of lines (Hunt and McIlroy, 1976), by dynamic programming on what is left when equal
//! beginnings and ends are taken off.

use super::tool::Tool;
use crate::sys::Sys;

/// How many pairs of lines are looked at at most.
const MOST: usize = 4_000_000;

/// Lines that have changed: from and to in each file, counted from 0.
type Change = ((usize, usize), (usize, usize));

fn changes(a: &[&[u8]], b: &[&[u8]]) -> Vec<Change> {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| a == b);
    let end = end.count();
    let (middle_a, middle_b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let (rows, columns) = (middle_a.len() + 1, middle_b.len() + 1);
    if rows.saturating_mul(columns) > MOST {
        return vec![((start, a.len() - end), (start, b.len() - end))];
    }
    // The length of the longest common subsequence of what is behind each pair of places.
    let mut table = vec![0u32; rows * columns];
    for i in (0..middle_a.len()).rev() {
        for j in (0..middle_b.len()).rev() {
            table[i * columns + j] = if middle_a[i] == middle_b[j] {
                table[(i + 1) * columns + j + 1] + 1
            } else {
                table[(i + 1) * columns + j].max(table[i * columns + j + 1])
            };
        }
    }
    let (mut i, mut j, mut all) = (0, 0, Vec::new());
    while i < middle_a.len() || j < middle_b.len() {
        let from = (i, j);
        while i < middle_a.len() || j < middle_b.len() {
            if i < middle_a.len() && j < middle_b.len() && middle_a[i] == middle_b[j] {
                break;
            }
            let is_less = j < middle_b.len()
                && (i == middle_a.len()
                    || table[i * columns + j + 1] > table[(i + 1) * columns + j]);
            if is_less {
                j += 1;
            } else {
                i += 1;
            }
        }
        if (i, j) != from {
            all.push(((start + from.0, start + i), (start + from.1, start + j)));
        }
        while i < middle_a.len() && j < middle_b.len() && middle_a[i] == middle_b[j] {
            i += 1;
            j += 1;
        }
    }
    all
}

fn range((from, to): (usize, usize)) -> String {
    match to.saturating_sub(from) {
        0 => from.to_string(),
        1 => to.to_string(),
        _ => format!("{},{to}", from + 1),
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "diff").await;
    let Some(options) = tool.options("q").await else { return 2 };
    let [first, second] = &options.operands[..] else {
        return tool.usage("diff [-q] FILE1 FILE2").await.max(2);
    };
    let mut contents = Vec::new();
    for name in [first, second] {
        let Some(fd) = tool.open(name).await else { return 2 };
        contents.push(tool.read_all(fd).await.unwrap_or_default());
    }
    if contents[0] == contents[1] {
        return tool.end().await;
    }
    tool.status = 1;
    if options.has('q') {
        tool.print(&format!("Files {first} and {second} differ\n")).await;
        return tool.end().await;
    }
    let lines: Vec<Vec<&[u8]>> = contents
        .iter()
        .map(|bytes| bytes.split_inclusive(|byte| *byte == b'\n').collect())
        .collect();
    for (old, new) in changes(&lines[0], &lines[1]) {
        let kind = match (old.0 == old.1, new.0 == new.1) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        tool.print(&format!("{}{kind}{}\n", range(old), range(new))).await;
        for (mark, lines, (from, to)) in [("< ", &lines[0], old), ("> ", &lines[1], new)] {
            if kind == 'c' && mark == "> " {
                tool.print("---\n").await;
            }
            for line in &lines[from..to] {
                tool.print(mark).await;
                tool.put(line).await;
                if !line.ends_with(b"\n") {
                    tool.print("\n\\ No newline at end of file\n").await;
                }
            }
        }
    }
    tool.end().await
}
