//! A screen as a picture: SVG for documents, HTML for pages, both without anything that must be loaded.
//!
//! Text stays text, so that it can be searched and read aloud. Every run of cells that look alike is one element whose
//! width is given, so that glyphs of any font stand where the cells are.

use crate::text::width;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// The width of a cell, in tenths of a pixel.
const CELL: usize = 84;
/// The height of a row, in pixels.
const ROW: usize = 18;
/// Space around the screen, in pixels.
const EDGE: usize = 10;

/// What stands for the terminal's own colours.
const GROUND: (u8, u8, u8) = (24, 26, 31);
const INK: (u8, u8, u8) = (214, 216, 220);

/// How a run of cells looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: (u8, u8, u8),
    ground: (u8, u8, u8),
    bold: bool,
}

/// Cells side by side that look alike.
struct Run {
    x: usize,
    y: usize,
    cells: usize,
    text: String,
    look: Look,
}

fn colour(colour: Color, own: (u8, u8, u8)) -> (u8, u8, u8) {
    match colour {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Black => (0, 0, 0),
        Color::Red => (205, 76, 76),
        Color::Green => (95, 173, 101),
        Color::Yellow => (222, 190, 90),
        Color::Blue => (82, 130, 214),
        Color::Magenta => (186, 114, 200),
        Color::Cyan => (86, 182, 194),
        Color::Gray => (170, 172, 176),
        Color::DarkGray => (110, 112, 118),
        Color::LightRed => (240, 113, 105),
        Color::White => (245, 246, 248),
        _ => own,
    }
}

/// Half way to the ground, as terminals dim.
fn dimmed(ink: (u8, u8, u8), ground: (u8, u8, u8)) -> (u8, u8, u8) {
    let mix = |a: u8, b: u8| ((u16::from(a) * 3 + u16::from(b) * 2) / 5) as u8;
    (mix(ink.0, ground.0), mix(ink.1, ground.1), mix(ink.2, ground.2))
}

fn look(cell: &Cell) -> Look {
    let (mut ink, mut ground) = (colour(cell.fg, INK), colour(cell.bg, GROUND));
    if cell.modifier.contains(Modifier::REVERSED) {
        (ink, ground) = (ground, ink);
    }
    if cell.modifier.contains(Modifier::DIM) {
        ink = dimmed(ink, ground);
    }
    Look { ink, ground, bold: cell.modifier.contains(Modifier::BOLD) }
}

fn runs(buffer: &Buffer) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(buffer.area.x + x, buffer.area.y + y)];
            let (look, cells) = (look(cell), width(cell.symbol()).max(1));
            let (at, row) = (usize::from(x), usize::from(y));
            match runs.last_mut() {
                Some(run) if run.y == row && run.look == look => {
                    run.text.push_str(cell.symbol());
                    run.cells += cells;
                }
                _ => {
                    let text = cell.symbol().to_owned();
                    runs.push(Run { x: at, y: row, cells, text, look });
                }
            }
            x += u16::try_from(cells).unwrap_or(1);
        }
    }
    runs
}

/// Text in markup: what would be markup itself is written as text.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Tenths of a pixel as pixels.
fn pixels(tenths: usize) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The screen as an SVG document.
#[must_use]
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (wide, high) = ((columns * CELL).div_ceil(10) + 2 * EDGE, rows * ROW + 2 * EDGE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         role=\"img\" font-family=\"'DejaVu Sans Mono','Noto Sans Mono CJK KR','Menlo','Consolas',monospace\" \
         font-size=\"14\">\n<title>{}</title>\n<rect width=\"{wide}\" height=\"{high}\" rx=\"6\" fill=\"{}\"/>\n",
        escaped(title),
        hex(GROUND)
    );
    for run in runs(buffer) {
        let (x, y) = (EDGE * 10 + run.x * CELL, EDGE + run.y * ROW);
        let long = pixels(run.cells * CELL);
        if run.look.ground != GROUND {
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{y}\" width=\"{long}\" height=\"{ROW}\" fill=\"{}\"/>",
                pixels(x),
                hex(run.look.ground)
            );
        }
        let text = run.text.trim_end();
        if text.is_empty() {
            continue;
        }
        // Blanks at the front are left out, so that every reader keeps the rest where it is.
        let words = text.trim_start_matches(' ');
        let skipped = text.len() - words.len();
        let long = pixels(width(words) * CELL);
        let weight = if run.look.bold { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" textLength=\"{long}\" lengthAdjust=\"spacingAndGlyphs\" \
             xml:space=\"preserve\" fill=\"{}\"{weight}>{}</text>",
            pixels(x + skipped * CELL),
            y + ROW - 5,
            hex(run.look.ink),
            escaped(words)
        );
    }
    out.push_str("</svg>\n");
    out
}

/// The screen as an HTML page.
#[must_use]
pub fn html(buffer: &Buffer, title: &str) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{}</title>\n<style>body{{background:{ground}}}\
         pre{{font:14px/18px 'DejaVu Sans Mono','Noto Sans Mono CJK KR',Menlo,Consolas,monospace;color:{}}}\
         b{{font-weight:bold}}</style></head>\n<body><pre>\n",
        escaped(title),
        hex(INK),
        ground = hex(GROUND)
    );
    let mut row = 0;
    for run in runs(buffer) {
        if run.y != row {
            out.push('\n');
            row = run.y;
        }
        let plain = Look { ink: INK, ground: GROUND, bold: false };
        if run.look == plain {
            out.push_str(&escaped(&run.text));
            continue;
        }
        let (open, close) = if run.look.bold { ("<b>", "</b>") } else { ("", "") };
        let _ = write!(
            out,
            "<span style=\"color:{};background:{}\">{open}{}{close}</span>",
            hex(run.look.ink),
            hex(run.look.ground),
            escaped(&run.text)
        );
    }
    out.push_str("\n</pre></body></html>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::{escaped, html, svg};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    fn screen() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a<b 한국", Style::new());
        buffer.set_string(2, 1, "run", Style::new().fg(Color::Black).bg(Color::Cyan).bold());
        buffer
    }

    #[test]
    fn guest_text_is_text_in_markup_too() {
        assert_eq!(escaped("<b a='1'>&\"\u{1b}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;?");
        for text in [svg(&screen(), "<x>"), html(&screen(), "<x>")] {
            assert!(text.contains("a&lt;b 한국") && text.contains("&lt;x&gt;"), "{text}");
        }
    }

    #[test]
    fn cells_stand_where_they_stand_on_the_screen() {
        let text = svg(&screen(), "t");
        // Two cells in, on the second row: 10 + 2 * 8.4 pixels from the left.
        assert!(
            text.contains(
                "<rect x=\"26.8\" y=\"28\" width=\"25.2\" height=\"18\" fill=\"#56b6c2\"/>"
            )
        );
        assert!(text.contains("<text x=\"26.8\" y=\"41\" textLength=\"25.2\""), "{text}");
        // The wide glyphs take two cells each: 4 + 4.
        assert!(text.contains("textLength=\"67.2\""), "{text}");
        assert!(html(&screen(), "t").contains("background:#56b6c2"));
    }
}
