//! The words of the field, in English and in the Korean words that books use.

use super::shelf;
use serde::Deserialize;
use std::sync::LazyLock;

/// A word.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// In English.
    pub en: String,
    /// In Korean: all words that are in use.
    pub ko: Vec<String>,
    /// What it means, in an English sentence.
    pub says_en: String,
    /// The same in Korean.
    pub says_ko: String,
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    term: Vec<Term>,
}

static TERMS: LazyLock<Vec<Term>> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<Vec<Term>, toml::de::Error> {
    toml::from_str::<File>(shelf::page("glossary.toml").unwrap_or_default()).map(|file| file.term)
}

/// All words, in the order of the file.
#[must_use]
pub fn all() -> &'static [Term] {
    &TERMS
}

/// The Korean words for an English one.
#[must_use]
pub fn korean(word: &str) -> &'static [String] {
    let found = all().iter().find(|term| term.en.eq_ignore_ascii_case(word));
    found.map_or(&[], |term| &term.ko)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_glossary_can_be_read() {
        assert_eq!(super::read().map(|_| ()), Ok(()));
    }
}
