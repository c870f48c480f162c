//! Least recently used: which page goes?
//! A line on standard input is a question, a line on standard output an answer. Change `decide`, and whatever it needs.
use std::io::{BufRead, Write};

/// The text of a key's value.
fn find<'l>(line: &'l str, key: &str) -> &'l str {
    let name = format!("\"{key}\":");
    line.split_once(&name).map_or("", |(_, rest)| rest)
}

fn number(line: &str, key: &str) -> i64 {
    let rest = find(line, key);
    rest[..rest.find([',', '}']).unwrap_or(0)].parse().unwrap_or(0)
}

/// A list of numbers or names.
fn list(line: &str, key: &str) -> Vec<String> {
    let rest = find(line, key).trim_start_matches('[');
    let inside = rest.split_once(']').map_or("", |(inside, _)| inside);
    inside.split(',').map(|word| word.trim_matches('"').to_owned()).filter(|word| !word.is_empty()).collect()
}

/// What the policy remembers.
#[derive(Default)]
struct Policy {

}

impl Policy {
    /// The page to put out. question: page, hit, pages (in the order in which they came).
    fn decide(&mut self, question: &str) -> String {
        let pages = list(question, "pages");
        pages.first().cloned().unwrap_or("-1".to_owned())
    }
}

fn main() {
    let mut policy = Policy::default();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if line.contains("\"problem\":") {
            policy = Policy::default();
            continue;
        }
        let answer = policy.decide(&line);
        if line.contains("\"ask\":true") {
            println!("{{\"evict\":{answer}}}");
            let _ = std::io::stdout().flush();
        }
    }
}
