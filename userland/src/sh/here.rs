//! Here-documents: their text stands behind the line that announces them, and is put where it belongs once the
//! whole command has been read.

use super::ast::{Command, Compound, Item, List, Part, Redirection, RedirectionKind, Word};
use std::sync::Arc;

/// A delimiter without its quotes.
pub(super) fn delimiter(word: &Word) -> String {
    fn collect(parts: &[Part], text: &mut String) {
        for part in parts {
            match part {
                Part::Literal(piece) | Part::Quoted(piece) => text.push_str(piece),
                Part::DoubleQuoted(parts) => collect(parts, text),
                // A delimiter is never expanded.
                Part::Parameter(parameter) => {
                    text.push('$');
                    text.push_str(&parameter.name);
                }
                Part::Command(_) | Part::Arithmetic(_) => {}
            }
        }
    }
    let mut text = String::new();
    collect(&word.0, &mut text);
    text
}

/// Texts of here-documents in the order in which they were announced, which is that of the tree.
type Texts<'a> = dyn Iterator<Item = Word> + 'a;

/// Puts the texts into the redirections that wait for them.
pub(super) fn fill(items: &mut [Item], texts: &mut std::vec::IntoIter<Word>) {
    if texts.len() > 0 {
        fill_items(items, texts);
    }
}

fn fill_items(items: &mut [Item], texts: &mut Texts<'_>) {
    for item in items {
        let rest = item.rest.iter_mut().map(|(_, pipeline)| pipeline);
        for pipeline in std::iter::once(&mut item.first).chain(rest) {
            for command in &mut pipeline.commands {
                fill_command(command, texts);
            }
        }
    }
}

fn fill_command(command: &mut Command, texts: &mut Texts<'_>) {
    match command {
        Command::Simple(simple) => {
            fill_redirections(&mut Arc::make_mut(simple).redirections, texts);
        }
        Command::Compound(compound, redirections) => {
            match Arc::make_mut(compound) {
                Compound::Subshell(list) | Compound::Group(list) => fill_list(list, texts),
                Compound::If { condition, body, otherwise } => {
                    for list in [condition, body, otherwise] {
                        fill_list(list, texts);
                    }
                }
                Compound::While { condition, body, .. } => {
                    fill_list(condition, texts);
                    fill_list(body, texts);
                }
                Compound::For { body, .. } => fill_list(body, texts),
                Compound::Case { arms, .. } => {
                    for (_, list) in arms {
                        fill_list(list, texts);
                    }
                }
            }
            fill_redirections(redirections, texts);
        }
        Command::Function { body, .. } => fill_command(Arc::make_mut(body), texts),
    }
}

fn fill_list(list: &mut List, texts: &mut Texts<'_>) {
    fill_items(Arc::make_mut(list), texts);
}

fn fill_redirections(redirections: &mut [Redirection], texts: &mut Texts<'_>) {
    let waiting =
        redirections.iter_mut().filter(|redirection| redirection.kind == RedirectionKind::Here);
    for (redirection, text) in waiting.zip(texts) {
        redirection.target = text;
    }
}
