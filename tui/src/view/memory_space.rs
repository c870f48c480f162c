//! One address space: its areas, and the way from an address through the page tables to a byte of a frame.

use super::colour;
use super::memory::Look;
use super::pen::Pen;
use crate::text::{fit, fit_right};
use crate::theme::Role;
use oscope_kernel::hw::mmu::Pte;
use oscope_kernel::machine::WalkStep;

/// The width of a column of figures.
const FIGURE: usize = 7;

/// The areas of a space, those with something in memory first to stay when there is little room. Returns the row
/// after them.
pub(super) fn areas(look: &Look<'_>, at: usize, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.memory();
    let Some(space) = look.picture.spaces.get(at) else { return top };
    let head = look.head(space);
    let who = head.map_or(String::new(), |head| {
        format!("{} {} {}", words.space, head.tag, head.name(look.model.now))
    });
    pen.rule(top, &who, "");
    let names: String = words.areas.iter().map(|name| fit_right(name, FIGURE)).collect();
    let left = pen.width.saturating_sub((FIGURE * words.areas.len()) as u16 + 1);
    pen.put(left, top, &names, Role::Text);
    if let Some(head) = head {
        pen.put(2, top, " ", Role::Run(colour(head)));
    }
    let room = usize::from(rows.saturating_sub(1));
    let mut shown: Vec<usize> = (0..space.areas.len()).collect();
    if shown.len() > room {
        shown.sort_by_key(|n| std::cmp::Reverse(space.areas[*n].resident));
        shown.truncate(room);
        shown.sort_unstable();
    }
    let mut y = top + 1;
    for area in shown.into_iter().filter_map(|n| space.areas.get(n)) {
        let name = if area.vma.name.is_empty() { "" } else { area.vma.name };
        let range = format!("{:010x}-{:010x}", area.vma.start, area.vma.end);
        let text = format!(" {range} {} {name}", area.letters());
        pen.field((0, y), &text, left, Role::Text);
        let figures = [
            area.vma.pages(),
            area.resident,
            area.shared,
            area.copy_on_write,
            area.dirty,
            area.swapped,
        ];
        let figure = |n: u64| if n == 0 { "-".to_owned() } else { n.to_string() };
        let figures: String = figures.map(|n| fit_right(&figure(n), FIGURE)).concat();
        pen.put(left, y, &figures, Role::Text);
        y += 1;
    }
    y
}

/// The way from the address at which the space faulted last to its byte. Returns the row after it.
pub(super) fn walk(look: &Look<'_>, at: usize, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.memory();
    let Some(walk) = look.picture.walks.get(at).filter(|_| rows >= 2) else { return top };
    pen.rule(top, &format!("{} {:#x}", words.walk, walk.address), "Sv39");
    let mut y = top + 1;
    let end = top + rows.min(5);
    for step in walk.steps.iter().take(usize::from(end - y)) {
        let first = 12 + 9 * step.level;
        let bits = format!("{:2}..{:<2} {:09b} = {:>3}", first + 8, first, step.index, step.index);
        let table = words.tables[usize::from(step.level != 2)];
        let table = format!("{table}, {} {}", words.frame, step.table.0);
        let x = pen.put(1, y, &bits, Role::Heading);
        let x = pen.put(x + 3, y, &fit(&table, 24), Role::Text);
        pen.put(x, y, &format!("-> {}", says(look, step)), Role::Text);
        y += 1;
    }
    if let Some(frame) = walk.frame.filter(|_| y < end) {
        let bits = format!("11..0  {:012b}", walk.offset);
        let x = pen.put(1, y, &bits, Role::Heading);
        let text = format!("{} {} / {} {}", words.frame, frame.0, words.byte, walk.offset);
        pen.put(x + 5, y, &text, Role::Caption);
        y += 1;
    }
    y
}

/// What an entry says.
fn says(look: &Look<'_>, step: &WalkStep) -> String {
    let words = look.model.lang.memory();
    let [to_table, nothing, swapped] = words.entry;
    let entry = step.entry;
    if entry.slot().is_some() {
        return swapped.to_owned();
    }
    if !entry.has(Pte::VALID) {
        return nothing.to_owned();
    }
    let frame = format!("{} {}", words.frame, entry.frame().0);
    if step.level > 0 {
        return format!("{to_table} {frame}");
    }
    let letter = |flag, letter| if entry.has(flag) { letter } else { '-' };
    let rights: String =
        [letter(Pte::READ, 'r'), letter(Pte::WRITE, 'w'), letter(Pte::EXECUTE, 'x')]
            .iter()
            .collect();
    let [cow, used, dirty] = words.flags;
    let flags = [(Pte::COPY_ON_WRITE, cow), (Pte::ACCESSED, used), (Pte::DIRTY, dirty)];
    let flags: Vec<&str> =
        flags.into_iter().filter(|(flag, _)| entry.has(*flag)).map(|(_, word)| word).collect();
    format!("{frame} {rights} {}", flags.join(", "))
}
