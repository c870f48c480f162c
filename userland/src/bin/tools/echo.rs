//! `echo [-neE] [WORD...]`: writes words.

use super::tool::Tool;
use crate::sh::builtin::printf::unescape;
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "echo").await;
    let (mut ends_line, mut has_escapes) = (true, false);
    let words = tool.arguments.clone();
    let mut rest = words.as_slice();
    while let Some((first, behind)) = rest.split_first()
        && let Some(letters) = first.strip_prefix('-')
        && !letters.is_empty()
        && letters.chars().all(|letter| "neE".contains(letter))
    {
        for letter in letters.chars() {
            match letter {
                'n' => ends_line = false,
                letter => has_escapes = letter == 'e',
            }
        }
        rest = behind;
    }
    let text = rest.join(" ");
    let mut bytes = Vec::new();
    if has_escapes {
        ends_line &= !unescape(&text, true, &mut bytes);
    } else {
        bytes.extend_from_slice(text.as_bytes());
    }
    if ends_line {
        bytes.push(b'\n');
    }
    tool.put(&bytes).await;
    tool.end().await
}
