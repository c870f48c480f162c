//! Walking the tree: lists, pipelines, compound commands, functions.
//!
//! Functions here that may come back to themselves return boxed futures; how often they may is bounded by
//! [`DEEPEST_CALL`] for functions and by the parser's limit for what is nested in a text.

use super::ast::{Command, Compound, Connector, Item, List, Part, Pipeline, Redirection, Word};
use super::pattern::fits;
use super::{Flow, Shell, Stop};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// How many functions may call each other (dash: `MAX_RECURSION`).
const DEEPEST_CALL: u32 = 1000;

/// How many commands may run within each other, whatever makes them: each takes a piece of the host's stack, and a
/// script that calls itself must not fill that.
const DEEPEST: u32 = 3200;

/// What a compound command takes more of it than a list.
const WEIGHT: u32 = 8;

/// After so many rounds a loop lets the shell forget them.
const ROUNDS: u32 = 256;

type Boxed<'a> = Pin<Box<dyn Future<Output = Flow> + 'a>>;

impl Shell {
    /// Commands one after the other.
    pub(super) fn list<'a>(&'a mut self, list: &'a List) -> Boxed<'a> {
        Box::pin(async move {
            if self.depth >= DEEPEST {
                return Err(self.abort("Maximum nesting depth reached", 2).await);
            }
            self.depth += 1;
            let mut flow = Ok(());
            for item in list.iter() {
                flow = self.item(item).await;
                if flow.is_err() {
                    break;
                }
            }
            self.depth -= 1;
            flow
        })
    }

    /// A chain of pipelines.
    pub(super) async fn item(&mut self, item: &Item) -> Flow {
        if item.is_background {
            return self.background(item).await;
        }
        let is_tested = !item.rest.is_empty();
        self.pipeline(&item.first, is_tested, &item.text).await?;
        self.depth += 1;
        let mut flow = Ok(());
        for (n, (connector, pipeline)) in item.rest.iter().enumerate() {
            let has_succeeded = self.state.status == 0;
            if has_succeeded == (*connector == Connector::And) {
                flow = self.pipeline(pipeline, n + 1 < item.rest.len(), &item.text).await;
                if flow.is_err() {
                    break;
                }
            }
        }
        self.depth -= 1;
        flow
    }

    /// A pipeline. A failure of one that is tested does not end a shell with `set -e`.
    async fn pipeline(&mut self, pipeline: &Pipeline, is_tested: bool, text: &str) -> Flow {
        let is_tested = is_tested || pipeline.is_negated;
        self.state.tested += u32::from(is_tested);
        let flow = match pipeline.commands.as_slice() {
            [command] => {
                self.is_last &= !pipeline.is_negated;
                self.command(command, text).await
            }
            commands => self.pipe(commands, text).await,
        };
        self.state.tested -= u32::from(is_tested);
        flow?;
        if pipeline.is_negated {
            self.state.status = i32::from(self.state.status == 0);
        }
        self.poll_signals().await?;
        // What is made of other commands fails because one of those did, which has been looked at.
        let counts = match pipeline.commands.as_slice() {
            [Command::Simple(_)] => true,
            [Command::Compound(compound, _)] => matches!(**compound, Compound::Subshell(_)),
            [_] => false,
            _ => true,
        };
        let is_failure = self.state.status != 0 && !is_tested && self.state.tested == 0;
        if counts && is_failure && self.state.has('e') {
            return Err(Stop::Exit);
        }
        Ok(())
    }

    /// A command.
    pub(super) fn command<'a>(&'a mut self, command: &'a Command, text: &'a str) -> Boxed<'a> {
        match command {
            Command::Simple(simple) => Box::pin(self.simple(simple, text)),
            Command::Compound(compound, redirections) => match &**compound {
                Compound::Subshell(list) => Box::pin(self.subshell(list, redirections, text)),
                compound if redirections.is_empty() => self.compound(compound),
                compound => Box::pin(self.redirected(compound, redirections)),
            },
            Command::Function { name, body } => {
                self.state.functions.insert(Arc::clone(name), Arc::clone(body));
                self.state.status = 0;
                Box::pin(std::future::ready(Ok(())))
            }
        }
    }

    async fn redirected(&mut self, compound: &Compound, redirections: &[Redirection]) -> Flow {
        self.is_last = false;
        self.depth += 1;
        let flow = match self.redirect(redirections).await? {
            Some(saved) => {
                let flow = self.compound(compound).await;
                self.restore(saved).await;
                flow
            }
            None => Ok(()),
        };
        self.depth -= 1;
        flow
    }

    fn compound<'a>(&'a mut self, compound: &'a Compound) -> Boxed<'a> {
        self.is_last = false;
        match compound {
            Compound::Subshell(list) => Box::pin(self.subshell(list, &[], "")),
            Compound::Group(list) => self.list(list),
            Compound::If { condition, body, otherwise } => {
                Box::pin(self.conditional(condition, body, otherwise))
            }
            Compound::While { condition, body, is_until } => {
                Box::pin(self.repetition((condition, body, *is_until), compound))
            }
            Compound::For { name, words, body } => {
                Box::pin(self.iteration(name, words.as_deref(), body))
            }
            Compound::Case { word, arms } => Box::pin(self.selection(word, arms)),
        }
    }

    async fn conditional(&mut self, condition: &List, body: &List, otherwise: &List) -> Flow {
        if self.condition(condition).await? {
            return self.body(body).await;
        }
        self.state.status = 0;
        self.body(otherwise).await
    }

    /// A list within a compound command.
    async fn body(&mut self, list: &List) -> Flow {
        self.depth += WEIGHT;
        let flow = self.list(list).await;
        self.depth -= WEIGHT;
        flow
    }

    /// Runs a list whose failure is an answer and no error.
    async fn condition(&mut self, list: &List) -> Flow<bool> {
        self.state.tested += 1;
        let flow = self.body(list).await;
        self.state.tested -= 1;
        flow?;
        Ok(self.state.status == 0)
    }

    async fn repetition(
        &mut self,
        (condition, body, is_until): (&List, &List, bool),
        whole: &Compound,
    ) -> Flow {
        let (mut status, mut rounds) = (0, 0);
        loop {
            self.state.loops += 1;
            let goes_on = match self.condition(condition).await {
                Ok(is_true) => is_true != is_until,
                Err(stop) => match self.loop_stop(stop)? {
                    Next::Round => true,
                    Next::End => return Ok(()),
                },
            };
            if !goes_on {
                self.state.loops -= 1;
                break;
            }
            let flow = self.body(body).await;
            if let Err(stop) = flow {
                if self.loop_stop(stop)? == Next::End {
                    return Ok(());
                }
            } else {
                self.state.loops -= 1;
            }
            status = self.state.status;
            rounds += 1;
            if self.depth == 0 && rounds == ROUNDS {
                let command = Command::Compound(Arc::new(whole.clone()), Vec::new());
                return Err(Stop::Again(Box::new(command)));
            }
        }
        self.state.status = status;
        Ok(())
    }

    /// What a `break` or `continue` means for the innermost loop, which is left in any case but the next round.
    fn loop_stop(&mut self, stop: Stop) -> Flow<Next> {
        self.state.loops -= 1;
        match stop {
            Stop::Break(1) => Ok(Next::End),
            Stop::Continue(1) => Ok(Next::Round),
            Stop::Break(n) => Err(Stop::Break(n - 1)),
            Stop::Continue(n) => Err(Stop::Continue(n - 1)),
            other => Err(other),
        }
    }

    async fn iteration(&mut self, name: &str, words: Option<&[Word]>, body: &List) -> Flow {
        let values = match words {
            Some(words) => self.fields(words).await?,
            None => self.state.positional.clone(),
        };
        self.state.status = 0;
        for (n, value) in values.iter().enumerate() {
            if self.depth == 0 && n == ROUNDS as usize {
                let rest = values.iter().skip(n);
                let words = rest.map(|value| Word(vec![Part::Quoted(value.clone())])).collect();
                let body = Arc::clone(body);
                let rest = Compound::For { name: name.to_owned(), words: Some(words), body };
                return Err(Stop::Again(Box::new(Command::Compound(Arc::new(rest), Vec::new()))));
            }
            if let Err(message) = self.state.set(name, value) {
                return Err(self.abort(&message, 2).await);
            }
            self.state.loops += 1;
            match self.body(body).await {
                Ok(()) => self.state.loops -= 1,
                Err(stop) => {
                    if self.loop_stop(stop)? == Next::End {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    async fn selection(&mut self, word: &Word, arms: &[(Vec<Word>, List)]) -> Flow {
        self.substituted = None;
        let text: Vec<char> = self.text(word).await?.chars().collect();
        self.state.status = 0;
        for (patterns, body) in arms {
            for pattern in patterns {
                let pattern = self.marks(pattern).await?;
                if fits(&pattern, &text) {
                    return self.body(body).await;
                }
            }
        }
        Ok(())
    }

    /// Calls a function with these arguments.
    pub(super) async fn call(&mut self, body: &Command, arguments: &[String]) -> Flow {
        if self.state.calls >= DEEPEST_CALL {
            let message = format!("Maximum function recursion depth ({DEEPEST_CALL}) reached");
            return Err(self.abort(&message, 2).await);
        }
        let own = arguments.get(1..).unwrap_or_default().to_vec();
        let outer = std::mem::replace(&mut self.state.positional, own);
        let loops = std::mem::take(&mut self.state.loops);
        self.state.scopes.push(std::collections::BTreeMap::new());
        self.state.calls += 1;
        self.depth += 1;
        let flow = self.command(body, "").await;
        self.depth -= 1;
        self.state.calls -= 1;
        self.state.leave_scope();
        self.state.loops = loops;
        self.state.positional = outer;
        match flow {
            Err(Stop::Return) => Ok(()),
            other => other,
        }
    }
}

/// What a loop does after a round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Round,
    End,
}
