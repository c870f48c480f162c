//! "Did you mean …?"

/// The known word nearest to a misspelled one, if any is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// No name is so long, and comparing takes time that grows with both lengths.
    const LONGEST: usize = 40;
    if word.len() > LONGEST {
        return None;
    }
    let candidates = known.into_iter().map(|name| (distance(&word.to_lowercase(), name), name));
    let (distance, name) = candidates.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + name.chars().count() / 3).then_some(name)
}

/// How many letters must be put in, taken out, replaced, or swapped with their neighbour
/// (Damerau and Levenshtein, restricted form).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_suggested_only_if_near() {
        let known = ["first", "race", "wire"];
        assert_eq!(nearest("frist", known), Some("first"));
        assert_eq!(nearest("Wire", known), Some("wire"));
        assert_eq!(nearest("zzzzzz", known), None);
    }
}
