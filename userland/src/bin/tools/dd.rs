//! `dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc,fsync] [status=none]`: copies blocks.

use super::tool::Tool;
use crate::sys::Sys;
use crate::text::amount;
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::types::Stat;

/// The largest block.
const LARGEST: u64 = 16 << 20;

/// What the operands say.
#[derive(Default)]
struct Wanted {
    input: Option<String>,
    output: Option<String>,
    block: u64,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    keeps: bool,
    syncs: bool,
    is_silent: bool,
}

fn read(words: &[String]) -> Result<Wanted, String> {
    let mut wanted = Wanted { block: 512, ..Wanted::default() };
    for word in words {
        let (name, value) =
            word.split_once('=').ok_or_else(|| format!("unrecognized operand '{word}'"))?;
        let number = || amount::parse(value).ok_or_else(|| format!("invalid number: '{value}'"));
        match name {
            "if" => wanted.input = Some(value.to_owned()),
            "of" => wanted.output = Some(value.to_owned()),
            "bs" | "ibs" | "obs" => {
                wanted.block = number()?;
                if !(1..=LARGEST).contains(&wanted.block) {
                    return Err(format!("invalid number: '{value}'"));
                }
            }
            "count" => wanted.count = Some(number()?),
            "skip" | "iseek" => wanted.skip = number()?,
            "seek" | "oseek" => wanted.seek = number()?,
            "conv" => {
                wanted.keeps = value.split(',').any(|part| part == "notrunc");
                wanted.syncs =
                    value.split(',').any(|part| part.ends_with("sync") && part != "sync");
            }
            "status" => wanted.is_silent = value == "none" || value == "noxfer",
            _ => return Err(format!("unrecognized operand '{word}'")),
        }
    }
    Ok(wanted)
}

/// Blocks that were whole, and those that were not.
#[derive(Default)]
struct Counts {
    whole: u64,
    partial: u64,
}

impl Counts {
    fn add(&mut self, count: u64, block: u64) {
        if count == block {
            self.whole += 1;
        } else {
            self.partial += 1;
        }
    }
}

async fn copy(tool: &mut Tool, wanted: &Wanted) -> Result<(Counts, Counts, u64), (String, Errno)> {
    let named = |name: &Option<String>, other: &str| match name {
        Some(name) => format!("'{name}'"),
        None => format!("'{other}'"),
    };
    let (source, sink) =
        (named(&wanted.input, "standard input"), named(&wanted.output, "standard output"));
    let mut from = 0;
    if let Some(name) = &wanted.input {
        from =
            tool.sys.open(name, 0, 0).await.map_err(|e| (format!("failed to open {source}"), e))?;
    }
    let mut to = 1;
    if let Some(name) = &wanted.output {
        let is_cut = !wanted.keeps && wanted.seek == 0;
        let flags = if is_cut { 0o1101 } else { 0o101 };
        to = tool
            .sys
            .open(name, flags, 0o666)
            .await
            .map_err(|e| (format!("failed to open {sink}"), e))?;
    }
    let reading = |errno| (format!("error reading {source}"), errno);
    let writing = |errno| (format!("error writing {sink}"), errno);
    let block = wanted.block;
    let buffer = tool.sys.mmap(block.next_multiple_of(4096)).await.map_err(reading)?;
    if wanted.skip > 0
        && tool.sys.lseek(from, wanted.skip.saturating_mul(block) as i64, 1).await.is_err()
    {
        for _ in 0..wanted.skip {
            if tool.sys.read_at(from, buffer, block).await.map_err(reading)? == 0 {
                break;
            }
        }
    }
    if wanted.seek > 0 {
        let place = wanted.seek.saturating_mul(block);
        if !wanted.keeps {
            let _ = tool.sys.ftruncate(to, place).await;
        }
        tool.sys.lseek(to, place as i64, 1).await.map_err(writing)?;
    }
    let (mut read, mut written, mut total) = (Counts::default(), Counts::default(), 0);
    while wanted.count.is_none_or(|count| read.whole + read.partial < count) {
        let count = tool.sys.read_at(from, buffer, block).await.map_err(reading)?;
        if count == 0 {
            break;
        }
        read.add(count, block);
        let mut done = 0;
        while done < count {
            done += tool.sys.write_at(to, buffer + done, count - done).await.map_err(writing)?;
        }
        written.add(count, block);
        total += count;
    }
    if wanted.syncs {
        tool.sys.fsync(to).await.map_err(writing)?;
    }
    Ok((read, written, total))
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "dd").await;
    let words = tool.arguments.clone();
    let wanted = match read(&words) {
        Ok(wanted) => wanted,
        Err(message) => {
            tool.complain(&message).await;
            return 1;
        }
    };
    let began = tool.sys.now().await;
    match copy(&mut tool, &wanted).await {
        Ok((read, written, total)) if !wanted.is_silent => {
            let passed = tool.sys.now().await.since(began).0.max(1);
            let rate = u128::from(total) * 1_000_000_000 / u128::from(passed) / 1_000_000;
            let text = format!(
                "{}+{} records in\n{}+{} records out\n{total} bytes copied, {}.{:06} s, {rate} MB/s\n",
                read.whole,
                read.partial,
                written.whole,
                written.partial,
                passed / 1_000_000_000,
                passed / 1000 % 1_000_000,
            );
            let _ = tool.sys.write(2, text.as_bytes()).await;
        }
        Ok(_) => {}
        Err((what, errno)) => tool.fail(&what, errno).await,
    }
    tool.end().await
}

/// `truncate -s SIZE FILE...`
pub(super) async fn truncate(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "truncate").await;
    let Some(options) = tool.options("cs:").await else { return 1 };
    let Some(size) = options.value('s').map(str::to_owned) else {
        tool.complain("you must specify either '--size' or '--reference'").await;
        return 1;
    };
    for path in &options.operands {
        let known = tool.sys.stat(path).await.unwrap_or(Stat::default()).size.max(0) as u64;
        let (sign, digits) = match size.chars().next() {
            Some(sign @ ('+' | '-')) => (Some(sign), &size[1..]),
            _ => (None, size.as_str()),
        };
        let Some(number) = amount::parse(digits) else {
            tool.complain(&format!("Invalid number: '{size}'")).await;
            return 1;
        };
        let new = match sign {
            Some('+') => known.saturating_add(number),
            Some(_) => known.saturating_sub(number),
            None => number,
        };
        let flags = if options.has('c') { 1 } else { 0o101 };
        let done = match tool.sys.open(path, flags, 0o666).await {
            Ok(fd) => {
                let done = tool.sys.ftruncate(fd, new).await;
                let _ = tool.sys.close(fd).await;
                done
            }
            Err(Errno::ENOENT) if options.has('c') => continue,
            Err(errno) => Err(errno),
        };
        if let Err(errno) = done {
            tool.complain(&format!("cannot open '{path}' for writing: {}", errno.message())).await;
        }
    }
    tool.end().await
}
