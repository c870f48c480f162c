//! How a script is found that is executed as a file: `#!/bin/trace`.
//!
//! execve(2) runs the interpreter with the script's path as its first argument. The interpreter opens the file and
//! reads it, as any program would and with the same calls; then it is the script's player.

use super::ARENA;
use super::compile::compile;
use super::plan::{Origin, Plan};
use crate::script::parse::parse;
use crate::script::problem::Problem;
use oscope_kernel::abi::nr;
use oscope_kernel::abi::{Interruption, UserMemory, Width};

/// How much is read at a time.
const CHUNK: usize = 4096;

/// The longest script that is executed as a file.
const LONGEST: usize = 1 << 20;

/// How far reading has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Nothing is done.
    Fresh,
    /// The file is being opened.
    Opening,
    /// It is being read from this descriptor.
    Reading(u64),
    /// So many bytes have come from this descriptor, and are to be looked at.
    Came(u64, usize),
    /// It is being closed.
    Closing,
    /// What is wrong is being said.
    Telling,
}

/// An interpreter that reads its script.
#[derive(Clone, Debug, Hash)]
pub(super) struct Reader {
    stage: Stage,
    stack: u64,
    text: Vec<u8>,
}

/// What reading leads to.
pub(super) enum Step {
    /// A call: its number and its words.
    Call(u16, [u64; 6]),
    /// This is the script.
    Plan(Box<Plan>),
}

impl Reader {
    /// One whose arguments lie on this stack.
    pub(super) fn new(stack: u64) -> Self {
        Self { stage: Stage::Fresh, stack, text: Vec::new() }
    }

    /// Goes on with what the kernel has answered.
    pub(super) fn go_on(
        &mut self,
        answer: Option<u64>,
        memory: &mut dyn UserMemory,
    ) -> Result<Step, Interruption> {
        let read = |fd| Step::Call(nr::READ, [fd, ARENA, CHUNK as u64, 0, 0, 0]);
        loop {
            match (&self.stage, answer) {
                (Stage::Fresh, _) => {
                    // argc, then the pointers: the second argument is the script's path.
                    let path = memory.load(self.stack + 16, Width::B8)?;
                    self.stage = Stage::Opening;
                    let here = -100_i64 as u64;
                    return Ok(Step::Call(nr::OPENAT, [here, path, 0, 0, 0, 0]));
                }
                (Stage::Opening, Some(fd)) if (fd as i64) >= 0 => {
                    self.stage = Stage::Reading(fd);
                    return Ok(read(fd));
                }
                (Stage::Reading(fd), Some(length)) if (1..=CHUNK as u64).contains(&length) => {
                    self.stage = Stage::Came(*fd, length as usize);
                }
                (Stage::Came(fd, length), _) => {
                    let (fd, mut bytes) = (*fd, vec![0; *length]);
                    memory.read(ARENA, &mut bytes)?;
                    self.text.extend(bytes);
                    if self.text.len() > LONGEST {
                        return self.tell("the script is longer than 1 MiB\n", memory);
                    }
                    self.stage = Stage::Reading(fd);
                    return Ok(read(fd));
                }
                (Stage::Reading(fd), Some(0)) => {
                    let fd = *fd;
                    self.stage = Stage::Closing;
                    return Ok(Step::Call(nr::CLOSE, [fd, 0, 0, 0, 0, 0]));
                }
                (Stage::Closing, _) => return self.plan(memory),
                (Stage::Telling, _) => return Ok(Step::Call(nr::EXIT_GROUP, [2, 0, 0, 0, 0, 0])),
                _ => return self.tell("the script cannot be read\n", memory),
            }
        }
    }

    fn plan(&mut self, memory: &mut dyn UserMemory) -> Result<Step, Interruption> {
        let text = String::from_utf8_lossy(&self.text).into_owned();
        let parsed = parse(&text);
        let mut problems = parsed.problems;
        if problems.is_empty() {
            let (plan, wrong) = compile(&parsed.tree, Origin::Written);
            if wrong.is_empty() {
                return Ok(Step::Plan(Box::new(plan)));
            }
            problems = wrong;
        }
        let told =
            problems.first().map_or(String::new(), |first: &Problem| first.show("script", &text));
        self.tell(&told, memory)
    }

    /// Says on standard error what is wrong, and ends.
    fn tell(&mut self, text: &str, memory: &mut dyn UserMemory) -> Result<Step, Interruption> {
        let bytes = text.as_bytes().get(..CHUNK).unwrap_or(text.as_bytes());
        memory.write(ARENA, bytes)?;
        self.stage = Stage::Telling;
        Ok(Step::Call(nr::WRITE, [2, ARENA, bytes.len() as u64, 0, 0, 0]))
    }
}
