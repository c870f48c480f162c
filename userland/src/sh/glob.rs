//! File names in place of patterns (XCU 2.6.6, 2.13.3).

use super::pattern::{Mark, fits, is_pattern, text_of};
use super::{Flow, Shell};

/// How many names one pattern may bring.
const MOST: usize = 65536;

impl Shell {
    /// Adds the names that fit a field, in order; or the field itself if it is no pattern, or nothing fits.
    pub(super) async fn file_names(&mut self, field: Vec<Mark>, into: &mut Vec<String>) -> Flow {
        if self.state.has('f') || !is_pattern(&field) {
            into.push(text_of(&field));
            return Ok(());
        }
        let mut names = self.matching(&field).await;
        if names.is_empty() {
            names.push(text_of(&field));
        }
        names.sort_unstable();
        into.append(&mut names);
        Ok(())
    }

    /// Goes through the pattern component by component, with all paths that fit so far.
    async fn matching(&self, field: &[Mark]) -> Vec<String> {
        let mut found = vec![String::new()];
        let mut rest = field;
        while !rest.is_empty() {
            let slashes = rest.iter().take_while(|mark| mark.c == '/').count();
            for path in &mut found {
                path.extend(std::iter::repeat_n('/', slashes));
            }
            rest = rest.get(slashes..).unwrap_or_default();
            let length = rest.iter().take_while(|mark| mark.c != '/').count();
            let (component, behind) = rest.split_at(length);
            rest = behind;
            if component.is_empty() {
                break;
            }
            found = self.step(found, component).await;
        }
        // The last component may not exist if it was no pattern.
        let mut there = Vec::new();
        for path in found {
            if self.sys.lstat(&path).await.is_ok() {
                there.push(path);
            }
        }
        there
    }

    /// All paths with one component more.
    async fn step(&self, found: Vec<String>, component: &[Mark]) -> Vec<String> {
        if !is_pattern(component) {
            let name = text_of(component);
            return found.into_iter().map(|path| path + &name).collect();
        }
        let mut longer = Vec::new();
        for path in found {
            let directory = if path.is_empty() { "." } else { &path };
            let Ok(entries) = self.sys.read_directory(directory).await else { continue };
            let mut names: Vec<String> = entries
                .iter()
                .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
                .collect();
            if component.first().is_some_and(|mark| mark.c == '.') {
                names.extend([".".to_owned(), "..".to_owned()]);
            } else {
                // A dot at the beginning must be written.
                names.retain(|name| !name.starts_with('.'));
            }
            for name in names {
                let text: Vec<char> = name.chars().collect();
                if longer.len() < MOST && fits(component, &text) {
                    longer.push(format!("{path}{name}"));
                }
            }
        }
        longer
    }
}
