//! Writes text into cells. Nothing is written outside of the screen, and nothing but cells is written:
//! text of a guest cannot become a command to the terminal.

use crate::model::Model;
use crate::text::{fit, width};
use crate::theme::{Role, Theme};
use crate::update::Target;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Writes into a buffer in the colours of a theme.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    theme: Theme,
    /// The glyphs for rules and the playhead.
    pub(super) rule: char,
    pub(super) bar: char,
    pub(super) width: u16,
    pub(super) height: u16,
    zones: Vec<(Rect, Target)>,
}

impl<'a> Pen<'a> {
    /// Writes into a part of the screen.
    pub(super) fn new(buffer: &'a mut Buffer, model: &Model, area: Rect) -> Self {
        let (rule, bar) = if model.ascii { ('-', '|') } else { ('─', '│') };
        Self {
            buffer,
            area,
            theme: model.theme,
            rule,
            bar,
            width: area.width,
            height: area.height,
            zones: Vec::new(),
        }
    }

    /// Writes a text; returns the column after it.
    pub(super) fn put(&mut self, x: u16, y: u16, text: &str, role: Role) -> u16 {
        if y >= self.height || x >= self.width {
            return x;
        }
        let room = usize::from(self.width - x);
        let area = self.area;
        let style = self.theme.style(role);
        let (x, _) = self.buffer.set_stringn(area.x + x, area.y + y, text, room, style);
        x - area.x
    }

    /// Makes a row, from one column up to another, something to click on. Later zones lie over earlier ones.
    pub(super) fn zone(&mut self, y: u16, columns: std::ops::Range<u16>, target: Target) {
        let width = columns.end.min(self.width).saturating_sub(columns.start);
        self.zones
            .push((Rect::new(self.area.x + columns.start, self.area.y + y, width, 1), target));
    }

    /// All that can be clicked on.
    pub(super) fn into_zones(self) -> Vec<(Rect, Target)> {
        self.zones
    }

    /// Writes a text into exactly `cells` cells.
    pub(super) fn field(&mut self, (x, y): (u16, u16), text: &str, cells: u16, role: Role) -> u16 {
        self.put(x, y, &fit(text, usize::from(cells)), role)
    }

    /// Writes one glyph.
    pub(super) fn cell(&mut self, x: u16, y: u16, glyph: char, role: Role) {
        self.put(x, y, glyph.encode_utf8(&mut [0; 4]), role);
    }

    /// A whole row with a text at either end; the left one gives way.
    pub(super) fn row(&mut self, y: u16, left: &str, right: &str, role: Role) {
        let all = usize::from(self.width);
        let room = all.saturating_sub(width(right));
        self.put(0, y, &format!("{}{right}", fit(left, room)), role);
    }

    /// A heading: `── left ───────── right ──`.
    pub(super) fn rule(&mut self, y: u16, left: &str, right: &str) {
        let line: String = std::iter::repeat_n(self.rule, usize::from(self.width)).collect();
        self.put(0, y, &line, Role::Faint);
        self.put(2, y, &format!(" {left} "), Role::Heading);
        if !right.is_empty() {
            let text = format!(" {right} ");
            let length = u16::try_from(width(&text)).unwrap_or(self.width);
            let x = self.width.saturating_sub(length + 2);
            self.put(x, y, &text, Role::Text);
        }
    }

    /// Empties a rectangle.
    pub(super) fn clear(&mut self, (x, y): (u16, u16), (columns, rows): (u16, u16)) {
        let blank = " ".repeat(usize::from(columns));
        for row in y..y + rows {
            self.put(x, row, &blank, Role::Text);
        }
    }
}
