//! What the commands of the workbench have in common: names of policies, and case files. Those hold a JSON object,
//! or a list of them, and each answer is compared with what was expected.

use super::Failure;
use super::out::Out;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;

/// Case files are small; whatever is larger is none.
const LARGEST: u64 = 64 << 20;

/// Whose tie-breaking rules apply.
pub(super) const DIALECTS: [&str; 3] = ["textbook", "ostep", "linux"];

/// One of a list of names, for the parser of options.
pub(super) fn one_of(kind: &str, text: &str, known: &[&str]) -> Result<String, String> {
    if known.contains(&text) {
        return Ok(text.to_owned());
    }
    let near = crate::text::nearest(text, known.iter().copied());
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(format!("no {kind} of that name: expected one of {}{hint}", known.join(", ")))
}

/// The cases of a file, and whether they came as a list.
fn read<Case: DeserializeOwned>(path: &str) -> Result<(Vec<Case>, bool), Failure> {
    let fail = |what: String| Failure::Usage(format!("{path}: {what}"));
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| fail(error.to_string()))?;
    if text.len() as u64 > LARGEST {
        return Err(fail("is larger than 64 MiB; expected a file of cases".to_owned()));
    }
    let is_list = text.trim_start().starts_with('[');
    let parsed = if is_list {
        serde_json::from_str(&text)
    } else {
        serde_json::from_str(&text).map(|case| vec![case])
    };
    let cases = parsed.map_err(|error| fail(error.to_string()))?;
    Ok((cases, is_list))
}

/// Solves all cases of a file and prints the answers; a failure if something else was expected. `solve` gives an
/// answer and what differs from the expectation.
pub(super) fn run<Case: DeserializeOwned, Answer: Serialize>(
    path: &str,
    json: bool,
    solve: impl Fn(&Case) -> Result<(Answer, Vec<String>), String>,
    show: impl Fn(usize, &Case, &Answer, &mut Out) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (cases, is_list) = read::<Case>(path)?;
    let (mut answers, mut missed) = (Vec::new(), 0);
    let mut out = Out::stdout();
    for (n, case) in cases.iter().enumerate() {
        let name = if is_list { format!("{path}, case {n}") } else { path.to_owned() };
        let solved = solve(case);
        let (answer, differences) =
            solved.map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
        if !json {
            if is_list {
                out.line(&format!("{}case {n}", if n > 0 { "\n" } else { "" }))?;
            }
            show(n, case, &answer, &mut out)?;
        }
        missed += usize::from(!differences.is_empty());
        for difference in differences {
            super::eprintln_quietly(&format!("{name}: {difference}"));
        }
        answers.push(answer);
    }
    if json {
        match answers.as_slice() {
            [one] if !is_list => out.json(one)?,
            all => out.json(&all)?,
        }
    }
    out.finish()?;
    if missed > 0 {
        return Err(Failure::Run(format!("{missed} of {} cases came out otherwise", cases.len())));
    }
    Ok(())
}
