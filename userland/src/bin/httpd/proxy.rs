//! Dynamic content: the request goes to the application server, and what comes back goes to the client.

use crate::bin::appd::PORT;
use crate::bin::net::{connect, http};
use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;

/// How long the application server may take.
const PATIENCE_MS: u64 = 5000;

/// What to tell the client when the application server cannot be reached, or not in time.
fn status(errno: Errno) -> u16 {
    match errno {
        Errno::EAGAIN | Errno::ETIMEDOUT => 504,
        _ => 502,
    }
}

/// What the application server answers; a status of its own if it does not.
pub(super) async fn ask(
    sys: &Sys,
    app: &str,
    request: &http::Request,
) -> std::result::Result<http::Response, u16> {
    let link = connect(sys, app, PORT).await.map_err(status)?;
    let result = async {
        pass_on(sys, link, request).await.map_err(status)?;
        http::read_response(sys, link, &mut Vec::new()).await.map_err(|failure| match failure {
            http::Failure::Io(errno) => status(errno),
            http::Failure::Closed | http::Failure::Malformed => 502,
        })
    }
    .await;
    let _ = sys.close(link).await;
    result
}

async fn pass_on(sys: &Sys, link: u64, request: &http::Request) -> Result<()> {
    sys.set_receive_timeout(link, PATIENCE_MS).await?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n",
        request.method, request.target
    );
    if let Some(session) = request.session {
        head += &format!("Cookie: session={session}\r\n");
    }
    head += "\r\n";
    sys.send_all(link, head.as_bytes()).await
}

/// A response as the client gets it: as it is, but for how this connection goes on.
pub(super) fn passed(response: &http::Response, is_kept: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, http::reason(response.status));
    for (name, value) in &response.fields {
        let is_hop = ["Connection", "Content-Length", "Transfer-Encoding"]
            .iter()
            .any(|hop| name.eq_ignore_ascii_case(hop));
        if !is_hop {
            head += &format!("{name}: {value}\r\n");
        }
    }
    let connection = if is_kept { "keep-alive" } else { "close" };
    head += &format!("Content-Length: {}\r\nConnection: {connection}\r\n\r\n", response.body.len());
    [head.as_bytes(), &response.body].concat()
}
