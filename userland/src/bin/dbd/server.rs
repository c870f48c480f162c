//! The processes of a database server. They share memory and files, and nothing else.
//!
//! * The *listener* accepts connections and forks a server process for each (as PostgreSQL's postmaster does).
//! * A *server process* carries out the statements of its client.
//! * The *log writer* brings the log to the disk. Whoever waits for that rings its bell; one write serves all who wait.
//! * The *database writer* writes changed pages now and then, so that room can be made quickly.
//! * The *checkpointer* removes dead versions, writes all changed pages, and lets the log begin anew.

use super::super::net::frame;
use super::super::steps::Step;
use super::protocol;
use super::sql::session::Session;
use super::store::area::{HAS_WRITER, WRITER_BELL};
use super::store::{Db, Handle};
use crate::sys::{Result, Sys};
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::base::Duration;

/// How often the database writer looks for changed pages, and how many it writes at a time.
const WRITER_PAUSE: Duration = Duration::millis(100);
const WRITER_PAGES: u64 = 16;

/// How many connections may wait for the listener.
const BACKLOG: u32 = 64;

/// How the server works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) port: u16,
    /// Whether there is a log writer; without it, each server process brings the log to the disk itself.
    pub(super) is_grouped: bool,
    /// Between two checkpoints.
    pub(super) checkpoint: Duration,
}

/// Starts all processes; the caller becomes the listener.
pub(super) async fn run(sys: &Sys, db: &Db, settings: Settings) -> Result {
    let handle = db.handle();
    let socket = sys.tcp_listener(settings.port, BACKLOG).await?;
    if db.files.is_some() {
        if settings.is_grouped {
            sys.store(db.area.at(HAS_WRITER), 1).await;
            if sys.fork().await? == 0 {
                let _ = sys.set_name("log-writer").await;
                return Ok(sys.rebase(handle, log_writer).await);
            }
        }
        if sys.fork().await? == 0 {
            let _ = sys.set_name("db-writer").await;
            return Ok(sys.rebase(handle, database_writer).await);
        }
        if sys.fork().await? == 0 {
            let _ = sys.set_name("checkpointer").await;
            return Ok(sys.rebase((handle, settings.checkpoint), checkpointer).await);
        }
    }
    Ok(sys.rebase((handle, socket), listener).await)
}

/// Accepts a connection and forks a process for it.
async fn listener(sys: Sys, state: (Handle, u64)) -> u64 {
    let (handle, socket) = state;
    let Ok(connection) = sys.accept(socket, 0).await else { return 1 };
    // Those who are done are buried in passing.
    while let Ok(Some(_)) = sys.wait4(-1, WaitFlags::NOHANG).await {}
    if sys.fork().await == Ok(0) {
        let _ = sys.set_name("db-server").await;
        let _ = sys.close(socket).await;
        let _ = sys.set_no_delay(connection).await;
        return sys.rebase((handle, connection, Session::default()), serve).await;
    }
    let _ = sys.close(connection).await;
    sys.rebase(state, listener).await
}

/// One statement of a client.
async fn serve(sys: Sys, state: (Handle, u64, Session)) -> u64 {
    let (handle, connection, mut session) = state;
    let db = handle.open(&sys);
    let Ok(Some(message)) = frame::receive(&sys, connection).await else {
        // The client is gone, and with it what it had not committed.
        session.abandon(&db).await;
        return 0;
    };
    Step::DbTook.mark(&sys, message.len() as u64).await;
    let text = String::from_utf8_lossy(&message);
    let result = session.execute(&db, text.trim()).await;
    let reply = protocol::encode(&result);
    Step::DbAnswered.mark(&sys, reply.len() as u64).await;
    if frame::send(&sys, connection, reply.as_bytes()).await.is_err() {
        session.abandon(&db).await;
        return 0;
    }
    sys.rebase((handle, connection, session), serve).await
}

/// Writes what the log buffer holds, then sleeps until the bell rings.
async fn log_writer(sys: Sys, handle: Handle) -> u64 {
    let db = handle.open(&sys);
    let bell = db.area.at(WRITER_BELL);
    let heard = sys.load32(bell).await;
    if let Some(files) = db.files
        && db.write_out(files).await.is_err()
    {
        // Nothing can be promised to anybody any more.
        return 1;
    }
    let _ = sys.futex_wait_shared(bell, heard).await;
    sys.rebase(handle, log_writer).await
}

async fn database_writer(sys: Sys, handle: Handle) -> u64 {
    let _ = sys.sleep(WRITER_PAUSE).await;
    let db = handle.open(&sys);
    if db.write_dirty(WRITER_PAGES).await.is_err() {
        return 1;
    }
    sys.rebase(handle, database_writer).await
}

async fn checkpointer(sys: Sys, state: (Handle, Duration)) -> u64 {
    let (handle, pause) = state;
    let _ = sys.sleep(pause).await;
    let db = handle.open(&sys);
    let _ = Session::default().execute(&db, "VACUUM").await;
    db.latch().write(&sys).await;
    let result = db.checkpoint().await;
    db.latch().release(&sys).await;
    if result.is_err() {
        return 1;
    }
    sys.rebase(state, checkpointer).await
}
