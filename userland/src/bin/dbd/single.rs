//! `dbd --single [DIRECTORY]`: the database and its one user in one process, as `postgres --single`: statements come from
//! standard input, one a line, and answers go to standard output.

use super::sql::session::{Answer, Session};
use super::store::Handle;
use crate::sys::Sys;

/// A line for each row, its columns between bars.
pub(super) fn text_of(answer: &Answer) -> String {
    let mut text = String::new();
    for row in &answer.rows {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        text.push_str(&cells.join("|"));
        text.push('\n');
    }
    text
}

/// Reads a piece of input, carries out the whole lines in it, and goes on.
pub(super) async fn run(sys: Sys, state: (Handle, Session, Vec<u8>)) -> u64 {
    let (handle, mut session, mut pending) = state;
    let db = handle.open(&sys);
    let Ok(more) = sys.read(0, 4096).await else { return 1 };
    if more.is_empty() {
        session.abandon(&db).await;
        return u64::from(db.checkpoint().await.is_err());
    }
    pending.extend(more);
    while let Some(end) = pending.iter().position(|&byte| byte == b'\n') {
        let line: Vec<u8> = pending.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        let answer = match session.execute(&db, line.trim()).await {
            Ok(answer) => format!("{}ok {}\n", text_of(&answer), answer.changed),
            Err(error) => format!("error: {error}\n"),
        };
        if sys.write(1, answer.as_bytes()).await.is_err() {
            return 1;
        }
    }
    sys.rebase((handle, session, pending), run).await
}
