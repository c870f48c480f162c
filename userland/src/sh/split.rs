//! Field splitting (XCU 2.6.5).

use super::expand::Piece;
use super::pattern::Mark;

/// Splits an expanded word into fields. White space among the separators counts as one separator however much of it
/// there is, and as none at the ends; each other separator ends a field, together with white space around it.
pub(super) fn fields(pieces: &[Piece], separators: &str) -> Vec<Vec<Mark>> {
    let mut all = Vec::new();
    // The field that is being read; `None` while there is none.
    let mut field: Option<Vec<Mark>> = None;
    // Whether white space has just ended a field: a separator behind it belongs to the same end.
    let mut has_just_ended = false;
    for piece in pieces {
        match *piece {
            Piece::Brought(c) if separators.contains(c) => {
                let is_space = matches!(c, ' ' | '\t' | '\n');
                match field.take() {
                    Some(done) => {
                        all.push(done);
                        has_just_ended = is_space;
                    }
                    None if is_space => {}
                    None if has_just_ended => has_just_ended = false,
                    None => all.push(Vec::new()),
                }
                continue;
            }
            Piece::Break => {
                all.extend(field.take());
                has_just_ended = false;
                continue;
            }
            Piece::Exists => {
                field.get_or_insert_default();
            }
            Piece::Written(c) | Piece::Brought(c) => {
                field.get_or_insert_default().push(Mark { c, is_quoted: false });
            }
            Piece::Quoted(c) => field.get_or_insert_default().push(Mark { c, is_quoted: true }),
        }
        has_just_ended = false;
    }
    all.extend(field);
    all
}

#[cfg(test)]
mod tests {
    use super::{Piece, fields};
    use crate::sh::pattern::text_of;

    fn split(text: &str, separators: &str) -> Vec<String> {
        let pieces: Vec<Piece> = text.chars().map(Piece::Brought).collect();
        fields(&pieces, separators).iter().map(|field| text_of(field)).collect()
    }

    #[test]
    fn white_space_is_one_separator_and_others_are_one_each() {
        assert_eq!(split("  a  b ", " \t\n"), ["a", "b"]);
        assert_eq!(split("a:b::c:", ":"), ["a", "b", "", "c"]);
        assert_eq!(split(":a", ":"), ["", "a"]);
        assert_eq!(split(" a : b :: c ", " :"), ["a", "b", "", "c"]);
        assert_eq!(split("a b", ""), ["a b"]);
        assert_eq!(split("", " "), Vec::<String>::new());
    }

    #[test]
    fn what_was_quoted_is_a_field_even_if_empty() {
        assert_eq!(fields(&[Piece::Exists], " ").len(), 1);
        let pieces = [Piece::Brought('a'), Piece::Break, Piece::Exists];
        assert_eq!(fields(&pieces, " ").len(), 2);
    }
}
