//! The keys, over the rest of the screen, made from the key table.

use super::pen::Pen;
use crate::keys::KEYS;
use crate::text::fit;
use crate::theme::Role;

/// The widest that the text gets.
const WIDTH: u16 = 58;

pub(super) fn draw(pen: &mut Pen<'_>) {
    let rows = u16::try_from(KEYS.len()).unwrap_or(0) + 3;
    let rows = rows.min(pen.height);
    let width = (WIDTH + 2).min(pen.width);
    let (x, y) = ((pen.width - width) / 2, (pen.height - rows) / 2);
    pen.clear((x, y), (width, rows));
    let inside = usize::from(width - 2);
    pen.put(x, y, &fit("  Keys", usize::from(width)), Role::Title);
    let room = usize::from(rows.saturating_sub(2));
    for (binding, row) in KEYS.iter().take(room).zip(y + 1..) {
        let next = pen.put(x + 1, row, &fit(&format!(" {}", binding.label), 13), Role::Key);
        pen.put(next, row, &fit(binding.help, inside - 13), Role::Text);
    }
    let last = y + rows - 1;
    let text = fit("  Any key closes this.", usize::from(width));
    pen.put(x, last, &text, Role::Title);
}
