//! What the printer writes of a run, beside what a real `strace -f -o` (6.1) wrote of the same program in C. Numbers of
//! processes, addresses and times are oscope's; all else is as it was recorded.

#[path = "strace/options.rs"]
mod options;
#[path = "strace/signals.rs"]
mod signals;
#[path = "strace/tasks.rs"]
mod tasks;

use oscope_kernel::machine::Machine;
use oscope_userland::script::printer::{Printer, Style};
use oscope_userland::sys::RustImage;

/// The run of a program in strace's words.
fn trace(image: RustImage) -> String {
    printed(&oscope_tests::run(vec![image]), Style::default())
}

fn printed(machine: &Machine, style: Style) -> String {
    let (log, mut text) = (machine.log(), String::new());
    let mut printer = Printer::new(style, &["box"]);
    for (sequence, record) in log.since(0) {
        printer.record(log, sequence, record, &mut text);
    }
    printer.finish(&mut text);
    text
}
