//! One connection: requests are read, decided upon, answered and written down, until the client or the server has enough.

use super::{content, proxy};
use crate::bin::net::http::{self, Failure, Request};
use crate::bin::steps::Step;
use crate::sys::Sys;
use oscope_kernel::abi::Errno;
use std::sync::Arc;

/// How long a connection may be idle.
const PATIENCE_MS: u64 = 1000;

/// Targets that the application server answers begin with this.
pub(super) const DYNAMIC: &str = "/app/";

/// What all who serve know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Settings {
    pub(super) socket: u64,
    /// The access log, if it could be opened.
    pub(super) log: Option<u64>,
    pub(super) children: u64,
    pub(super) root: String,
    /// Where the application server is.
    pub(super) app: String,
    /// The address of a word that is not 0 when a child is to finish.
    pub(super) finish: u64,
}

impl Settings {
    /// For threads, who find them in memory.
    pub(super) fn to_text(&self) -> String {
        let log = self.log.unwrap_or(u64::MAX);
        let numbers = format!("{} {log} {} {}", self.socket, self.children, self.finish);
        format!("{numbers}\n{}\n{}", self.root, self.app)
    }

    /// The settings in such a text.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut numbers = lines.next()?.split(' ').map(str::parse::<u64>);
        let mut number = || numbers.next()?.ok();
        let (socket, log, children, finish) = (number()?, number()?, number()?, number()?);
        let (root, app) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        let log = (log != u64::MAX).then_some(log);
        Some(Self { socket, log, children, root, app, finish })
    }
}

/// Who serves, and whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Child {
    settings: Arc<Settings>,
    connection: Option<u64>,
    /// What has been read of the next request.
    pending: Vec<u8>,
    /// Whether this connection is the only one.
    is_last: bool,
}

impl Child {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        let settings = Arc::clone(settings);
        Self { settings, connection: None, pending: Vec::new(), is_last: false }
    }

    /// One that serves this connection alone.
    pub(super) fn only(settings: &Arc<Settings>, connection: u64) -> Self {
        Self { connection: Some(connection), is_last: true, ..Self::new(settings) }
    }
}

/// Accepts a connection if there is none, serves one request of it, and goes on.
pub(super) async fn child(sys: Sys, mut state: Child) -> u64 {
    let settings = Arc::clone(&state.settings);
    let connection = match state.connection {
        Some(connection) => connection,
        None => {
            if state.is_last || sys.load(settings.finish).await != 0 {
                return 0;
            }
            match sys.accept(settings.socket, 0).await {
                Ok(connection) => connection,
                Err(Errno::EINTR) => return sys.rebase(state, child).await,
                Err(_) => return 1,
            }
        }
    };
    if state.connection.is_none() {
        let _ = sys.set_receive_timeout(connection, PATIENCE_MS).await;
        let _ = sys.set_no_delay(connection).await;
    }
    let is_kept = request(&sys, &settings, connection, &mut state.pending).await;
    if is_kept && sys.load(settings.finish).await == 0 {
        state.connection = Some(connection);
    } else {
        let _ = sys.close(connection).await;
        (state.connection, state.pending) = (None, Vec::new());
    }
    sys.rebase(state, child).await
}

/// Answers one request. Whether the connection stays.
async fn request(sys: &Sys, settings: &Settings, connection: u64, pending: &mut Vec<u8>) -> bool {
    let request = match http::read_request(sys, connection, pending).await {
        Ok(request) => request,
        Err(Failure::Malformed) => {
            refuse(sys, connection, 400, false).await;
            note(sys, settings, "- -", (400, 0)).await;
            return false;
        }
        Err(Failure::Closed | Failure::Io(_)) => return false,
    };
    Step::WebTook.mark(sys, request.target.len() as u64).await;
    let (outcome, is_kept) = answer(sys, settings, connection, &request).await;
    let line = format!("{} {}", request.method, request.target);
    note(sys, settings, &line, outcome).await;
    is_kept
}

/// What a request gets: the status and how many bytes, and whether the connection stays.
async fn answer(
    sys: &Sys,
    settings: &Settings,
    connection: u64,
    request: &Request,
) -> ((u16, u64), bool) {
    let is_kept = request.is_kept;
    if request.method != "GET" {
        return (refuse(sys, connection, 405, is_kept).await, is_kept);
    }
    let is_dynamic = request.target.starts_with(DYNAMIC);
    Step::WebDecided.mark(sys, u64::from(is_dynamic)).await;
    Step::WebWent.mark(sys, u64::from(is_dynamic)).await;
    if is_dynamic {
        return match proxy::ask(sys, &settings.app, request).await {
            Ok(response) => {
                Step::WebReceived.mark(sys, response.body.len() as u64).await;
                let bytes = proxy::passed(&response, is_kept);
                let is_sent = sys.send_all(connection, &bytes).await.is_ok();
                Step::WebPassed.mark(sys, bytes.len() as u64).await;
                ((response.status, response.body.len() as u64), is_kept && is_sent)
            }
            Err(status) => (refuse(sys, connection, status, is_kept).await, is_kept),
        };
    }
    let Some(path) = content::path_of(&settings.root, &request.target) else {
        return (refuse(sys, connection, 400, false).await, false);
    };
    match content::send(sys, connection, &path, is_kept).await {
        Ok(length) => {
            Step::WebPassed.mark(sys, length).await;
            ((200, length), is_kept)
        }
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EISDIR | Errno::EACCES) => {
            (refuse(sys, connection, 404, is_kept).await, is_kept)
        }
        Err(_) => ((500, 0), false),
    }
}

/// Sends a page that says what is wrong.
async fn refuse(sys: &Sys, connection: u64, status: u16, is_kept: bool) -> (u16, u64) {
    let page = refusal(status, is_kept);
    let _ = sys.send_all(connection, page.as_bytes()).await;
    let body = page.find("\r\n\r\n").map_or(0, |end| page.len() - end - 4);
    (status, body as u64)
}

/// A page that says what is wrong, head and body.
pub(super) fn refusal(status: u16, is_kept: bool) -> String {
    let reason = http::reason(status);
    let body = format!("<html><body><h1>{status} {reason}</h1></body></html>\n");
    http::head(status, "text/html", body.len() as u64, is_kept) + &body
}

/// A line for the access log: when, what, and what came of it. O_APPEND keeps lines of several processes apart.
pub(super) async fn note(sys: &Sys, settings: &Settings, what: &str, (status, length): (u16, u64)) {
    if let Some(log) = settings.log {
        let now = sys.now().await;
        let line = format!("[{now}] \"{what}\" {status} {length}\n");
        let _ = sys.write(log, line.as_bytes()).await;
    }
}
