//! `cp [-afpPRr] SOURCE... TARGET`: copies files, and with `-r` directories.

use super::tool::{Options, Tool};
use crate::sys::{Stamp, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::AtFlags;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::abi::types::Stat;

/// Where something goes: into a directory under its own name, or to a name of its own.
pub(super) async fn target_of(tool: &Tool, source: &str, target: &str) -> String {
    let status = tool.sys.stat(target).await;
    if status.is_ok_and(|status| status.mode & FILE_TYPE_MASK == file_type::DIR) {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
        return format!("{}/{name}", target.trim_end_matches('/'));
    }
    target.to_owned()
}

/// What cannot be copied over each other is one file.
fn is_same(a: &Stat, b: &Stat) -> bool {
    (a.device, a.inode) == (b.device, b.inode)
}

/// Copies one thing, and what is in it. What it could not do it has said.
pub(super) async fn copy(tool: &mut Tool, options: &Options, from: &str, to: &str) -> bool {
    let is_deep = options.last_of("rRa").is_some();
    let keeps = options.has('p') || options.has('a');
    let mut waiting = vec![(from.to_owned(), to.to_owned())];
    // Directories get their own modes and times when what is in them is there.
    let mut directories: Vec<(String, Stat)> = Vec::new();
    let mut has_failed = false;
    let into = tool.sys.stat(from).await.ok().filter(|_| is_deep);
    while let Some((from, to)) = waiting.pop() {
        let keeps_links = is_deep || options.has('P');
        let status = match keeps_links {
            true => tool.sys.lstat(&from).await,
            false => tool.sys.stat(&from).await,
        };
        let status = match status {
            Ok(status) => status,
            Err(errno) => {
                tool.complain(&format!("cannot stat '{from}': {}", errno.message())).await;
                has_failed = true;
                continue;
            }
        };
        let kind = status.mode & FILE_TYPE_MASK;
        if kind == file_type::DIR {
            if !is_deep {
                tool.complain(&format!("-r not specified; omitting directory '{from}'")).await;
                has_failed = true;
                continue;
            }
            let known = tool.sys.stat(&to).await;
            let is_into_itself = match (&into, tool.sys.stat(parent(&to)).await) {
                (Some(start), Ok(above)) => is_same(start, &above),
                _ => false,
            };
            if is_into_itself && !directories.is_empty()
                || known.as_ref().is_ok_and(|known| is_same(known, &status))
            {
                tool.complain(&format!("cannot copy a directory, '{from}', into itself, '{to}'"))
                    .await;
                has_failed = true;
                continue;
            }
            if known.is_err()
                && let Err(errno) = tool.sys.mkdir(&to, status.mode & 0o777 | 0o700).await
            {
                tool.complain(&format!("cannot create directory '{to}': {}", errno.message()))
                    .await;
                has_failed = true;
                continue;
            }
            for name in tool.names_in(&from).await.into_iter().rev() {
                waiting.push((format!("{from}/{name}"), format!("{to}/{name}")));
            }
            directories.push((to, status));
            continue;
        }
        let done = match kind {
            file_type::LNK => {
                let target = tool.sys.readlink(&from).await.unwrap_or_default();
                let _ = tool.sys.unlink(&to).await;
                tool.sys.symlink(&target, &to).await.map(|_| ())
            }
            file_type::REG => file(tool, options, (&from, &to), &status).await,
            _ if is_deep => tool.sys.mknod(&to, status.mode, status.special).await.map(|_| ()),
            _ => file(tool, options, (&from, &to), &status).await,
        };
        match done {
            Ok(()) if keeps && kind != file_type::LNK => keep(tool, &to, &status).await,
            Ok(()) => {}
            Err(errno) => {
                has_failed = true;
                let what = match errno {
                    Errno::EEXIST => format!("'{from}' and '{to}' are the same file"),
                    errno => format!("cannot create regular file '{to}': {}", errno.message()),
                };
                tool.complain(&what).await;
            }
        }
    }
    for (path, status) in directories.iter().rev() {
        if keeps {
            keep(tool, path, status).await;
        }
    }
    !has_failed
}

fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/",
        Some((parent, _)) => parent,
        None => ".",
    }
}

/// Copies a file's bytes. `EEXIST` if both are one file.
async fn file(
    tool: &mut Tool,
    options: &Options,
    (from, to): (&str, &str),
    status: &Stat,
) -> Result<(), Errno> {
    if tool.sys.stat(to).await.is_ok_and(|known| is_same(&known, status)) {
        return Err(Errno::EEXIST);
    }
    let source = match tool.sys.open(from, 0, 0).await {
        Ok(fd) => fd,
        Err(errno) => {
            let message = format!("cannot open '{from}' for reading: {}", errno.message());
            tool.complain(&message).await;
            return Ok(());
        }
    };
    // O_WRONLY | O_CREAT | O_TRUNC
    let mut target = tool.sys.open(to, 0o1101, status.mode & 0o777).await;
    if target.is_err() && options.has('f') && tool.sys.unlink(to).await.is_ok() {
        target = tool.sys.open(to, 0o1101, status.mode & 0o777).await;
    }
    let done = match target {
        Ok(target) => {
            let copied = tool.copy(source, target).await;
            let closed = tool.sys.close(target).await;
            if let Err(errno) = copied.and(closed) {
                let message = format!("error copying '{from}' to '{to}': {}", errno.message());
                tool.complain(&message).await;
            }
            Ok(())
        }
        Err(errno) => Err(errno),
    };
    let _ = tool.sys.close(source).await;
    done
}

/// Owner, mode and times as they were.
async fn keep(tool: &mut Tool, path: &str, status: &Stat) {
    let _ = tool.sys.chown(path, status.uid, status.gid, AtFlags::empty()).await;
    let _ = tool.sys.chmod(path, status.mode & 0o7777).await;
    let times = (Stamp::At(status.accessed), Stamp::At(status.modified));
    let _ = tool.sys.set_times(path, times.0, times.1).await;
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "cp").await;
    let Some(options) = tool.options("afipPRrv").await else { return 1 };
    let Some((target, sources)) = options.operands.split_last().filter(|(_, s)| !s.is_empty())
    else {
        let message = match options.operands.first() {
            None => "missing file operand".to_owned(),
            Some(only) => format!("missing destination file operand after '{only}'"),
        };
        tool.complain(&message).await;
        return 1;
    };
    let is_directory = tool.sys.stat(target).await;
    let is_directory = is_directory.is_ok_and(|s| s.mode & FILE_TYPE_MASK == file_type::DIR);
    if sources.len() > 1 && !is_directory {
        tool.complain(&format!("target '{target}' is not a directory")).await;
        return 1;
    }
    for source in sources {
        let to = target_of(&tool, source, target).await;
        copy(&mut tool, &options, source, &to).await;
        if options.has('v') && tool.status == 0 {
            tool.print(&format!("'{source}' -> '{to}'\n")).await;
        }
    }
    tool.end().await
}
