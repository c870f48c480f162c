//! Output: a reader that goes away ends a command in peace.

use super::Failure;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};

/// Standard output or a file, buffered.
pub(super) struct Out {
    name: String,
    writer: BufWriter<Box<dyn Write>>,
}

impl Out {
    /// Standard output.
    pub(super) fn stdout() -> Self {
        Self {
            name: "standard output".to_owned(),
            writer: BufWriter::new(Box::new(std::io::stdout())),
        }
    }

    /// A file, or standard output for `-`.
    pub(super) fn to(path: &str) -> Result<Self, Failure> {
        if path == "-" {
            return Ok(Self::stdout());
        }
        let file = File::create(path);
        let file = file.map_err(|error| Failure::Usage(format!("{path}: {error}")))?;
        Ok(Self { name: path.to_owned(), writer: BufWriter::new(Box::new(file)) })
    }

    /// Writes a line.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Failure> {
        let written = writeln!(self.writer, "{line}");
        written.map_err(|error| self.failure(&error))
    }

    /// Writes a JSON document.
    pub(super) fn json(&mut self, document: &impl serde::Serialize) -> Result<(), Failure> {
        let written = serde_json::to_writer_pretty(&mut self.writer, document);
        written.map_err(|error| self.failure(&error.into()))?;
        self.line("")
    }

    /// Writes text that brings its own line ends.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Failure> {
        let written = self.writer.write_all(text);
        written.map_err(|error| self.failure(&error))
    }

    /// Shows what there is so far, to somebody who waits.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let written = self.writer.flush();
        written.map_err(|error| self.failure(&error))
    }

    /// Writes out what is buffered. To be called at the end, or errors there go unnoticed.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }

    fn failure(&self, error: &std::io::Error) -> Failure {
        if error.kind() == ErrorKind::BrokenPipe {
            Failure::PipeClosed
        } else {
            Failure::Run(format!("{}: {error}", self.name))
        }
    }
}
