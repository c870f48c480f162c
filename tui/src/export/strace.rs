//! A run as `strace -f` would have told it.

use oscope_kernel::world::World;
use oscope_userland::script::printer::{Printer, Style};

/// Hands the lines to `write` piece by piece, all machines in the order of time.
///
/// # Errors
/// What `write` fails with.
pub fn write<E>(
    world: &World,
    style: Style,
    mut write: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let names: Vec<&str> =
        world.machines().iter().map(|machine| machine.config().name.as_str()).collect();
    let mut printer = Printer::new(style, &names);
    let logs = world.logs();
    let mut text = String::new();
    for (id, record) in world.events() {
        let Some(log) = logs.iter().find(|log| log.machine() == id.machine()) else {
            continue;
        };
        printer.record(log, id.sequence(), record, &mut text);
        if !text.is_empty() {
            write(&text)?;
            text.clear();
        }
    }
    printer.finish(&mut text);
    write(&text)
}
