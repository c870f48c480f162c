//! HTTP/1.1 (RFC 9112), as far as a small server and a small client need it. Heads are parsed by the crate `httparse`.

use crate::sys::Sys;
use oscope_kernel::abi::Errno;

/// The longest head that is read, and the most header fields in it.
const LONGEST_HEAD: usize = 8192;
const MOST_FIELDS: usize = 64;
/// The longest body that is kept in memory.
const LONGEST_BODY: usize = 4 << 20;

/// Header fields as they came: name, value.
type Fields = Vec<(String, String)>;

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bin) struct Request {
    pub(in crate::bin) method: String,
    /// Path and query.
    pub(in crate::bin) target: String,
    /// Whether the connection stays open for the next one.
    pub(in crate::bin) is_kept: bool,
    /// The number in the field `Cookie: session=`.
    pub(in crate::bin) session: Option<u64>,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bin) struct Response {
    pub(in crate::bin) status: u16,
    /// All header fields as they came, without the line of the status.
    pub(in crate::bin) fields: Fields,
    pub(in crate::bin) body: Vec<u8>,
    pub(in crate::bin) is_kept: bool,
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bin) enum Failure {
    /// The other side has closed the connection, and nothing was under way.
    Closed,
    /// What came is no HTTP.
    Malformed,
    /// The kernel says so. `EAGAIN`: it took too long.
    Io(Errno),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Io(errno)
    }
}

/// The standard's words for a status.
pub(in crate::bin) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

/// The head of a response: its status line and header fields.
pub(in crate::bin) fn head(status: u16, kind: &str, length: u64, is_kept: bool) -> String {
    let connection = if is_kept { "keep-alive" } else { "close" };
    format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: {connection}\r\n\r\n",
        reason(status)
    )
}

/// Reads until a whole head is there; what came after it stays in `pending`. `None` at the end of the stream.
async fn read_head(sys: &Sys, fd: u64, pending: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
    loop {
        if let Some(end) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(pending.drain(..end + 4).collect()));
        }
        if pending.len() > LONGEST_HEAD {
            return Err(Failure::Malformed);
        }
        let more = sys.receive(fd, 4096).await?;
        if more.is_empty() {
            return if pending.is_empty() { Ok(None) } else { Err(Failure::Malformed) };
        }
        pending.extend(more);
    }
}

/// Reads so many bytes, or to the end of the stream.
async fn read_body(
    sys: &Sys,
    fd: u64,
    pending: &mut Vec<u8>,
    length: Option<usize>,
) -> Result<Vec<u8>, Failure> {
    let wanted = length.unwrap_or(LONGEST_BODY);
    if wanted > LONGEST_BODY {
        return Err(Failure::Malformed);
    }
    while pending.len() < wanted {
        let more = sys.receive(fd, 8192).await?;
        if more.is_empty() {
            match length {
                None => break,
                Some(_) => return Err(Failure::Malformed),
            }
        }
        pending.extend(more);
    }
    let end = wanted.min(pending.len());
    Ok(pending.drain(..end).collect())
}

/// Names and values; `None` if a value is no text.
fn fields_of(fields: &[httparse::Header<'_>]) -> Option<Fields> {
    let field = |field: &httparse::Header<'_>| {
        let value = std::str::from_utf8(field.value).ok()?;
        Some((field.name.to_owned(), value.to_owned()))
    };
    fields.iter().map(field).collect()
}

/// The value of a header field, whose name may be in capitals or not.
pub(in crate::bin) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// The length of the body; an error if that is said and no number.
fn length(fields: &[(String, String)]) -> Result<Option<usize>, Failure> {
    match field(fields, "Content-Length") {
        None => Ok(None),
        Some(value) => value.trim().parse().map(Some).map_err(|_| Failure::Malformed),
    }
}

/// Whether the connection stays: HTTP/1.1 keeps it unless told otherwise, HTTP/1.0 only if told.
fn is_kept(version: u8, fields: &[(String, String)]) -> bool {
    match field(fields, "Connection") {
        Some(value) if value.eq_ignore_ascii_case("close") => false,
        Some(value) if value.eq_ignore_ascii_case("keep-alive") => true,
        _ => version == 1,
    }
}

/// A request's head, taken apart.
fn parse_request(head: &[u8]) -> Option<(Request, Fields)> {
    let mut space = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut space);
    if !parsed.parse(head).ok()?.is_complete() {
        return None;
    }
    let fields = fields_of(parsed.headers)?;
    let session = field(&fields, "Cookie").and_then(|cookie| {
        cookie.split(';').find_map(|part| part.trim().strip_prefix("session=")?.parse().ok())
    });
    let request = Request {
        method: parsed.method?.to_owned(),
        target: parsed.path?.to_owned(),
        is_kept: is_kept(parsed.version?, &fields),
        session,
    };
    Some((request, fields))
}

/// Takes a request out of what has been read, if a whole one is there. Its body is dropped.
///
/// # Errors
/// [`Failure::Malformed`].
pub(in crate::bin) fn take_request(pending: &mut Vec<u8>) -> Result<Option<Request>, Failure> {
    let Some(end) = pending.windows(4).position(|four| four == b"\r\n\r\n") else {
        let is_too_long = pending.len() > LONGEST_HEAD;
        return if is_too_long { Err(Failure::Malformed) } else { Ok(None) };
    };
    let head = pending.get(..end + 4).unwrap_or_default();
    let (request, fields) = parse_request(head).ok_or(Failure::Malformed)?;
    let body = length(&fields)?.unwrap_or(0);
    if field(&fields, "Transfer-Encoding").is_some() || body > LONGEST_BODY {
        return Err(Failure::Malformed);
    }
    let whole = end + 4 + body;
    if pending.len() < whole {
        return Ok(None);
    }
    pending.drain(..whole);
    Ok(Some(request))
}

/// Reads a request. A body is read and dropped.
///
/// # Errors
/// [`Failure`].
pub(in crate::bin) async fn read_request(
    sys: &Sys,
    fd: u64,
    pending: &mut Vec<u8>,
) -> Result<Request, Failure> {
    let head = read_head(sys, fd, pending).await?.ok_or(Failure::Closed)?;
    let (request, fields) = parse_request(&head).ok_or(Failure::Malformed)?;
    if field(&fields, "Transfer-Encoding").is_some() {
        return Err(Failure::Malformed);
    }
    read_body(sys, fd, pending, Some(length(&fields)?.unwrap_or(0))).await?;
    Ok(request)
}

/// Reads a response.
///
/// # Errors
/// [`Failure`].
pub(in crate::bin) async fn read_response(
    sys: &Sys,
    fd: u64,
    pending: &mut Vec<u8>,
) -> Result<Response, Failure> {
    let head = read_head(sys, fd, pending).await?.ok_or(Failure::Closed)?;
    let (status, fields, version) = parse_response(&head).ok_or(Failure::Malformed)?;
    let length = length(&fields)?;
    let is_kept = length.is_some() && is_kept(version, &fields);
    let body = read_body(sys, fd, pending, length).await?;
    Ok(Response { status, fields, body, is_kept })
}

fn parse_response(head: &[u8]) -> Option<(u16, Fields, u8)> {
    let mut space = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Response::new(&mut space);
    if !parsed.parse(head).ok()?.is_complete() {
        return None;
    }
    Some((parsed.code?, fields_of(parsed.headers)?, parsed.version?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_taken_apart_and_rubbish_is_refused() {
        let (request, _) = parse_request(
            b"GET /app/item?id=7 HTTP/1.1\r\nHost: web\r\nCookie: a=b; session=12\r\n\r\n",
        )
        .expect("a request");
        assert_eq!(request.target, "/app/item?id=7");
        assert_eq!((request.is_kept, request.session), (true, Some(12)));
        let (old, _) = parse_request(b"GET / HTTP/1.0\r\n\r\n").expect("a request");
        assert!(!old.is_kept, "HTTP/1.0 closes unless told otherwise");
        assert!(parse_request(b"GET\r\n\r\n").is_none());
        assert!(parse_request(b"\x16\x03\x01\r\n\r\n").is_none());
        let said = head(404, "text/html", 9, false);
        let (status, fields, _) = parse_response(said.as_bytes()).expect("a response");
        assert_eq!((status, length(&fields)), (404, Ok(Some(9))));
        assert_eq!(
            length(&[("content-length".to_owned(), "x".to_owned())]),
            Err(Failure::Malformed)
        );
    }
}
