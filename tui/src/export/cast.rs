//! A recording of the screen in the format asciicast v2, which asciinema plays: a line of JSON for the header, and one
//! for everything that was written to the terminal, with its time in seconds.
//!
//! Source: docs.asciinema.org/manual/asciicast/v2.

use super::screen_ansi;
use ratatui::buffer::Buffer;
use serde_json::json;
use std::time::Duration;

/// A recording that goes on.
#[derive(Debug, Default)]
pub struct Cast {
    last: Option<Buffer>,
    text: String,
}

impl Cast {
    /// Takes the next frame, so long after the first one. A frame that shows nothing new is left out.
    pub fn frame(&mut self, buffer: &Buffer, time: Duration) {
        if self.last.as_ref() == Some(buffer) {
            return;
        }
        let (width, height) = (buffer.area.width, buffer.area.height);
        if self.last.is_none() {
            let header =
                json!({ "version": 2, "width": width, "height": height, "title": "oscope" });
            self.text = format!("{header}\n");
        }
        let seconds = time.as_millis() as f64 / 1_000.0;
        let old = self.last.as_ref().filter(|old| old.area == buffer.area);
        if old.is_none() && self.last.is_some() {
            let size = json!([seconds, "r", format!("{width}x{height}")]);
            self.text.push_str(&format!("{size}\n"));
        }
        let output = json!([seconds, "o", screen_ansi::change(old, buffer)]);
        self.text.push_str(&format!("{output}\n"));
        self.last = Some(buffer.clone());
    }

    /// The recording so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Cast;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};
    use serde_json::Value;
    use std::time::Duration;

    #[test]
    fn a_recording_has_a_header_and_only_what_changes() {
        let mut cast = Cast::default();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
        buffer.set_string(0, 0, "one", Style::new().fg(Color::Red));
        cast.frame(&buffer, Duration::ZERO);
        cast.frame(&buffer, Duration::from_millis(5));
        buffer.set_string(0, 1, "한", Style::new());
        cast.frame(&buffer, Duration::from_millis(1_500));
        let lines: Vec<Value> =
            cast.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!((&lines[0]["version"], &lines[0]["width"]), (&2.into(), &10.into()));
        assert!(
            lines[1][2].as_str().is_some_and(|s| s.contains("\u{1b}[31m") && s.contains("one"))
        );
        assert_eq!(lines[2][0], 1.5);
        let last = lines[2][2].as_str().expect("text");
        assert!(last.contains("\u{1b}[2;1H") && last.contains('한') && !last.contains("one"));
    }
}
