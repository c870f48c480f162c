//! A screen as a terminal would be told to show it: the cells that differ from the frame before.

use crate::text::width;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// Select Graphic Rendition, as ECMA-48 and xterm have it.
fn style(cell: &Cell) -> String {
    let mut codes = vec!["0".to_owned()];
    let shapes = [(Modifier::BOLD, "1"), (Modifier::DIM, "2"), (Modifier::REVERSED, "7")];
    codes.extend(
        shapes.into_iter().filter(|(m, _)| cell.modifier.contains(*m)).map(|(_, c)| c.to_owned()),
    );
    codes.extend(colour(cell.fg, 30));
    codes.extend(colour(cell.bg, 40));
    match codes.len() {
        2 if cell.bg == Color::Reset && cell.modifier.is_empty() => format!("\x1b[{}m", codes[1]),
        _ => format!("\x1b[{}m", codes.join(";")),
    }
}

fn colour(colour: Color, base: u8) -> Option<String> {
    let plain = |n: u8| Some((base + n).to_string());
    let light = |n: u8| Some((base + 60 + n).to_string());
    match colour {
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => light(0),
        Color::LightRed => light(1),
        Color::White => light(7),
        Color::Rgb(r, g, b) => Some(format!("{};2;{r};{g};{b}", base + 8)),
        _ => None,
    }
}

/// What turns the old screen into the new one.
#[must_use]
pub(super) fn change(old: Option<&Buffer>, new: &Buffer) -> String {
    let mut out = if old.is_none() { "\x1b[0m\x1b[2J".to_owned() } else { String::new() };
    for y in 0..new.area.height {
        let mut x = 0;
        // Where the terminal's cursor stands, and with which style it writes.
        let mut pen: Option<(u16, String)> = None;
        while x < new.area.width {
            let cell = &new[(x, y)];
            let wide = u16::try_from(width(cell.symbol()).max(1)).unwrap_or(1);
            if old.is_none_or(|old| old[(x, y)] != *cell) {
                let wanted = style(cell);
                match &pen {
                    Some((at, look)) if *at == x => {
                        if *look != wanted {
                            let _ = write!(out, "\x1b[0m{wanted}");
                        }
                    }
                    _ => {
                        let _ = write!(out, "\x1b[0m\x1b[{};{}H{wanted}", y + 1, x + 1);
                    }
                }
                out.push_str(cell.symbol());
                pen = Some((x + wide, wanted));
            }
            x += wide;
        }
    }
    out.push_str("\x1b[0m");
    out
}
