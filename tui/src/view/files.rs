//! The files view: open files and who shares them, names that are known, one file in detail, mounts, the page cache.
//!
//! A column is a process, a row is an open file, and the numbers in a cell are that process's descriptors. Two cells that are
//! joined by `===` lead to the very same open file: they share its offset. Two rows of one name do not.

use super::colour;
use super::pen::Pen;
use crate::model::{MachineModel, Model};
use crate::text::{fit, fit_right, round_bytes, width};
use crate::theme::Role;
use crate::trace::Track;
use crate::update::Target;
use oscope_kernel::abi::flags::file::AccessMode;
use oscope_kernel::base::Pid;
use oscope_kernel::fs::{Attributes, Kind, State};
use oscope_kernel::machine::{CacheView, FilesView, MountView, NameView, OpenView};

/// Where the columns of processes begin.
const COLUMNS: u16 = 34;
/// The narrowest and the widest column.
const COLUMN: std::ops::RangeInclusive<u16> = 7..=14;
/// From so many rows on, everything is shown at once.
const TALL: u16 = 30;
/// The width of a column of figures in the tree.
const FIGURE: usize = 7;

struct Look<'a> {
    model: &'a Model,
    machine: &'a MachineModel,
    files: &'a FilesView,
}

impl<'a> Look<'a> {
    fn track(&self, pid: Pid) -> Option<&'a Track> {
        self.machine.trace.tasks(self.model.now).iter().find(|track| track.pid == pid.0)
    }

    /// The chosen name, as a place in the tree.
    fn chosen(&self) -> Option<usize> {
        let path = self.machine.path.as_deref()?;
        self.files.names.iter().position(|name| name.path == path)
    }
}

pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let words = model.lang.files();
    let Some(files) = model.files() else {
        pen.rule(top, words.open, words.bond);
        return;
    };
    let look = Look { model, machine, files };
    let end = top + rows;
    let is_tall = rows >= TALL;
    let open = u16::try_from(files.open.len()).unwrap_or(u16::MAX / 2).max(1) + 2;
    let mut y =
        open_files(&look, (top, open.min(if is_tall { rows / 3 } else { rows / 3 + 1 })), pen);
    let mounts = u16::try_from(files.mounts.len()).unwrap_or(u16::MAX / 2) + 1;
    let detail = if is_tall || look.chosen().is_some() { 4 } else { 0 };
    let below = if is_tall { detail + mounts.min(rows / 6) + rows / 6 } else { detail };
    y = names(&look, (y, end.saturating_sub(y + below)), pen);
    if detail > 0 {
        y = file(&look, y, pen);
    }
    if is_tall {
        y = self::mounts(&look, (y, mounts.min(rows / 6)), pen);
        cache(&look, (y, end.saturating_sub(y)), pen);
    }
}

/// Open files and who has them. Returns the row after them.
fn open_files(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.files();
    pen.rule(top, words.open, words.bond);
    let mut pids: Vec<Pid> =
        look.files.open.iter().flat_map(|open| open.holders.iter().map(|(pid, _)| *pid)).collect();
    pids.sort_unstable();
    pids.dedup();
    if pids.is_empty() {
        pen.put(1, top + 1, words.nothing_open, Role::Faint);
        return top + 2;
    }
    let [name, offset, mode] = words.columns;
    pen.field((1, top + 1), name, 18, Role::Faint);
    pen.put(19, top + 1, &fit_right(offset, 8), Role::Faint);
    pen.put(28, top + 1, mode, Role::Faint);
    let room = pen.width.saturating_sub(COLUMNS);
    let count = u16::try_from(pids.len()).unwrap_or(u16::MAX);
    let cells = (room / count.max(1)).clamp(*COLUMN.start(), *COLUMN.end());
    let fits = usize::from(room / cells).max(1);
    // The process of the chosen task is always among those that are shown.
    let chosen = look.machine.selected.and_then(|serial| look.machine.trace.track(serial));
    let chosen = chosen.and_then(|track| pids.iter().position(|pid| pid.0 == track.pid));
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(fits));
    let shown: Vec<(Pid, u16)> = pids
        .iter()
        .copied()
        .skip(first)
        .take(fits)
        .zip((COLUMNS..).step_by(usize::from(cells)))
        .collect();
    for (pid, x) in &shown {
        let Some(track) = look.track(*pid) else { continue };
        let after = pen.put(*x, top + 1, &track.tag, Role::Run(colour(track)));
        let left = usize::from((x + cells).saturating_sub(after + 2));
        let role = if chosen.and_then(|at| pids.get(at)) == Some(pid) {
            Role::Selected
        } else {
            Role::Text
        };
        pen.put(after + 1, top + 1, fit(track.name(look.model.now), left).trim_end(), role);
        pen.zone(top + 1, *x..x + cells, Target::Task(track.serial));
    }
    let path = look.chosen().and_then(|at| look.files.names.get(at)).and_then(|name| name.inode);
    let room = usize::from(rows.saturating_sub(2));
    let hidden = look.files.open.len().saturating_sub(room);
    let take = if hidden > 0 { room.saturating_sub(1) } else { room };
    let mut y = top + 2;
    for open in look.files.open.iter().take(take) {
        let is_chosen = path.is_some() && open.inode == path;
        row(open, &shown, cells, is_chosen, y, pen);
        y += 1;
    }
    if hidden > 0 {
        pen.put(1, y, &format!("{} {}", words.more, hidden + 1), Role::Faint);
        y += 1;
    }
    y
}

/// One open file: its name, its offset, and the descriptors that lead to it.
fn row(
    open: &OpenView,
    shown: &[(Pid, u16)],
    cells: u16,
    is_chosen: bool,
    y: u16,
    pen: &mut Pen<'_>,
) {
    let role = if is_chosen { Role::Selected } else { Role::Text };
    pen.put(1, y, fit(&tail(&crate::text::clean(&open.name), 18), 18).trim_end(), role);
    let offset = if open.has_offset { open.offset.to_string() } else { "-".to_owned() };
    pen.put(19, y, &fit_right(&offset, 8), Role::Text);
    let access = AccessMode::of(open.flags);
    let mode = match (access.reads(), access.writes()) {
        (true, true) => "rw",
        (true, false) => "r",
        (false, true) => "w",
        (false, false) => "-",
    };
    pen.put(28, y, mode, Role::Text);
    let holds = |pid: &Pid| open.holders.iter().find(|(holder, _)| holder == pid);
    let last = shown.iter().rposition(|(pid, _)| holds(pid).is_some());
    let first = shown.iter().position(|(pid, _)| holds(pid).is_some());
    for (at, (pid, x)) in shown.iter().enumerate() {
        let goes_on = first.is_some_and(|first| at >= first) && last.is_some_and(|last| at < last);
        let mut next = *x;
        if let Some((_, fds)) = holds(pid) {
            let fds: Vec<String> = fds.iter().map(u64::to_string).collect();
            let room = usize::from(cells.saturating_sub(3));
            let text = format!("[{}]", fit(&fds.join(" "), room).trim_end());
            next = pen.put(next, y, &text, Role::Ready);
        }
        if goes_on {
            let line = "=".repeat(usize::from((x + cells).saturating_sub(next)));
            pen.put(next, y, &line, Role::Caption);
        }
    }
}

/// The end of a path that is too long.
fn tail(path: &str, cells: usize) -> String {
    if width(path) <= cells {
        return path.to_owned();
    }
    let mut kept = String::new();
    for c in path.chars().rev() {
        if width(&kept) + 3 > cells {
            break;
        }
        kept.insert(0, c);
    }
    format!("..{kept}")
}

/// The tree of names. Returns the row after it.
fn names(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.files();
    let files = look.files;
    let [known, negative, hits, misses] = words.dentries;
    let figures = format!(
        "{} {known}, {} {negative}; {} {hits}, {} {misses}",
        files.dentries, files.negative, files.lookups.0, files.lookups.1
    );
    pen.rule(top, words.names, &figures);
    let left = pen.width.saturating_sub((FIGURE * words.inode.len() + 4) as u16);
    let widths = [FIGURE, FIGURE + 3, FIGURE, FIGURE + 1, FIGURE, FIGURE, FIGURE];
    let line = |texts: [String; 7]| -> String {
        texts.iter().zip(widths).map(|(text, width)| fit_right(text, width)).collect()
    };
    if rows < 3 {
        return top + 1;
    }
    pen.put(left, top + 1, &line(words.inode.map(str::to_owned)), Role::Faint);
    let room = usize::from(rows - 2);
    let at = look.chosen().unwrap_or(0);
    let first = at.saturating_sub(room / 2).min(files.names.len().saturating_sub(room));
    let shown = files.names.iter().enumerate().skip(first).take(room);
    for (y, (n, name)) in (top + 2..).zip(shown) {
        let is_chosen = look.chosen() == Some(n);
        let indent = "  ".repeat(name.depth.min(12));
        let sign = match &name.attributes {
            _ if name.is_mount => "@",
            Some(known) if known.kind == Kind::Directory && name.depth > 0 => "/",
            _ => "",
        };
        let text = format!(" {indent}{}{sign}", crate::text::clean(&name.name));
        let role = match (is_chosen, name.inode) {
            (true, _) => Role::Selected,
            (false, None) => Role::Faint,
            (false, Some(_)) => Role::Text,
        };
        pen.field((0, y), &text, left, role);
        pen.put(left, y, &described(look, name, &line), Role::Text);
        pen.zone(y, 0..pen.width, Target::Name(n));
    }
    top + rows
}

fn described(look: &Look<'_>, name: &NameView, line: &impl Fn([String; 7]) -> String) -> String {
    let words = look.model.lang.files();
    let Some(inode) = name.inode else { return format!("  {}", words.negative) };
    let Some(known) = &name.attributes else { return format!("  {}", words.unknown) };
    let figure = |n: u64| if n == 0 { "-".to_owned() } else { n.to_string() };
    line([
        if inode.number > 99_999 { "-".to_owned() } else { inode.number.to_string() },
        mode(known),
        known.links.to_string(),
        round_bytes(known.size),
        figure(name.cached.0),
        figure(name.cached.1),
        figure(u64::from(name.opens)),
    ])
}

/// Permissions, as `ls -l` writes them, without the kind.
fn mode(known: &Attributes) -> String {
    let bits = |shift: u16| {
        let has = |bit: u16, letter: char| {
            if known.mode >> shift & bit != 0 { letter } else { '-' }
        };
        [has(4, 'r'), has(2, 'w'), has(1, 'x')]
    };
    [6, 3, 0].into_iter().flat_map(bits).collect()
}

/// The chosen file: what is cached of it, and where it lies. Returns the row after it.
fn file(look: &Look<'_>, top: u16, pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.files();
    let chosen = look.chosen().and_then(|at| look.files.names.get(at));
    let path = chosen.map_or("", |name| name.path.as_str());
    let mount = chosen
        .and_then(|name| name.inode)
        .and_then(|inode| look.files.mounts.iter().find(|mount| mount.fs == inode.fs));
    let kind = mount.map_or(String::new(), |mount| format!("{} {}", mount.kind, mount.source));
    pen.rule(top, &format!("{} {}", words.file, crate::text::clean(path)), &kind);
    let Some(name) = chosen else {
        pen.put(1, top + 1, words.choose, Role::Faint);
        return top + 4;
    };
    let cached =
        look.files.cached.iter().find(|view| name.inode.is_some() && view.inode == name.inode);
    let places = name.inode.and_then(|inode| look.files.places.get(&inode));
    let bytes = name.attributes.map_or(0, |known| known.size);
    let pages = bytes.div_ceil(4096).max(cached.map_or(0, |c| c.pages.len() as u64));
    let room = u64::from(pen.width.saturating_sub(12));
    let [of_pages, of_blocks, hole] = words.pages;
    let mut x = pen.put(1, top + 1, of_pages, Role::Heading) + 1;
    for page in 0..pages.min(room) {
        let state = cached.and_then(|view| view.pages.iter().find(|(n, _)| *n == page));
        let (glyph, role) = page_glyph(state.map(|(_, state)| *state));
        pen.cell(x, top + 1, glyph, role);
        x += 1;
    }
    if pages > room {
        pen.put(x, top + 1, "..", Role::Faint);
    }
    let mut x = pen.put(1, top + 2, of_blocks, Role::Heading) + 1;
    for text in places.map_or_else(Vec::new, |places| runs(places, hole)) {
        if x + u16::try_from(text.len()).unwrap_or(0) + 1 >= pen.width {
            pen.put(x, top + 2, "..", Role::Faint);
            break;
        }
        x = pen.put(x, top + 2, &text, Role::Disk) + 1;
    }
    let mut x = 1;
    let states = [
        None,
        Some(State::Clean),
        Some(State::Dirty),
        Some(State::Reading),
        Some(State::Writing { again: false }),
    ];
    for (state, text) in states.into_iter().zip(words.legend) {
        let (glyph, role) = page_glyph(state);
        pen.cell(x, top + 3, glyph, role);
        x = pen.put(x + 2, top + 3, text, Role::Faint) + 2;
    }
    top + 4
}

/// Blocks on the disk, as few words as possible: `210-213 hole 220`.
fn runs(places: &[oscope_kernel::machine::PagePlace], hole: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut run: Option<(u64, u64)> = None;
    let mut finish = |run: &mut Option<(u64, u64)>| {
        if let Some((from, to)) = run.take() {
            texts.push(if from == to { from.to_string() } else { format!("{from}-{to}") });
        }
        texts.len()
    };
    let mut holes = Vec::new();
    for (_, place) in places {
        match (place, &mut run) {
            (Some(block), Some((_, to))) if block.0 == *to + 1 => *to = block.0,
            (Some(block), _) => {
                finish(&mut run);
                run = Some((block.0, block.0));
            }
            (None, _) => {
                let at = finish(&mut run);
                if holes.last() != Some(&at) {
                    holes.push(at);
                }
            }
        }
    }
    finish(&mut run);
    for at in holes.into_iter().rev() {
        texts.insert(at.min(texts.len()), hole.to_owned());
    }
    texts
}

/// How a page of a file stands: a glyph, and a colour that says the same.
fn page_glyph(state: Option<State>) -> (char, Role) {
    match state {
        None => ('.', Role::Faint),
        Some(State::Clean) => ('c', Role::Asleep),
        Some(State::Dirty) => ('D', Role::Ready),
        Some(State::Reading) => ('<', Role::Disk),
        Some(State::Writing { .. }) => ('>', Role::Disk),
        Some(State::Failed(_)) => ('!', Role::Wrong),
    }
}

/// The mounts. Returns the row after them.
fn mounts(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.files();
    pen.rule(top, words.mounts, "");
    let mut y = top + 1;
    for mount in look.files.mounts.iter().take(usize::from(rows.saturating_sub(1))) {
        let indent = "  ".repeat(mount.depth.min(8));
        pen.field((1, y), &format!("{indent}{}", crate::text::clean(&mount.path)), 24, Role::Text);
        pen.field((26, y), mount.kind, 10, Role::Heading);
        pen.field((37, y), &crate::text::clean(&mount.source), 12, Role::Text);
        let used = fullness(mount).map(|(used, all)| {
            format!("{} / {} {}", round_bytes(used), round_bytes(all), words.usage[0])
        });
        let next = pen.put(50, y, &used.unwrap_or_default(), Role::Text);
        if mount.is_read_only {
            pen.put(next + 2, y, words.usage[1], Role::Faint);
        }
        y += 1;
    }
    y
}

/// Bytes in use and in all.
fn fullness(mount: &MountView) -> Option<(u64, u64)> {
    let usage = mount.usage.filter(|usage| usage.blocks > 0)?;
    let size = u64::from(usage.block_size);
    let used = usage.blocks.saturating_sub(usage.free);
    Some((used.saturating_mul(size), usage.blocks.saturating_mul(size)))
}

/// What the cache holds, file by file.
fn cache(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    let words = look.model.lang.files();
    let [pages, dirty] = words.cached;
    let figures = format!("{} {pages}, {} {dirty}", look.files.pages.0, look.files.pages.1);
    pen.rule(top, words.cache, &figures);
    let shown = look.files.cached.iter().take(usize::from(rows.saturating_sub(1)));
    for (y, view) in (top + 1..).zip(shown) {
        pen.field((1, y), &tail(&cached_name(look, view), 26), 26, Role::Text);
        pen.put(28, y, &fit_right(&view.pages.len().to_string(), 6), Role::Text);
        for (x, (_, state)) in (36..pen.width.saturating_sub(2)).zip(&view.pages) {
            let (glyph, role) = page_glyph(Some(*state));
            pen.cell(x, y, glyph, role);
        }
    }
}

fn cached_name(look: &Look<'_>, view: &CacheView) -> String {
    let named = |name: &&NameView| name.inode.is_some() && name.inode == view.inode;
    match (look.files.names.iter().find(named), view.inode) {
        (Some(name), _) => crate::text::clean(&name.path),
        (None, Some(inode)) => format!("inode {}", inode.number),
        (None, None) => look.model.lang.files().disk.to_owned(),
    }
}
