//! `dbd [port=N] [pages=N] [commit=group|each] [checkpoint=MS] DIRECTORY|-`: a database server; `-` is in memory alone.
//! `dbd --single DIRECTORY|- [PAGES]`: the same for one user, who types.
//!
//! Layers: [`store`] keeps pages, the log and transactions; [`sql`] makes of text what is done with them; [`protocol`] is
//! how clients speak; [`server`] the processes; [`single`] a database with one user.

pub(super) mod protocol;
mod server;
mod single;
mod sql;
mod store;

use super::net::{fail, option, option_number};
use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::signal::{SIG_IGN, Signal};
use oscope_kernel::base::Duration;
use server::Settings;
use sql::session::Session;
use store::Db;

/// Where clients look for it.
pub(super) const PORT: u16 = 5432;

/// Fewer pages than this may all be in use by one statement.
const FEWEST_PAGES: u64 = 8;
const MOST_PAGES: u64 = 65_536;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let is_single = arguments.get(1).is_some_and(|argument| argument == "--single");
    let named =
        arguments.iter().skip(1).find(|name| !name.contains('=') && !name.starts_with("--"));
    let directory = named.map(String::as_str).filter(|&directory| directory != "-");
    let pages = match is_single {
        true => number(&arguments, 3, 64),
        false => option_number(&arguments, "pages", 64),
    };
    let db = match Db::open(&sys, directory, pages.clamp(FEWEST_PAGES, MOST_PAGES)).await {
        Ok(db) => db,
        Err(error) => return fail(&sys, "dbd", &error.to_string()).await,
    };
    if is_single {
        let state = (db.handle(), Session::default(), Vec::new());
        return sys.rebase(state, single::run).await;
    }
    // Who hangs up early must not end a server.
    let _ = sys.sigaction(Signal::PIPE, SIG_IGN, 0).await;
    let settings = Settings {
        port: option_number(&arguments, "port", u64::from(PORT)) as u16,
        is_grouped: option(&arguments, "commit") != Some("each"),
        checkpoint: Duration::millis(option_number(&arguments, "checkpoint", 2000).max(1)),
    };
    match server::run(&sys, &db, settings).await {
        Ok(code) => code,
        Err(errno) => fail(&sys, "dbd", errno.message()).await,
    }
}

pub(super) fn image() -> RustImage {
    RustImage::new("dbd", main)
}
