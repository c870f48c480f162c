//! The seams of the engine, one test each. What ENGINE decided, these hold.

#[path = "seams/calls.rs"]
mod calls;
#[path = "seams/files.rs"]
mod files;
#[path = "seams/machines.rs"]
mod machines;
#[path = "seams/priorities.rs"]
mod priorities;
#[path = "seams/programs.rs"]
mod programs;
#[path = "seams/time.rs"]
mod time;
