//! `cmp [-s] FILE1 FILE2`: whether two files are the same, and where they first differ.

use super::tool::Tool;
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "cmp").await;
    let Some(options) = tool.options("s").await else { return 2 };
    let [first, second] = &options.operands[..] else {
        return tool.usage("cmp [-s] FILE1 FILE2").await.max(2);
    };
    let mut contents = Vec::new();
    for name in [first, second] {
        let Some(fd) = tool.open(name).await else { return 2 };
        contents.push(tool.read_all(fd).await.unwrap_or_default());
    }
    let (a, b) = (&contents[0], &contents[1]);
    let different = a.iter().zip(b).position(|(a, b)| a != b);
    match different {
        None if a.len() == b.len() => {}
        None => {
            let (name, bytes) = if a.len() < b.len() { (first, a) } else { (second, b) };
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            if !options.has('s') {
                let message = match bytes.len() {
                    0 => format!("EOF on {name} which is empty"),
                    length if bytes.ends_with(b"\n") => {
                        format!("EOF on {name} after byte {length}, line {lines}")
                    }
                    length => {
                        format!("EOF on {name} after byte {length}, in line {}", lines + 1)
                    }
                };
                tool.complain(&message).await;
            }
            tool.status = 1;
        }
        Some(at) => {
            let line = a[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            if !options.has('s') {
                let text = format!("{first} {second} differ: byte {}, line {line}\n", at + 1);
                tool.print(&text).await;
            }
            tool.status = 1;
        }
    }
    tool.end().await
}
