//! As much of Markdown as is needed to find its links and its `code`.

use std::ops::Range;

/// What a page points at.
pub(crate) struct Page {
    /// Targets of links and pictures, Markdown's or HTML's, with their offsets.
    pub(crate) links: Vec<(usize, String)>,
    /// Code in running text, unless it is the text of a link to another site.
    pub(crate) spans: Vec<(usize, String)>,
    /// The lines of fenced blocks.
    pub(crate) fenced: Vec<(usize, String)>,
}

pub(crate) fn page(text: &str) -> Page {
    let (prose, fenced) = without_fences(text);
    let ranges = code_spans(&prose);
    let mut bare = prose.clone().into_bytes();
    for range in &ranges {
        bare[range.clone()].fill(b' ');
    }
    let bare = String::from_utf8_lossy(&bare).into_owned();
    let mut links = Vec::new();
    let mut elsewhere: Vec<Range<usize>> = Vec::new();
    for (middle, _) in bare.match_indices("](") {
        let target = target(&bare[middle + 2..]);
        if is_elsewhere(&target) {
            elsewhere.push(opening(&bare, middle)..middle);
        }
        links.push((middle, target));
    }
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in bare.match_indices(attribute) {
            let value = bare[at + attribute.len()..].split('"').next();
            links.push((at, value.unwrap_or_default().to_owned()));
        }
    }
    links.extend(definitions(&bare));
    let of_other_site = |at: usize| elsewhere.iter().any(|range| range.contains(&at));
    let own = ranges.into_iter().filter(|range| !of_other_site(range.start));
    let spans = own.map(|range| (range.start, prose[range].to_owned())).collect();
    Page { links, spans, fenced }
}

/// Whether a link leads to another site.
pub(crate) fn is_elsewhere(target: &str) -> bool {
    let scheme = target.split(':').next().unwrap_or_default();
    target.contains(':') && !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Blanks fenced blocks, and hands out their lines.
fn without_fences(text: &str) -> (String, Vec<(usize, String)>) {
    let mut prose = String::with_capacity(text.len());
    let mut fenced = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        if fence.is_none() && mark.is_none() {
            prose.push_str(line);
            continue;
        }
        if fence.is_some() && fence == mark {
            fence = None;
        } else if fence.is_some() {
            fenced.push((prose.len(), line.to_owned()));
        } else {
            fence = mark;
        }
        prose.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
    }
    (prose, fenced)
}

/// Backticks up to as many backticks, within a paragraph.
fn code_spans(prose: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = prose[at..].find('`') {
        let open = at + found;
        let ticks = run_of_ticks(&prose[open..]);
        let inside = open + ticks;
        let paragraph = prose[inside..].find("\n\n").unwrap_or(prose.len() - inside);
        let mut close = inside;
        let end = inside + paragraph;
        at = inside;
        while let Some(found) = prose[close..end].find('`') {
            close += found;
            let length = run_of_ticks(&prose[close..]);
            if length == ticks {
                spans.push(inside..close);
                at = close + length;
                break;
            }
            close += length;
        }
    }
    spans
}

fn run_of_ticks(text: &str) -> usize {
    text.bytes().take_while(|&b| b == b'`').count()
}

/// The target of a link, from behind its parenthesis; a title after it is left out.
fn target(rest: &str) -> String {
    let mut depth = 1_usize;
    let end = rest.find(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let inside = rest[..end.unwrap_or(0)].trim();
    let bare = match inside.strip_prefix('<') {
        Some(pointed) => pointed.split('>').next(),
        None => inside.split_whitespace().next(),
    };
    bare.unwrap_or_default().to_owned()
}

/// The bracket that the one at `close` closes.
fn opening(text: &str, close: usize) -> usize {
    let mut depth = 1_usize;
    let found = text[..close].bytes().rposition(|b| {
        match b {
            b']' => depth += 1,
            b'[' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    found.unwrap_or(close)
}

/// Lines such as `[name]: target`.
fn definitions(bare: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in bare.split_inclusive('\n') {
        if let Some((_, rest)) = line.split_once("]:").filter(|_| line.starts_with('[')) {
            let target = rest.split_whitespace().next().unwrap_or_default();
            found.push((at, target.trim_matches(['<', '>']).to_owned()));
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::page;

    fn texts(found: Vec<(usize, String)>) -> Vec<String> {
        found.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn links_are_found_in_all_their_forms() {
        let text = "[a](b.md) ![c](<d e.png>) [f](g.md \"title\") [h](i(j).md) `[k](l)`\n\
                    <img src=\"m.svg\">\n[n]: o.md\n```\n[p](q)\n```\n";
        let expected = ["b.md", "d e.png", "g.md", "i(j).md", "m.svg", "o.md"];
        assert_eq!(texts(page(text).links), expected);
    }

    #[test]
    fn code_is_found_where_it_is_ours() {
        let text = "`a.rs` ``b`c.rs`` [`d.rs`](https://example.org) [`e.rs`](e.rs) ` never\n\nclosed `f.rs`";
        assert_eq!(texts(page(text).spans), ["a.rs", "b`c.rs", "e.rs", "f.rs"]);
    }

    #[test]
    fn fenced_blocks_are_set_apart() {
        let page = page("a\n```text\nb `c`\n~~~\n```\n`d`\n");
        assert_eq!(texts(page.fenced), ["b `c`\n", "~~~\n"]);
        assert_eq!(texts(page.spans), ["d"]);
    }
}
