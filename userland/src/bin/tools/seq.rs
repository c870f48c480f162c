//! `seq [-w] [-s SEPARATOR] [FIRST [STEP]] LAST`: numbers.

use super::tool::Tool;
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "seq").await;
    // A negative number is no option.
    let mut words = tool.arguments.clone();
    let (mut is_wide, mut separator) = (false, "\n".to_owned());
    while let Some(first) = words.first().cloned() {
        match first.as_str() {
            "-w" => is_wide = true,
            "-s" if words.len() > 1 => separator = words.remove(1),
            option if option.starts_with("-s") => separator = option[2..].to_owned(),
            "--" => {
                words.remove(0);
                break;
            }
            _ => break,
        }
        words.remove(0);
    }
    let mut numbers = Vec::new();
    for word in &words {
        match word.parse::<i64>() {
            Ok(number) => numbers.push(number),
            Err(_) => {
                tool.complain(&format!("invalid floating point argument: '{word}'")).await;
                return 1;
            }
        }
    }
    let (first, step, last) = match numbers[..] {
        [last] => (1, 1, last),
        [first, last] => (first, 1, last),
        [first, step, last] => (first, step, last),
        _ => {
            tool.complain("missing operand").await;
            return 1;
        }
    };
    if step == 0 {
        tool.complain(&format!("invalid Zero increment value: '{step}'")).await;
        return 1;
    }
    let digits = |number: i64| number.to_string().len();
    let width = if is_wide { digits(first).max(digits(last)) } else { 0 };
    let (mut next, mut has_any) = (Some(first), false);
    while let Some(number) = next.filter(|n| if step > 0 { *n <= last } else { *n >= last }) {
        let before = if has_any { separator.as_str() } else { "" };
        tool.print(&format!("{before}{number:0width$}")).await;
        if tool.is_output_gone() {
            return 1;
        }
        has_any = true;
        next = number.checked_add(step);
    }
    if has_any {
        tool.print("\n").await;
    }
    tool.end().await
}
