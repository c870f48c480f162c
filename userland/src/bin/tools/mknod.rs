//! `mknod [-m MODE] NAME p|b|c [MAJOR MINOR]` and `mkfifo [-m MODE] NAME...`: makes files that are no files.

use super::tool::Tool;
use crate::sys::Sys;
use crate::text::mode;
use oscope_kernel::abi::flags::file::file_type;
use oscope_kernel::abi::types::makedev;

async fn make(tool: &mut Tool, path: &str, kind: u32, device: u64, exact: Option<u32>) {
    if let Err(errno) = tool.sys.mknod(path, kind | 0o666, device).await {
        let what = if tool.name == "mkfifo" {
            format!("cannot create fifo '{path}'")
        } else {
            path.to_owned()
        };
        tool.fail(&what, errno).await;
    } else if let Some(mode) = exact {
        let _ = tool.sys.chmod(path, mode).await;
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "mknod").await;
    let Some(options) = tool.options("m:").await else { return 1 };
    let exact = options.value('m').and_then(|text| mode::parse(text, 0o666, false, 0));
    let words: Vec<&str> = options.operands.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u32>().ok();
    let (path, kind, device) = match words[..] {
        [path, "p"] => (path, file_type::IFO, Some(0)),
        [path, "b", a, b] => {
            (path, file_type::BLK, number(a).zip(number(b)).map(|(a, b)| makedev(a, b)))
        }
        [path, "c" | "u", a, b] => {
            (path, file_type::CHR, number(a).zip(number(b)).map(|(a, b)| makedev(a, b)))
        }
        _ => return tool.usage("mknod NAME p | NAME b|c MAJOR MINOR").await,
    };
    match device {
        Some(device) => make(&mut tool, path, kind, device, exact).await,
        None => tool.complain("invalid device number").await,
    }
    tool.end().await
}

pub(super) async fn fifo(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "mkfifo").await;
    let Some(options) = tool.options("m:").await else { return 1 };
    let exact = options.value('m').and_then(|text| mode::parse(text, 0o666, false, 0));
    if options.operands.is_empty() {
        tool.complain("missing operand").await;
    }
    for path in &options.operands {
        make(&mut tool, path, file_type::IFO, 0, exact).await;
    }
    tool.end().await
}
