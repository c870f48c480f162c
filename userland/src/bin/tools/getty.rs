//! `getty [-q] PROGRAM [ARGUMENT...]`: takes the console as the controlling terminal, and becomes the program. With
//! `-q` the terminal shows nothing of what is typed and sends no signals: nobody sits at it.
//!
//! The real one also sets the line's speed and asks who is there.

use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::types::termios_character::{ERASE, KILL};
use oscope_kernel::abi::types::termios_local::{ECHO, ISIG};

/// What a login would put into the environment.
const ENVIRONMENT: [&str; 6] = [
    "HOME=/root",
    "LOGNAME=root",
    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "SHELL=/bin/sh",
    "TERM=dumb",
    "USER=root",
];

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "getty").await;
    let mut words = tool.arguments.clone();
    let is_quiet = words.first().is_some_and(|word| word == "-q");
    if is_quiet {
        words.remove(0);
    }
    let sys = &tool.sys;
    // Whoever started this may have made it a leader already.
    let _ = sys.setsid().await;
    let _ = sys.steal_terminal(0).await;
    if is_quiet && let Ok(mut modes) = sys.tcgetattr(0).await {
        modes.local &= !(ECHO | ISIG);
        for character in [ERASE, KILL] {
            if let Some(place) = modes.characters.get_mut(character) {
                *place = 0;
            }
        }
        let _ = sys.tcsetattr(0, modes).await;
    }
    let Some(program) = words.first().cloned() else { return tool.usage("getty PROGRAM").await };
    let list: Vec<&str> = words.iter().map(String::as_str).collect();
    let errno = tool.sys.execve_with(&program, &list, &ENVIRONMENT).await;
    tool.complain(&format!("{program}: {}", errno.message())).await;
    tool.end().await
}
