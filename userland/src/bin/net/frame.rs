//! Messages over a stream: four bytes of length, most significant first, then that many bytes.
//!
//! A stream keeps bytes in order but not in pieces: what one side writes at once may arrive in parts, or together with
//! what came before. Who wants messages has to say where they end.

use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;

/// Longer messages are refused: the length comes from outside.
const LONGEST: usize = 4 << 20;

/// Sends a message.
///
/// # Errors
/// Those of write(2).
pub(in crate::bin) async fn send(sys: &Sys, fd: u64, message: &[u8]) -> Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| Errno::EMSGSIZE)?;
    sys.send_all(fd, &[&length.to_be_bytes(), message].concat()).await
}

/// Receives a message; `None` at the end of the stream.
///
/// # Errors
/// Those of read(2); `EMSGSIZE`; `ECONNRESET` if the stream ends in the middle.
pub(in crate::bin) async fn receive(sys: &Sys, fd: u64) -> Result<Option<Vec<u8>>> {
    let Some(head) = exactly(sys, fd, 4).await? else { return Ok(None) };
    let length = head.first_chunk().map_or(0, |head| u32::from_be_bytes(*head)) as usize;
    if length > LONGEST {
        return Err(Errno::EMSGSIZE);
    }
    exactly(sys, fd, length).await?.map(Some).ok_or(Errno::ECONNRESET)
}

/// So many bytes; `None` if the stream ends before the first.
async fn exactly(sys: &Sys, fd: u64, length: usize) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let part = sys.receive(fd, (length - bytes.len()).min(8192)).await?;
        if part.is_empty() {
            return if bytes.is_empty() { Ok(None) } else { Err(Errno::ECONNRESET) };
        }
        bytes.extend(part);
    }
    Ok(Some(bytes))
}
