//! `httpd [port=N] [mode=prefork|fork|threads|epoll] [children=N] [root=DIRECTORY] [app=HOST:PORT] [log=FILE]`: a web server.
//!
//! Layers: [`content`] what lies on the disk; [`proxy`] what the application server makes; [`serve`] one connection.
//!
//! Who serves a connection is a matter of configuration:
//! * `prefork`: children forked in advance all wait in accept(2), and each serves one connection at a time (Apache's
//!   prefork). SIGHUP makes the parent start new children and lets the old ones finish what they have.
//! * `fork`: the parent accepts, and forks a child for every connection (as inetd and the first web servers did).
//! * `threads`: threads of one process all wait in accept(2).
//! * `epoll`: one thread serves all connections, each as far as it gets without waiting ([`events`]).

mod content;
mod events;
mod proxy;
mod serve;

use super::net::{fail, option, option_number};
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::abi::signal::{SIG_IGN, Signal};
use serve::Settings;
use std::sync::Arc;

/// How many connections may wait.
const BACKLOG: u32 = 128;
const MOST_CHILDREN: u64 = 512;

/// Numbers of the image's functions.
const HANG_UP: u64 = 0;
const FINISH: u64 = 1;
const THREAD: u64 = 2;

/// Words of the data segment: SIGHUP came (to the parent); finish (to a child).
fn hang_up_word() -> u64 {
    image().data_address()
}

fn finish_word() -> u64 {
    image().data_address() + 8
}

/// The parent of pre-forked children: as one ends, another is started.
async fn watch(sys: Sys, state: (Arc<Settings>, Vec<u64>)) -> u64 {
    let (settings, mut children) = state;
    while (children.len() as u64) < settings.children {
        match sys.fork().await {
            Ok(0) => return sys.rebase(serve::Child::new(&settings), serve::child).await,
            Ok(pid) => children.push(pid),
            Err(_) => break,
        }
    }
    match sys.wait4(-1, WaitFlags::empty()).await {
        Ok(Some(ended)) => children.retain(|&pid| pid != ended.pid),
        Err(Errno::EINTR) if sys.load(hang_up_word()).await != 0 => {
            sys.store(hang_up_word(), 0).await;
            // They finish what they have; the new ones begin at once.
            for pid in children.drain(..) {
                let _ = sys.kill(pid, Signal::USR1).await;
            }
        }
        _ => {}
    }
    sys.rebase((settings, children), watch).await
}

/// A child for every connection.
async fn fork_each(sys: Sys, settings: Arc<Settings>) -> u64 {
    let Ok(connection) = sys.accept(settings.socket, 0).await else { return 1 };
    while let Ok(Some(_)) = sys.wait4(-1, WaitFlags::NOHANG).await {}
    if sys.fork().await == Ok(0) {
        return sys.rebase(serve::Child::only(&settings, connection), serve::child).await;
    }
    let _ = sys.close(connection).await;
    sys.rebase(settings, fork_each).await
}

/// Threads that all do what pre-forked children do; `word` is where the settings are written down.
async fn thread(sys: Sys, word: u64) -> u64 {
    let text = sys.string(word).await;
    match Settings::from_text(&text) {
        Some(settings) => sys.rebase(serve::Child::new(&Arc::new(settings)), serve::child).await,
        None => 1,
    }
}

async fn spawn_all(sys: &Sys, settings: &Settings) -> Result<(), Errno> {
    let text = settings.to_text();
    let at = sys.mmap(text.len() as u64 + 1).await?;
    sys.poke(at, text.as_bytes()).await;
    let mut threads = Vec::new();
    for _ in 0..settings.children {
        threads.push(sys.spawn(THREAD, at).await?.1);
    }
    for done in threads {
        sys.join(done).await;
    }
    Ok(())
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let text = |name: &str, default: &str| option(&arguments, name).unwrap_or(default).to_owned();
    // Who hangs up early must not end the server.
    let _ = sys.sigaction(Signal::PIPE, SIG_IGN, 0).await;
    let port = option_number(&arguments, "port", 80) as u16;
    let socket = match sys.tcp_listener(port, BACKLOG).await {
        Ok(socket) => socket,
        Err(errno) => return fail(&sys, "httpd", errno.message()).await,
    };
    // O_WRONLY | O_CREAT | O_APPEND
    let log = sys.open(&text("log", "/tmp/access.log"), 0o2101, 0o644).await.ok();
    let settings = Settings {
        socket,
        log,
        children: option_number(&arguments, "children", 4).clamp(1, MOST_CHILDREN),
        root: text("root", "/srv"),
        app: text("app", "app"),
        finish: finish_word(),
    };
    let result = match text("mode", "prefork").as_str() {
        "prefork" => {
            let hang_up = sys.handler(HANG_UP);
            let _ = sys.sigaction(Signal::HUP, hang_up, 0).await;
            let _ = sys.sigaction(Signal::USR1, sys.handler(FINISH), 0).await;
            return sys.rebase((Arc::new(settings), Vec::new()), watch).await;
        }
        "fork" => return sys.rebase(Arc::new(settings), fork_each).await,
        "epoll" => match events::Loop::new(&sys, Arc::new(settings)).await {
            Ok(state) => return sys.rebase(state, events::turn).await,
            Err(errno) => Err(errno),
        },
        "threads" => spawn_all(&sys, &settings).await,
        _ => Err(Errno::EINVAL),
    };
    match result {
        Ok(()) => 0,
        Err(errno) => fail(&sys, "httpd", errno.message()).await,
    }
}

pub(super) fn image() -> RustImage {
    RustImage::new("httpd", main)
        .function(|sys: Sys, _| async move {
            sys.store(hang_up_word(), 1).await;
            0
        })
        .function(|sys: Sys, _| async move {
            sys.store(finish_word(), 1).await;
            0
        })
        .function(thread)
}
