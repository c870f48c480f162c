//! The database server's SQL against SQLite's: the same statements, the same answers.

mod sql {
    mod generate;
    pub(crate) use generate::Generator;
}

use oscope_kernel::base::Rng;
use oscope_tests::{boot, shell, shown};
use oscope_userland::bin::Builtins;
use oscope_userland::scenario::initramfs::initramfs;
use oscope_userland::sys::{RustImage, Sys};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sql::Generator;
use std::sync::{Arc, Mutex};

/// Rows as lines, sorted if the statement does not say how, and whether the statement went well.
type Outcome = (Vec<String>, bool);

/// What `dbd --single` answers to each statement, with so many pages of cache, its files in a directory or nowhere.
fn answers(statements: &[String], directory: &'static str, pages: u64) -> Vec<Outcome> {
    let text: Arc<str> = (statements.join("\n") + "\n").into();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let feeder = RustImage::new("feeder", move |sys: Sys| {
        let (text, told) = (Arc::clone(&text), Arc::clone(&told));
        async move {
            // O_RDWR | O_CREAT
            let Ok(input) = sys.open("/tmp/in", 0o102, 0o600).await else { return 200 };
            let Ok(output) = sys.open("/tmp/out", 0o102, 0o600).await else { return 201 };
            if sys.write(input, text.as_bytes()).await.is_err() {
                return 202;
            }
            let _ = sys.lseek(input, 0, 0).await;
            if sys.fork().await == Ok(0) {
                let _ = sys.dup2(input, 0).await;
                let _ = sys.dup2(output, 1).await;
                let pages = pages.to_string();
                sys.execve("/bin/dbd", &["dbd", "--single", directory, &pages]).await;
                return sys.exit(203).await;
            }
            let status = sys.wait(-1).await.map_or(204, |(_, status)| u64::from(status));
            let _ = sys.lseek(output, 0, 0).await;
            let mut all = Vec::new();
            while let Ok(more) = sys.read(output, 8192).await
                && !more.is_empty()
            {
                all.extend(more);
            }
            *told.lock().expect("nobody panicked") = all;
            status
        }
    });
    let loader = Arc::new(Builtins::default().with(feeder));
    let mut config = shell::config(&["-q", "/bin/feeder"]);
    config.initramfs = Some(initramfs("box", "127.0.0.1\tlocalhost\n", &loader).into());
    config.loader = loader;
    config.frames = 16_384;
    let mut machine = boot(config);
    assert_eq!(shell::run_to_end(&mut machine), Some(0), "{}", shown(&machine));
    let text = String::from_utf8(heard.lock().expect("nobody panicked").clone()).expect("text");
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if line.starts_with("ok ") {
            all.push((std::mem::take(&mut rows), true));
        } else if line.starts_with("error: ") {
            rows.clear();
            all.push((Vec::new(), false));
        } else {
            rows.push(line.to_owned());
        }
    }
    all
}

fn sqlite(connection: &Connection, statement: &str) -> rusqlite::Result<Vec<String>> {
    let mut prepared = connection.prepare(statement)?;
    let width = prepared.column_count();
    let mut rows = prepared.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let cell = |n| {
            Ok(match row.get_ref(n)? {
                ValueRef::Null => "NULL".to_owned(),
                ValueRef::Integer(n) => n.to_string(),
                ValueRef::Real(n) if n.fract() == 0.0 => format!("{n:.1}"),
                ValueRef::Real(n) => n.to_string(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                ValueRef::Blob(_) => "a blob".to_owned(),
            })
        };
        let cells: rusqlite::Result<Vec<String>> = (0..width).map(cell).collect();
        lines.push(cells?.join("|"));
    }
    Ok(lines)
}

#[track_caller]
fn compare(seed: u64, count: usize, directory: &'static str, pages: u64) {
    let statements = Generator::new(Rng::new(seed)).statements(count);
    let connection = Connection::open_in_memory().expect("SQLite");
    connection.execute_batch("PRAGMA foreign_keys = ON").expect("SQLite");
    let ours = answers(&statements, directory, pages);
    assert_eq!(ours.len(), statements.len(), "one answer for each statement");
    let (mut failed, mut lines) = (0, 0);
    for (n, (statement, (mut rows, is_well))) in statements.iter().zip(ours).enumerate() {
        let expected = sqlite(&connection, statement);
        assert_eq!(is_well, expected.is_ok(), "{n}: {statement}: {expected:?}");
        failed += usize::from(!is_well);
        lines += rows.len();
        let mut expected = expected.unwrap_or_default();
        if !statement.contains("ORDER BY") {
            rows.sort();
            expected.sort();
        }
        assert_eq!(rows, expected, "{n}: {statement}");
    }
    assert!(failed > count / 100 && failed < count / 2, "{failed} of {count} failed");
    assert!(lines > count / 2, "only {lines} rows in all");
}

#[test]
fn generated_statements_have_the_answers_of_sqlite() {
    // Few pages, so that they come and go.
    compare(1, 2000, "/var", 16);
}

#[test]
fn so_they_have_without_files() {
    compare(2, 600, "-", 512);
}
