//! `xargs [-0rt] [-n COUNT] [-I TEXT] [COMMAND [ARGUMENT...]]`: runs a command with what it reads as arguments.

use super::tool::Tool;
use crate::sys::Sys;

/// How long the arguments of one command are at most, in bytes.
const LONGEST: usize = 32 * 1024;

/// Words, with quotes and backslashes as xargs has them; or with `-0` what ends with a zero byte.
fn words(text: &str, by_zero: bool, by_line: bool) -> Vec<String> {
    if by_zero {
        return text.split_terminator('\0').map(str::to_owned).collect();
    }
    if by_line {
        let lines = text.lines().map(str::trim_start);
        return lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    }
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            ' ' | '\t' | '\n' => all.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                word.extend(letters.by_ref().take_while(|next| *next != c));
            }
            '\\' => word.get_or_insert_default().extend(letters.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    all
}

/// Runs a command and waits; what its end means for our own status.
async fn run(tool: &mut Tool, command: &[String]) -> u64 {
    tool.flush().await;
    match tool.run(command).await {
        Ok(status) if status >= 128 => 125,
        Ok(126) => 126,
        Ok(127) => 127,
        Ok(0) => 0,
        Ok(_) => 123,
        Err(errno) => {
            tool.fail("fork", errno).await;
            125
        }
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "xargs").await;
    let Some(options) = tool.options_until("0rtn:I:", true).await else { return 1 };
    let mut command = options.operands.clone();
    if command.is_empty() {
        command.push("echo".to_owned());
    }
    let text = tool.read_all(0).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let words = words(&text, options.has('0'), options.has('I'));
    let mut runs: Vec<Vec<String>> = Vec::new();
    if let Some(place) = options.value('I') {
        for word in &words {
            runs.push(command.iter().map(|part| part.replace(place, word)).collect());
        }
    } else {
        let most = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(5000).max(1);
        let mut rest = words.as_slice();
        while !rest.is_empty() {
            let mut size = 0;
            let fits = |word: &&String| {
                size += word.len() + 9;
                size <= LONGEST
            };
            let count = rest.iter().take(most).take_while(fits).count().max(1);
            let (now, later) = rest.split_at(count);
            runs.push(command.iter().chain(now).cloned().collect());
            rest = later;
        }
        if words.is_empty() && !options.has('r') {
            runs.push(command);
        }
    }
    for words in runs {
        if options.has('t') {
            let line = format!("{}\n", words.join(" "));
            let _ = tool.sys.write(2, line.as_bytes()).await;
        }
        let status = run(&mut tool, &words).await;
        tool.status = tool.status.max(status);
        if status > 123 {
            break;
        }
    }
    tool.end().await
}
