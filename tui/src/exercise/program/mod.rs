//! Programs that run on the machine: an `async fn` of a student, in a process of its own.
//!
//! Layers: `docs/exercises/oscope.rs` is the small libc that a program is compiled with; `tape` asks the process what the
//! program wants and remembers it; this module makes an image of that, which the kernel runs like any other.
//!
//! A typical sequence: the machine starts the image; its body asks the tape what `main` wants first, which asks the process,
//! which says `call 59 …`; the body makes that call, and the tape passes the answer on. What the process says is wishes, and
//! the kernel grants or refuses them: whether the program does what it should is read from the log of the kernel's own run.

mod tape;

use super::child::Limits;
use super::compile::Program;
use super::file::Exercise;
use crate::lang::Lang;
use crate::text::clean;
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::program::Image;
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};
use std::sync::{Arc, Mutex, PoisonError};
use tape::{Answer, Start, Tape, Wish};

pub use tape::Broken;

/// How many functions a program may have besides `main`.
const FUNCTIONS: u64 = 16;

/// The name under which the machine knows the program.
pub const NAME: &str = "program";

/// A student's program, as the machine runs it.
pub struct Running {
    tape: Arc<Mutex<Tape>>,
    /// What is put into the machine.
    pub image: Arc<dyn Image>,
    // The folder with the binary stays as long as it runs.
    _program: Program,
}

impl Running {
    /// Compiles a source and starts its process. What is wrong comes with the name of the finding.
    ///
    /// # Errors
    /// What is wrong with the source.
    pub fn prepare(name: &str, text: &str, limits: Limits) -> Result<Self, (&'static str, String)> {
        let program = Program::with_library(name, text)?;
        let child =
            program.start(limits).map_err(|error| ("no-program", format!("{name}: {error}")))?;
        let tape = Arc::new(Mutex::new(Tape::new(child)));
        let image = Arc::new(image(&tape));
        Ok(Self { tape, image, _program: program })
    }

    /// Why it did not go on, if so: the name of the finding, and a sentence.
    #[must_use]
    pub fn broken(&self, exercise: &Exercise, lang: Lang) -> Option<(&'static str, String)> {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.broken().map(|why| told(why, &exercise.file, lang))
    }
}

fn told(why: &Broken, name: &str, lang: Lang) -> (&'static str, String) {
    match (why, lang) {
        (Broken::Stopped(_), Lang::En) => (
            "too-late",
            format!("{name} said nothing for too long, or ended its process: it must only await."),
        ),
        (Broken::Stopped(_), Lang::Ko) => (
            "too-late",
            format!(
                "{name}이(가) 너무 오래 아무 말이 없거나 프로세스를 끝냈습니다. await만 해야 합니다."
            ),
        ),
        (Broken::Panicked(text), Lang::En) => {
            ("panicked", format!("{name} panicked: {}", clean(text)))
        }
        (Broken::Panicked(text), Lang::Ko) => {
            ("panicked", format!("{name}이(가) 패닉을 일으켰습니다: {}", clean(text)))
        }
        (Broken::Garbled(text), Lang::En) => {
            let text: String = text.chars().take(40).collect();
            ("garbled", format!("{name} said `{}`, which is no call.", clean(&text)))
        }
        (Broken::Garbled(text), Lang::Ko) => {
            let text: String = text.chars().take(40).collect();
            (
                "garbled",
                format!("{name}이(가) `{}`라고 했는데, 시스템 콜이 아닙니다.", clean(&text)),
            )
        }
        (Broken::Endless, Lang::En) => {
            ("endless", format!("{name} never comes to an end: it makes one call after the other."))
        }
        (Broken::Endless, Lang::Ko) => {
            ("endless", format!("{name}이(가) 끝나지 않고 계속 시스템 콜을 부릅니다."))
        }
    }
}

/// The image: `main`, and functions by number, all of which ask the tape.
fn image(tape: &Arc<Mutex<Tape>>) -> RustImage {
    let main = Arc::clone(tape);
    let mut image = RustImage::new(NAME, move |sys| run(sys, Arc::clone(&main), 0, 0));
    for number in 0..=FUNCTIONS {
        let tape = Arc::clone(tape);
        image = image.function(move |sys, word| run(sys, Arc::clone(&tape), number, word));
    }
    image
}

/// Does what the tape says.
async fn run(sys: Sys, tape: Arc<Mutex<Tape>>, function: u64, word: u64) -> u64 {
    let start = Start { function, word, scratch: sys.scratch() };
    let with = |act: &mut dyn FnMut(&mut Tape) -> usize| {
        let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        let at = act(&mut tape);
        (at, tape.wish(at))
    };
    let (mut at, mut wish) = with(&mut |tape| tape.begin(start));
    loop {
        let answer = match wish {
            Wish::Call(number, arguments) => Answer::Word(
                sys.call(number, arguments).await.unwrap_or_else(|errno| errno.to_result() as u64),
            ),
            Wish::Load(from) => Answer::Word(sys.load(from).await),
            Wish::Load32(from) => Answer::Word(u64::from(sys.load32(from).await)),
            Wish::Store(to, value) => {
                sys.store(to, value).await;
                Answer::Word(0)
            }
            Wish::Store32(to, value) => {
                sys.store32(to, value).await;
                Answer::Word(0)
            }
            Wish::Add(to, n) => Answer::Word(sys.fetch_add(to, n).await),
            Wish::Swap32(to, new) => Answer::Word(u64::from(sys.swap32(to, new).await)),
            Wish::Exchange32(to, old, new) => {
                Answer::Word(u64::from(sys.compare_exchange32(to, old, new).await))
            }
            Wish::Peek(from, length) => Answer::Bytes(sys.peek(from, length).await),
            Wish::Poke(to, bytes) => {
                sys.poke(to, &bytes).await;
                Answer::Word(0)
            }
            Wish::Compute(us) => {
                sys.compute(Duration::micros(us)).await;
                Answer::Word(0)
            }
            Wish::End(code) => return code,
            Wish::Abort => {
                let own = sys.getpid().await;
                let _ = sys.kill(own, Signal::ABRT).await;
                return 134;
            }
        };
        (at, wish) = with(&mut |tape| tape.answered(at, answer.clone()));
    }
}
