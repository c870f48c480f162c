//! `ln [-fns] TARGET [NAME]`, `ln [-fs] TARGET... DIRECTORY`: makes other names, or with `-s` symbolic links.

use super::cp::target_of;
use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::flags::AtFlags;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "ln").await;
    let Some(options) = tool.options("fnsv").await else { return 1 };
    let (targets, place) = match &options.operands[..] {
        [] => {
            tool.complain("missing file operand").await;
            return 1;
        }
        [only] => (vec![only.clone()], ".".to_owned()),
        [targets @ .., place] => (targets.to_vec(), place.clone()),
    };
    let kind = if options.has('s') { "symbolic" } else { "hard" };
    for target in targets {
        // With -n a link to a directory is a link and no directory.
        let is_link = options.has('n') && tool.sys.readlink(&place).await.is_ok();
        let name = if is_link { place.clone() } else { target_of(&tool, &target, &place).await };
        if options.has('f') && tool.sys.lstat(&name).await.is_ok() {
            let _ = tool.sys.unlink(&name).await;
        }
        let made = match options.has('s') {
            true => tool.sys.symlink(&target, &name).await,
            false => tool.sys.link(&target, &name, AtFlags::empty()).await,
        };
        if let Err(errno) = made {
            let is_missing = !options.has('s') && tool.sys.lstat(&target).await.is_err();
            let message = if is_missing {
                format!("failed to access '{target}': {}", errno.message())
            } else {
                format!("failed to create {kind} link '{name}': {}", errno.message())
            };
            tool.complain(&message).await;
        }
    }
    tool.end().await
}
