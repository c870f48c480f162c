//! Static content: files below the root directory.

use crate::bin::net::http;
use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;

/// Bytes that one call moves at most.
pub(super) const STEP: u64 = 64 << 10;

/// What a file of this name is.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("png") => "image/png",
        _ => "text/plain",
    }
}

/// The file for a target; `None` if it would lead out of the root.
pub(super) fn path_of(root: &str, target: &str) -> Option<String> {
    let path = target.split('?').next().unwrap_or(target);
    let is_inside = path.starts_with('/') && !path.split('/').any(|part| part == "..");
    let file = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    is_inside.then(|| format!("{root}{file}"))
}

/// Sends a file: its status and length. `ENOENT` and such if there is none, and then nothing was sent.
pub(super) async fn send(sys: &Sys, connection: u64, path: &str, is_kept: bool) -> Result {
    let (file, length) = open(sys, path).await?;
    let result = send_open(sys, connection, (file, path, length), is_kept).await;
    let _ = sys.close(file).await;
    result
}

/// Opens a file: its descriptor and its length.
pub(super) async fn open(sys: &Sys, path: &str) -> Result<(u64, u64)> {
    /// The bits of a mode that say what kind of file it is, and what says a regular one.
    const KIND: u32 = 0o170_000;
    const REGULAR: u32 = 0o100_000;
    let file = sys.open(path, 0, 0).await?;
    match sys.fstat(file).await {
        Ok(stat) if stat.mode & KIND == REGULAR => Ok((file, stat.size as u64)),
        other => {
            let _ = sys.close(file).await;
            Err(other.err().unwrap_or(Errno::EISDIR))
        }
    }
}

/// What comes before a file.
pub(super) fn head(path: &str, length: u64, is_kept: bool) -> String {
    http::head(200, kind(path), length, is_kept)
}

async fn send_open(
    sys: &Sys,
    connection: u64,
    (file, path, length): (u64, &str, u64),
    is_kept: bool,
) -> Result {
    sys.send_all(connection, head(path, length, is_kept).as_bytes()).await?;
    let mut sent = 0;
    while sent < length {
        let count = sys.sendfile(connection, file, (length - sent).min(STEP)).await?;
        if count == 0 {
            // It has become shorter; the client must not wait for the rest.
            return Err(Errno::EIO);
        }
        sent += count;
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_target_leads_out_of_the_root() {
        assert_eq!(path_of("/srv", "/").as_deref(), Some("/srv/index.html"));
        assert_eq!(path_of("/srv", "/a/b.css?x=1").as_deref(), Some("/srv/a/b.css"));
        assert_eq!(path_of("/srv", "/../etc/passwd"), None);
        assert_eq!(path_of("/srv", "http://elsewhere/"), None);
        assert_eq!((kind("/srv/a.css"), kind("/srv/big")), ("text/css", "text/plain"));
    }
}
