//! Who may import whom: the arrows of docs/ARCHITECTURE.md.

use crate::tokens::{Path, paths};
use crate::workspace::{File, Problem, Workspace};

/// The modules of the kernel and how high each stands. A module imports from lower ones only, so two of the
/// same rank do not know each other.
const RANKS: [(&str, u32); 22] = [
    ("base", 0),
    ("abi", 1),
    ("event", 2),
    ("hw", 3),
    ("driver", 4),
    ("sched", 5),
    ("mm", 5),
    ("fs", 5),
    ("net", 5),
    ("ipc", 5),
    ("proc", 6),
    ("context", 7),
    ("task", 8),
    ("io", 10),
    ("syscall", 11),
    ("kthread", 11),
    ("pseudo", 9),
    ("trap", 12),
    ("machine", 13),
    ("world", 14),
    ("hypervisor", 14),
    // The root says what there is; it is above everything.
    ("lib", u32::MAX),
];

fn rank(module: &str) -> Option<u32> {
    let found = RANKS.iter().find(|(name, _)| *name == module);
    found.map(|(_, rank)| *rank)
}

/// In the kernel, imports point downwards.
pub(crate) fn kernel(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in workspace.rust_files() {
        if let Some(inside) = file.path.strip_prefix("kernel/src/") {
            problems.extend(kernel_file(file, inside));
        }
    }
    problems
}

/// `inside` is the file's path below kernel/src.
fn kernel_file(file: &File, inside: &str) -> Vec<Problem> {
    let top = inside.split('/').next().unwrap_or(inside);
    let top = top.strip_suffix(".rs").unwrap_or(top);
    let Some(own) = rank(top) else {
        let message =
            format!("`{top}` has no layer; add it to RANKS in tests/tests/tidy/layers.rs");
        return vec![Problem::new(&file.path, 1, message)];
    };
    if top == "lib" {
        return Vec::new();
    }
    let tokens = file.tokens();
    let in_test = file.tests(&tokens);
    let mut problems = Vec::new();
    for path in paths(&tokens) {
        let Some(module) = top_module(&path, inside) else {
            continue;
        };
        if module == top {
            continue;
        }
        // Tests may set up what stands beside their subject, never what stands above it.
        let limit = if in_test(path.at) { own.saturating_add(1) } else { own };
        let message = match rank(module) {
            None => format!(
                "`{}` names no layer; expected `crate::module::…` with the full path, and each module in RANKS \
                 in tests/tests/tidy/layers.rs",
                path.segments.join("::")
            ),
            Some(rank) if rank >= limit => format!(
                "`{top}` (layer {own}) imports `{module}` (layer {rank}); expected only modules below layer {own}"
            ),
            Some(_) => continue,
        };
        problems.push(file.problem(path.at, message));
    }
    problems
}

/// The module below the crate's root that `path` leads to from the file at `inside`; none if it does not go
/// through the root.
fn top_module<'a>(path: &Path<'a>, inside: &str) -> Option<&'a str> {
    let named = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = named.split('/').count() + path.inline_depth;
    let own = usize::from(path.segments.first() == Some(&"self"));
    let up = path.segments[own..].iter().take_while(|s| **s == "super").count();
    let to_root = if path.segments[0] == "crate" {
        1
    } else if up >= depth {
        own + up
    } else {
        return None;
    };
    Some(path.segments.get(to_root).copied().unwrap_or("self"))
}

/// Programs see what a program sees of a kernel: its ABI, and the units of time in it.
pub(crate) fn userland(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in workspace.rust_files() {
        let is_in = |directory: &str| file.path.starts_with(directory);
        let above: &[&str] = if is_in("kernel/") {
            &["oscope_userland", "oscope_tui"]
        } else if is_in("userland/") {
            &["oscope_tui"]
        } else {
            continue;
        };
        let tokens = file.tokens();
        for token in tokens.iter().filter(|t| above.contains(&t.text)) {
            let message =
                format!("`{}` stands above this crate; expected no mention of it", token.text);
            problems.push(file.problem(token.at, message));
        }
        let parts = ["bin", "sh", "sys", "text"].map(|part| format!("userland/src/{part}"));
        let is_program = parts.iter().any(|part| {
            let rest = file.path.strip_prefix(part.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        for path in paths(&tokens) {
            if is_program && path.segments[0] == "oscope_kernel" && !is_for_programs(&path.segments)
            {
                let message = format!(
                    "`{}` is not for programs; expected `oscope_kernel::abi`, Time, Duration and Digester of \
                     `oscope_kernel::base`, or `oscope_kernel::mm::block::Fit`",
                    path.segments.join("::")
                );
                problems.push(file.problem(path.at, message));
            }
        }
    }
    problems
}

fn is_for_programs(segments: &[&str]) -> bool {
    match segments[1..] {
        ["abi", ..] | ["base", "time", ..] => true,
        ["base", name, ..] => matches!(name, "Time" | "Duration" | "Digester"),
        // How to choose a hole: an algorithm, and no part of the kernel's state.
        ["mm", "block", "Fit"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{kernel, userland};
    use crate::workspace::Workspace;

    fn workspace(path: &str, text: &str) -> Workspace {
        Workspace::new([(path.to_owned(), text.to_owned())])
    }

    /// How many imports of `text` the rule objects to.
    fn wrong(path: &str, text: &str) -> usize {
        kernel(&workspace(path, text)).len()
    }

    #[test]
    fn imports_point_downwards() {
        assert_eq!(wrong("kernel/src/mm/a.rs", "use crate::{base, hw::ram::Ram, mm::b};"), 0);
        assert_eq!(wrong("kernel/src/mm/a.rs", "use crate::{base, fs::Fs}; crate::proc::f();"), 2);
        assert_eq!(wrong("kernel/src/base/a.rs", "use crate::abi;"), 1);
        assert_eq!(wrong("kernel/src/world/a.rs", "use crate::hypervisor::X;"), 1);
        assert_eq!(wrong("kernel/src/hypervisor.rs", "use crate::world::X;"), 1);
        assert_eq!(wrong("kernel/src/lib.rs", "pub use crate::world::X;"), 0);
    }

    #[test]
    fn prose_imports_nothing() {
        let text = "//! [`crate::fs`]\n/* crate::fs::f() */ const A: &str = \"crate::fs::f()\";";
        assert_eq!(wrong("kernel/src/mm/a.rs", text), 0);
    }

    #[test]
    fn the_root_is_reached_by_super_too() {
        assert_eq!(wrong("kernel/src/mm/mod.rs", "use super::fs::Fs;"), 1);
        assert_eq!(wrong("kernel/src/mm/a.rs", "use super::super::fs::Fs;"), 1);
        assert_eq!(wrong("kernel/src/mm/a.rs", "use super::b; mod m { use super::fs::Fs; }"), 0);
        assert_eq!(wrong("kernel/src/mm/a.rs", "use crate::*; use crate as k;"), 2);
    }

    #[test]
    fn tests_may_use_what_stands_beside() {
        assert_eq!(wrong("kernel/src/mm/a/tests.rs", "use crate::fs::Fs;"), 0);
        assert_eq!(wrong("kernel/src/mm/a.rs", "mod tests { use crate::fs::Fs; }"), 0);
        assert_eq!(wrong("kernel/src/mm/a.rs", "mod tests { use crate::proc::P; }"), 1);
    }

    #[test]
    fn every_module_has_a_layer() {
        assert_eq!(wrong("kernel/src/misc/mod.rs", ""), 1);
        assert_eq!(wrong("kernel/src/misc.rs", ""), 1);
        assert_eq!(wrong("kernel/src/mm/a.rs", "use crate::misc::f;"), 1);
    }

    #[test]
    fn programs_import_the_abi_alone() {
        let wrong = |path: &str, text: &str| userland(&workspace(path, text)).len();
        let allowed = "use oscope_kernel::{abi::Errno, base::{Time, time::Duration}};";
        assert_eq!(wrong("userland/src/bin/a.rs", allowed), 0);
        let forbidden = "use oscope_kernel::{machine::Machine, base::Pid}; use oscope_kernel as k;";
        assert_eq!(wrong("userland/src/bin/a.rs", forbidden), 3);
        assert_eq!(wrong("userland/src/sys.rs", "oscope_kernel::world::f();"), 1);
        assert_eq!(wrong("userland/src/scenario/a.rs", forbidden), 0);
        assert_eq!(wrong("userland/src/scenario/a.rs", "use oscope_tui::x;"), 1);
        assert_eq!(wrong("kernel/src/mm/a.rs", "use oscope_userland::x; oscope_tui::f();"), 2);
    }
}
