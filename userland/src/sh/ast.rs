//! What the parser makes of a text: a tree of commands (POSIX Shell Command Language, 2.9).
//!
//! From the outside in: a [`List`] has [`Item`]s, each a chain of pipelines with `&&` and `||` between them; a
//! [`Pipeline`] has [`Command`]s; a simple command has [`Word`]s, and a word has [`Part`]s, some of which are to
//! be expanded later, each time the command runs.

use std::sync::Arc;

/// Commands one after the other.
pub type List = Arc<[Item]>;

/// A chain of pipelines, in the foreground or with `&` behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// The first pipeline.
    pub first: Pipeline,
    /// What follows, and whether it runs after a success (`&&`) or after a failure (`||`).
    pub rest: Vec<(Connector, Pipeline)>,
    /// Whether the shell does not wait for it.
    pub is_background: bool,
    /// How it was written, for `jobs`.
    pub text: Arc<str>,
}

/// What stands between two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands each of which reads what the one before it writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pipeline {
    /// Whether `!` turns its status round.
    pub is_negated: bool,
    /// At least one.
    pub commands: Vec<Command>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Assignments, words, redirections.
    Simple(Arc<Simple>),
    /// One that is made of others, with redirections for all of them.
    Compound(Arc<Compound>, Vec<Redirection>),
    /// `name() command`
    Function {
        /// Its name.
        name: Arc<str>,
        /// What it does.
        body: Arc<Command>,
    },
}

/// `name=value command words >file`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Simple {
    /// Variables, and what they become.
    pub assignments: Vec<(String, Word)>,
    /// The command and its arguments.
    pub words: Vec<Word>,
    /// In the order in which they are carried out.
    pub redirections: Vec<Redirection>,
    /// The line that it begins on, counted from 1.
    pub line: u32,
}

/// A command that is made of others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Compound {
    /// `( list )`
    Subshell(List),
    /// `{ list; }`
    Group(List),
    /// `if condition; then body; else otherwise; fi`; an `elif` is another one in `otherwise`.
    If {
        /// What decides.
        condition: List,
        /// What runs if that succeeded.
        body: List,
        /// What runs if not; may be empty.
        otherwise: List,
    },
    /// `while condition; do body; done`
    While {
        /// What decides, before each round.
        condition: List,
        /// What runs in each round.
        body: List,
        /// Whether it goes on as long as the condition fails (`until`).
        is_until: bool,
    },
    /// `for name in words; do body; done`
    For {
        /// The variable.
        name: String,
        /// What it takes one after the other; `None`: the positional parameters.
        words: Option<Vec<Word>>,
        /// What runs for each.
        body: List,
    },
    /// `case word in pattern) body;; esac`
    Case {
        /// What is looked at.
        word: Word,
        /// Patterns, and what runs for the first that fits.
        arms: Vec<(Vec<Word>, List)>,
    },
}

/// A change of a descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Redirection {
    /// The descriptor; `None`: 0 for input, 1 for output.
    pub fd: Option<u32>,
    /// What is done.
    pub kind: RedirectionKind,
    /// The file's name, the other descriptor, or the here-document.
    pub target: Word,
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RedirectionKind {
    /// `<`
    Read,
    /// `>`, and with `set -C` an error if the file is there.
    Write,
    /// `>|`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&`
    DupIn,
    /// `>&`
    DupOut,
    /// `<<` and `<<-`
    Here,
}

/// A word before it is expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Word(pub Vec<Part>);

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Characters that stand for themselves, but for patterns and a tilde.
    Literal(String),
    /// Characters that were quoted by `'` or `\`.
    Quoted(String),
    /// What stood between `"` and `"`: expanded, but neither split nor matched with files.
    DoubleQuoted(Vec<Part>),
    /// `$name`, `${name}`, `${name:-word}` and so on.
    Parameter(Box<Parameter>),
    /// `$(list)` or `` `list` ``
    Command(List),
    /// `$((expression))`
    Arithmetic(Word),
}

/// A parameter, and what is done to its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// A variable's name, a number, or one of `@*#?-$!`.
    pub name: String,
    /// What is done to it.
    pub modifier: Modifier,
}

/// What is done to a parameter's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Modifier {
    /// Nothing.
    None,
    /// `${#name}`: its length.
    Length,
    /// `${name-word}` and its relatives.
    Unless {
        /// What the word is for.
        action: Action,
        /// Whether an empty value counts as none (the colon).
        or_empty: bool,
        /// The word.
        word: Word,
    },
    /// `${name#pattern}` and its relatives.
    Strip {
        /// Whether the end is taken off (`%`), or the beginning.
        is_suffix: bool,
        /// Whether as much as possible is taken (`##`, `%%`).
        is_longest: bool,
        /// What is taken off.
        pattern: Word,
    },
    /// Something that no shell knows; an error when it is expanded.
    Bad,
}

/// What the word of a [`Modifier::Unless`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// `-`: used if there is no value.
    Use,
    /// `=`: used and assigned if there is no value.
    Assign,
    /// `?`: the message if there is no value.
    Complain,
    /// `+`: used if there is a value.
    Replace,
}

impl Word {
    /// The word's text if nothing in it was quoted and nothing is to be expanded.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether any part of it was quoted.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Quoted(_) | Part::DoubleQuoted(_)))
    }
}

/// Whether a text can be a variable's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
