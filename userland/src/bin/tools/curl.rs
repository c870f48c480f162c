//! `curl [-ifsI] [-o FILE] URL…`: fetches what is at http:// addresses (curl(1)). `-i` shows the head too, `-I` the head alone, `-f` fails
//! where the server says 400 or more, `-o` writes to a file.

use super::super::net::{dns, http};
use super::tool::{Options, Tool};
use crate::sys::Sys;
use oscope_kernel::abi::Errno;
use std::net::SocketAddrV4;

/// Exit statuses, as curl(1) has them.
const WRONG_URL: u64 = 3;
const NO_HOST: u64 = 6;
const NO_CONNECTION: u64 = 7;
const HTTP_ERROR: u64 = 22;
const NO_WRITE: u64 = 23;
const RECEIVE: u64 = 56;

/// Host, port and path of an address.
fn parts(url: &str) -> Option<(&str, u16, &str)> {
    let rest = match url.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return None,
        None => url,
    };
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let (host, port) = match host.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host, 80),
    };
    (!host.is_empty()).then_some((host, port, path))
}

async fn complain(tool: &mut Tool, options: &Options, status: u64, what: &str) -> u64 {
    if !options.has('s') {
        tool.flush().await;
        let _ = tool.sys.write(2, format!("curl: ({status}) {what}\n").as_bytes()).await;
    }
    status
}

async fn fetch(tool: &mut Tool, options: &Options, url: &str) -> u64 {
    let Some((host, port, path)) = parts(url) else {
        return complain(tool, options, WRONG_URL, "URL using bad/illegal format or missing URL")
            .await;
    };
    let Ok(address) = dns::resolve(&tool.sys, host).await else {
        let what = format!("Could not resolve host: {host}");
        return complain(tool, options, NO_HOST, &what).await;
    };
    let connection = match tool.sys.tcp_connect(SocketAddrV4::new(address, port)).await {
        Ok(connection) => connection,
        Err(error) => {
            let what = format!("Failed to connect to {host} port {port}: {}", error.message());
            return complain(tool, options, NO_CONNECTION, &what).await;
        }
    };
    let named = if port == 80 { host.to_owned() } else { format!("{host}:{port}") };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {named}\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    let mut answer = Err(http::Failure::Closed);
    if tool.sys.send_all(connection, request.as_bytes()).await.is_ok() {
        answer = http::read_response(&tool.sys, connection, &mut Vec::new()).await;
    }
    let _ = tool.sys.close(connection).await;
    let Ok(response) = answer else {
        return complain(tool, options, RECEIVE, "Recv failure: no whole answer came").await;
    };
    if options.has('f') && response.status >= 400 {
        let what = format!("The requested URL returned error: {}", response.status);
        return complain(tool, options, HTTP_ERROR, &what).await;
    }
    let mut out = Vec::new();
    if options.has('i') || options.has('I') {
        let reason = http::reason(response.status);
        out.extend(format!("HTTP/1.1 {} {reason}\r\n", response.status).into_bytes());
        for (name, value) in &response.fields {
            out.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        out.extend(b"\r\n");
    }
    if !options.has('I') {
        out.extend(response.body);
    }
    match options.value('o') {
        None => tool.put(&out).await,
        Some(file) => {
            let file = file.to_owned();
            if let Err(error) = write_file(tool, &file, &out).await {
                let what = format!("Failed to write to {file}: {}", error.message());
                return complain(tool, options, NO_WRITE, &what).await;
            }
        }
    }
    0
}

async fn write_file(tool: &Tool, path: &str, bytes: &[u8]) -> Result<(), Errno> {
    // O_WRONLY, O_CREAT, O_TRUNC.
    let file = tool.sys.open(path, 0o1101, 0o644).await?;
    let written = tool.sys.write(file, bytes).await;
    tool.close(file).await;
    written
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "curl").await;
    let Some(options) = tool.options("ifsIo:").await else { return 2 };
    if options.operands.is_empty() {
        return tool.usage("curl [-ifsI] [-o FILE] URL").await;
    }
    let mut status = 0;
    for url in options.operands.clone() {
        status = fetch(&mut tool, &options, &url).await;
    }
    tool.status = tool.status.max(status);
    tool.end().await
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn addresses_have_three_parts() {
        assert_eq!(parts("http://www/a?b=1"), Some(("www", 80, "/a?b=1")));
        assert_eq!(parts("10.0.0.3:8080"), Some(("10.0.0.3", 8080, "/")));
        assert_eq!(parts("https://www/"), None);
        assert_eq!(parts("http:///x"), None);
    }
}
