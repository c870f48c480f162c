//! Making a failing script short.

use super::generate::Case;

/// Drops lines, many at a time and then one by one, for as long as `fails` says that what is left still fails.
pub(super) fn shrink(case: &Case, mut fails: impl FnMut(&str) -> bool) -> Case {
    let mut case = case.clone();
    let mut size = case.lines.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        let mut dropped = false;
        while at < case.lines.len() {
            let mut fewer = case.clone();
            fewer.lines.drain(at..(at + size).min(fewer.lines.len()));
            let fewer = fewer.pruned();
            if fails(&fewer.script()) {
                case = fewer;
                dropped = true;
            } else {
                at += size;
            }
        }
        // At the size of one line, again and again until nothing can go.
        if size > 1 || !dropped {
            size /= 2;
        }
    }
    case
}

#[cfg(test)]
mod tests {
    use super::{Case, shrink};

    #[test]
    fn what_is_needed_is_left() {
        let lines = (0..40).map(|n| format!("[pid 1] line {n}")).collect();
        let case = Case { lines };
        let short =
            shrink(&case, |script| script.contains("line 7\n") && script.contains("line 31\n"));
        assert_eq!(short.lines, ["[pid 1] line 7", "[pid 1] line 31"]);
    }
}
