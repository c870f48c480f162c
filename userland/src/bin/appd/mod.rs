//! `appd [port=N] [workers=N] [pool=N] [cache=on|off] [db=dbd://HOST:PORT]`: an application server.
//!
//! Layers: [`area`] the memory that the threads share; [`queue`] of connections; [`driver`]s of databases, and the
//! [`pool`] of connections to one; the [`cache`] of results; [`pages`] what is asked for and how it is made.
//!
//! A typical sequence: the acceptor puts a connection of the web server into the queue and rings; a worker thread takes
//! it, reads the request, looks in the cache, takes a connection to the database from the pool, asks, makes the
//! page, and returns it.

mod area;
mod cache;
mod driver;
mod pages;
mod pool;
mod queue;

use super::net::{fail, http, option, option_number};
use super::steps::Step;
use crate::sys::{RustImage, Sys};
use driver::Driver;
use oscope_kernel::abi::signal::{SIG_IGN, Signal};

/// Where the web server looks for it.
pub(super) const PORT: u16 = 8080;

/// How many connections may wait for the acceptor.
const BACKLOG: u32 = 128;

/// How long a worker waits for the rest of a request.
const PATIENCE_MS: u64 = 2000;

/// Which session a request belongs to, and the how-manieth visit it is.
async fn visit(sys: &Sys, area: u64, session: Option<u64>) -> (u64, u64) {
    let session = match session {
        Some(session) => session,
        None => sys.fetch_add(area + area::NEXT_SESSION, 1).await,
    };
    let visits = area + area::VISITS + session % area::MOST_SESSIONS * 8;
    (session, sys.fetch_add(visits, 1).await + 1)
}

/// One request, from its connection to its answer.
async fn serve(sys: &Sys, area: u64, connection: u64) -> Result<(), http::Failure> {
    sys.set_receive_timeout(connection, PATIENCE_MS).await?;
    let request = http::read_request(sys, connection, &mut Vec::new()).await?;
    Step::AppTook.mark(sys, request.target.len() as u64).await;
    let address = sys.string(area + area::DATABASE).await;
    let Some(driver) = Driver::for_address(&address) else { return Err(http::Failure::Malformed) };
    let page = pages::make(sys, area, &driver, &request.target).await;
    let (session, visit) = visit(sys, area, request.session).await;
    let body = page.render(visit);
    Step::PageMade.mark(sys, body.len() as u64).await;
    let mut answer = http::head(page.status, "text/html", body.len() as u64, false);
    if request.session.is_none() {
        answer.insert_str(answer.len() - 2, &format!("Set-Cookie: session={session}\r\n"));
    }
    answer.push_str(&body);
    Step::AppReturned.mark(sys, answer.len() as u64).await;
    sys.send_all(connection, answer.as_bytes()).await?;
    Ok(())
}

/// A worker thread: one connection after the other.
async fn work(sys: Sys, area: u64) -> u64 {
    let connection = queue::take(&sys, area).await;
    // What goes wrong with one caller is no affair of the next.
    let _ = serve(&sys, area, connection).await;
    let _ = sys.close(connection).await;
    sys.rebase(area, work).await
}

/// The acceptor: connections into the queue.
async fn accept(sys: Sys, state: (u64, u64)) -> u64 {
    let (area, socket) = state;
    let Ok(connection) = sys.accept(socket, 0).await else { return 1 };
    if !queue::put(&sys, area, connection).await {
        let refusal = http::head(503, "text/plain", 0, false);
        let _ = sys.send_all(connection, refusal.as_bytes()).await;
        let _ = sys.close(connection).await;
    }
    sys.rebase(state, accept).await
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let database = option(&arguments, "db").unwrap_or("dbd://db").to_owned();
    if Driver::for_address(&database).is_none() || database.len() > 255 {
        return fail(&sys, "appd", &format!("db={database}: there is no driver for this")).await;
    }
    let Ok(area) = area::make(&sys).await else { return fail(&sys, "appd", "no memory").await };
    sys.poke(area + area::DATABASE, database.as_bytes()).await;
    let pool = option_number(&arguments, "pool", 2).clamp(1, area::MOST_LINKS);
    sys.store(area + area::POOL_SIZE, pool).await;
    let is_on = option(&arguments, "cache") != Some("off");
    sys.store(area + area::CACHE_IS_ON, u64::from(is_on)).await;
    // Who hangs up early must not end the server.
    let _ = sys.sigaction(Signal::PIPE, SIG_IGN, 0).await;
    let port = option_number(&arguments, "port", u64::from(PORT)) as u16;
    let socket = match sys.tcp_listener(port, BACKLOG).await {
        Ok(socket) => socket,
        Err(errno) => return fail(&sys, "appd", errno.message()).await,
    };
    for _ in 0..option_number(&arguments, "workers", 4).clamp(1, 256) {
        if let Err(errno) = sys.spawn(0, area).await {
            return fail(&sys, "appd", errno.message()).await;
        }
    }
    sys.rebase((area, socket), accept).await
}

pub(super) fn image() -> RustImage {
    RustImage::new("appd", main).function(work)
}
