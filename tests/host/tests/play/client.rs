//! One who asks the runner.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where the script's memory begins.
pub(crate) const ARENA: u64 = 0x2000_0000;

/// Numbers of calls on riscv64.
pub(crate) mod nr {
    pub(crate) const EPOLL_CREATE1: u64 = 20;
    pub(crate) const EPOLL_CTL: u64 = 21;
    pub(crate) const EPOLL_PWAIT: u64 = 22;
    pub(crate) const OPENAT: u64 = 56;
    pub(crate) const CLOSE: u64 = 57;
    pub(crate) const PIPE2: u64 = 59;
    pub(crate) const LSEEK: u64 = 62;
    pub(crate) const READ: u64 = 63;
    pub(crate) const WRITE: u64 = 64;
    pub(crate) const FSTAT: u64 = 80;
    pub(crate) const EXIT: u64 = 93;
    pub(crate) const EXIT_GROUP: u64 = 94;
    pub(crate) const FUTEX: u64 = 98;
    pub(crate) const NANOSLEEP: u64 = 101;
    pub(crate) const KILL: u64 = 129;
    pub(crate) const RT_SIGACTION: u64 = 134;
    pub(crate) const RT_SIGPROCMASK: u64 = 135;
    pub(crate) const RT_SIGPENDING: u64 = 136;
    pub(crate) const RT_SIGTIMEDWAIT: u64 = 137;
    pub(crate) const RT_SIGRETURN: u64 = 139;
    pub(crate) const GETPID: u64 = 172;
    pub(crate) const GETPPID: u64 = 173;
    pub(crate) const GETTID: u64 = 178;
    pub(crate) const MUNMAP: u64 = 215;
    pub(crate) const CLONE: u64 = 220;
    pub(crate) const EXECVE: u64 = 221;
    pub(crate) const MMAP: u64 = 222;
    pub(crate) const WAIT4: u64 = 260;
    pub(crate) const CLONE3: u64 = 435;
}

/// A running `oscope-host play`.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What it said first.
    pub(crate) greeting: Value,
}

impl Client {
    /// Starts it, with a fresh tree; `None`, and a word about it, where this machine does not let it.
    pub(crate) fn new() -> Option<Self> {
        Self::with(&json!({}))
    }

    /// The same, with something in `begin`.
    pub(crate) fn with(begin: &Value) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_oscope-host"))
            .arg("play")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program was built with this test");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut client = Self { child, input, output, greeting: Value::Null };
        client.greeting = client.line();
        if let Some(why) = client.greeting.get("cannot") {
            eprintln!("skipped, because {why}");
            return None;
        }
        assert_eq!(client.ask(&json!({ "begin": begin }))["task"], 1);
        Some(client)
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the runner is there");
        serde_json::from_str(&line).expect("it answers in JSON")
    }

    /// Sends a line and returns the answer.
    pub(crate) fn send(&mut self, line: &str) -> Value {
        let input = self.input.as_mut().expect("it is open until the end");
        writeln!(input, "{line}").expect("the runner reads");
        self.line()
    }

    /// Asks and returns the answer.
    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        self.send(&request.to_string())
    }

    /// Has a task make a call.
    pub(crate) fn play(&mut self, task: u64, number: u64, arguments: &[i64]) -> Value {
        self.ask(&json!({ "task": task, "number": number, "arguments": arguments }))
    }

    /// The result of a call that comes back at once.
    pub(crate) fn call(&mut self, task: u64, number: u64, arguments: &[i64]) -> i64 {
        let answer = self.play(task, number, arguments);
        answer["result"].as_i64().unwrap_or_else(|| panic!("expected a result, got {answer}"))
    }

    /// The same with bytes put at the start of the arena.
    pub(crate) fn call_with(
        &mut self,
        task: u64,
        number: u64,
        arguments: &[i64],
        bytes: &[u8],
    ) -> i64 {
        let memory = json!([[ARENA, hex(bytes)]]);
        let request =
            json!({ "task": task, "number": number, "arguments": arguments, "memory": memory });
        let answer = self.ask(&request);
        answer["result"].as_i64().unwrap_or_else(|| panic!("expected a result, got {answer}"))
    }

    /// The result of a call, and the bytes that are at the start of the arena after it.
    pub(crate) fn call_and_read(
        &mut self,
        task: u64,
        number: u64,
        arguments: &[i64],
        length: u64,
    ) -> (i64, Vec<u8>) {
        let read = json!([[ARENA, length]]);
        let answer = self
            .ask(&json!({ "task": task, "number": number, "arguments": arguments, "read": read }));
        let result = answer["result"].as_i64();
        (result.unwrap_or_else(|| panic!("expected a result, got {answer}")), shown(&answer))
    }

    /// fork(2): the number of the new task.
    pub(crate) fn fork(&mut self, task: u64) -> (u64, i64) {
        let answer = self.play(task, nr::CLONE, &[17]);
        let new = answer["events"][0]["task"].as_u64();
        (
            new.unwrap_or_else(|| panic!("expected a new task, got {answer}")),
            number(&answer["result"]),
        )
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // At the end of input it goes, and everything with it.
        self.input.take();
        let status = self.child.wait().expect("a child of this process");
        if !std::thread::panicking() && self.greeting.get("ready").is_some() {
            assert!(status.success(), "the runner ended with {status}");
        }
    }
}

/// The bytes that an answer or event shows first.
pub(crate) fn shown(answer: &Value) -> Vec<u8> {
    let text =
        answer["memory"][0][1].as_str().unwrap_or_else(|| panic!("expected memory: {answer}"));
    let byte = |place| u8::from_str_radix(&text[place..place + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// A number that must be there.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("expected a number, got {value}"))
}

/// Words as they lie in memory.
pub(crate) fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The word of 32 bits at a place.
pub(crate) fn int(bytes: &[u8], place: usize) -> i64 {
    let bytes = bytes[place..place + 4].try_into().expect("four bytes");
    i64::from(i32::from_le_bytes(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
