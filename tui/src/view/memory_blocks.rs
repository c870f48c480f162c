//! Memory that is handed out in whole blocks: the strip of blocks and holes.

use super::colour;
use super::memory::Look;
use super::pen::Pen;
use crate::memory::PartitionPicture;
use crate::text::fit;
use crate::theme::Role;

/// The most rows of the strip: more of them show smaller blocks.
const MOST_ROWS: u16 = 4;

/// The strip, with a heading and two lines of figures. Needs four rows. Returns the row after it.
pub(super) fn draw(
    look: &Look<'_>,
    picture: &PartitionPicture,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) -> u16 {
    let words = look.model.lang.memory();
    let [heading, fit_word] = words.partitions;
    pen.rule(top, heading, &format!("{fit_word} {}", picture.policy));
    let wide = pen.width.saturating_sub(4).max(1);
    let (first, size) = picture.stretch;
    let most = rows.saturating_sub(3).clamp(1, MOST_ROWS);
    let each = size.div_ceil(u32::from(wide) * u32::from(most)).max(1);
    let cells = size.div_ceil(each);
    for cell in 0..cells {
        let from = first.0 + cell * each;
        let (sign, role) = sign(look, picture, (from, each));
        let (x, y) = (cell % u32::from(wide), cell / u32::from(wide));
        pen.cell(2 + x as u16, top + 1 + y as u16, sign, role);
    }
    let y = top + 1 + cells.div_ceil(u32::from(wide)) as u16;
    let [blocks, holes, largest, refused, fragmented, searched] = words.blocks;
    let free: u32 = picture.holes.iter().map(|(_, frames)| frames).sum();
    let most = picture.holes.iter().map(|(_, frames)| *frames).max().unwrap_or(0);
    let (no, though) = picture.refused;
    let what = format!(
        "{} {blocks}, {} {holes} {free} {largest} {most}; {refused} {no}, {though} {fragmented}",
        picture.lots.len(),
        picture.holes.len(),
    );
    pen.put(1, y, &fit(&what, usize::from(wide)), Role::Text);
    let legend = format!("{}   {} {searched}", words.strip, picture.searched);
    pen.put(1, y + 1, &fit(&legend, usize::from(wide)), Role::Faint);
    y + 2
}

/// What most of the frames from `from` on are.
fn sign(look: &Look<'_>, picture: &PartitionPicture, (from, each): (u32, u32)) -> (char, Role) {
    let to = from + each;
    let within = |base: u32, frames: u32| to.min(base + frames).saturating_sub(from.max(base));
    let lots = picture.lots.iter().filter(|(lot, _)| within(lot.base.0, lot.bound) > 0);
    let taken: u32 = lots.clone().map(|(lot, _)| within(lot.base.0, lot.bound)).sum();
    let holes: u32 = picture.holes.iter().map(|(hole, frames)| within(hole.0, *frames)).sum();
    let largest = lots.max_by_key(|(lot, _)| within(lot.base.0, lot.bound));
    let Some((lot, place)) = largest.filter(|_| taken >= holes) else { return ('.', Role::Faint) };
    let head = place.and_then(|at| letter(look, at));
    let (letter, role) = head.unwrap_or(('?', Role::Text));
    if (from..to).contains(&lot.base.0) { ('[', role) } else { (letter, role) }
}

/// The letter of a space and its colour.
fn letter(look: &Look<'_>, at: usize) -> Option<(char, Role)> {
    let head = look.head(look.picture.spaces.get(at)?)?;
    Some((head.letter, Role::Run(colour(head))))
}
