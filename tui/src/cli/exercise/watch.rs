//! `oscope exercise watch`: the current exercise, checked whenever its file is saved. The keys are those of rustlings.

use super::super::Failure;
use super::{COLUMNS, all_done, next_hint, told, verdict_of};
use crate::exercise::shelf::Folder;
use crate::exercise::workspace::{Workspace, names};
use crate::lang::Lang;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::flag;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(150);

pub(super) fn watch(workspace: &Workspace, all: &[Folder], lang: Lang) -> Result<(), Failure> {
    if !super::super::is_terminal() {
        let message = "watch: expected a terminal; `oscope exercise check` checks once";
        return Err(Failure::Usage(message.to_owned()));
    }
    let told = |error: std::io::Error| Failure::Run(format!("terminal: {error}"));
    // The screen, once it was open, takes these signals for itself; whoever closes the terminal must end this too.
    let gone = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGTERM] {
        flag::register(signal, Arc::clone(&gone)).map_err(told)?;
    }
    enable_raw_mode().map_err(told)?;
    let done =
        Watch { workspace: workspace.clone(), all, lang, solved: false, chosen: None, gone }.run();
    disable_raw_mode().map_err(told)?;
    done
}

struct Watch<'f> {
    workspace: Workspace,
    all: &'f [Folder],
    lang: Lang,
    /// The shown exercise is solved, and `n` leads on.
    solved: bool,
    /// The list is shown, and this line of it is chosen.
    chosen: Option<usize>,
    /// The terminal is gone, or somebody asked this program to end.
    gone: Arc<AtomicBool>,
}

impl Watch<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        let mut seen = self.stamp();
        self.check()?;
        while !self.gone.load(Ordering::Relaxed) && super::super::is_terminal() {
            let told = |error: std::io::Error| Failure::Run(format!("terminal: {error}"));
            if event::poll(EVERY).map_err(told)? {
                let Event::Key(key) = event::read().map_err(told)? else { continue };
                if key.kind != KeyEventKind::Press {
                    continue;
                }
                let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('c' | 'd') if is_ctrl => return Ok(()),
                    code if self.chosen.is_some() => self.in_list(code)?,
                    KeyCode::Char('q') => return Ok(()),
                    KeyCode::Char('h') => self.hint()?,
                    KeyCode::Char('o') => self.open()?,
                    KeyCode::Char('l') => self.list()?,
                    KeyCode::Char('r') => self.check()?,
                    KeyCode::Char('c') => self.check_all()?,
                    KeyCode::Char('n') if self.solved => {
                        self.workspace.progress.current = None;
                        self.check()?;
                    }
                    _ => {}
                }
                seen = self.stamp();
            } else if self.stamp() != seen {
                seen = self.stamp();
                self.check()?;
            }
        }
        Ok(())
    }

    /// When the files of the shown exercise were changed last.
    fn stamp(&self) -> Vec<Option<SystemTime>> {
        let Some(folder) = self.workspace.current(self.all) else { return Vec::new() };
        let Ok(exercise) = folder.exercise() else { return Vec::new() };
        let place = self.workspace.path.join(&folder.name);
        let changed = |name| std::fs::metadata(place.join(name)).and_then(|data| data.modified());
        names(&exercise).into_iter().map(|name| changed(name).ok()).collect()
    }

    fn print(lines: &[String]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        // A clear screen, and line ends as a raw terminal wants them.
        let text = format!("\x1b[2J\x1b[H{}\r\n", lines.join("\r\n"));
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| Failure::Run(format!("terminal: {error}")))
    }

    fn keys(&self) -> &'static str {
        match (self.lang, self.solved) {
            (Lang::En, false) => {
                "h:hint  o:open the run  l:list  r:run again  c:check all  q:quit ?"
            }
            (Lang::En, true) => "n:next  l:list  r:run again  c:check all  q:quit ?",
            (Lang::Ko, false) => {
                "h:힌트  o:실행 열기  l:목록  r:다시 실행  c:모두 검사  q:끝내기 ?"
            }
            (Lang::Ko, true) => "n:다음  l:목록  r:다시 실행  c:모두 검사  q:끝내기 ?",
        }
    }

    fn bar(&self) -> String {
        let (done, of) = (self.workspace.progress.solved.len(), self.all.len().max(1));
        let filled = done.min(of) * 40 / of;
        format!("[{}{}] {done}/{of}", "#".repeat(filled), "-".repeat(40 - filled))
    }

    fn check(&mut self) -> Result<(), Failure> {
        let Some(folder) = self.workspace.current(self.all) else {
            return Self::print(&[all_done(self.lang).to_owned(), self.keys().to_owned()]);
        };
        let mut lines = Vec::new();
        self.solved = false;
        match verdict_of(&self.workspace, folder, self.lang) {
            Err(why) => lines.extend(crate::text::wrap(&why, COLUMNS)),
            Ok((verdict, file)) => {
                lines.extend(told(folder, &verdict, self.lang));
                if let Some(first) = verdict.findings.first().filter(|_| verdict.unreadable) {
                    lines.extend(first.sentence.lines().map(str::to_owned));
                }
                lines.push(String::new());
                lines.push(file.display().to_string());
                if verdict.passes() {
                    self.workspace.progress.solved.insert(folder.name.clone());
                    // It stays on the screen until `n`.
                    self.workspace.progress.current = Some(folder.name.clone());
                    self.solved = true;
                }
            }
        }
        let mut kept = self.workspace.clone();
        kept.progress.current = None;
        kept.save().map_err(Failure::Run)?;
        lines.extend([String::new(), self.bar(), self.keys().to_owned()]);
        Self::print(&lines)
    }

    fn hint(&mut self) -> Result<(), Failure> {
        let Some(folder) = self.workspace.current(self.all) else { return Ok(()) };
        let mut lines = next_hint(&mut self.workspace, folder, self.lang)?;
        lines.extend([String::new(), self.keys().to_owned()]);
        Self::print(&lines)
    }

    /// The screen takes the terminal over, and gives it back.
    fn open(&mut self) -> Result<(), Failure> {
        let Some(folder) = self.workspace.current(self.all) else { return Ok(()) };
        let seed = self.workspace.progress.seed;
        let shown = super::open::shown(&self.workspace.path, folder, seed, self.lang);
        enable_raw_mode().map_err(|error| Failure::Run(format!("terminal: {error}")))?;
        match shown {
            Ok(()) => self.check(),
            Err(Failure::Usage(why) | Failure::Run(why)) => {
                Self::print(&[why, String::new(), self.keys().to_owned()])
            }
            Err(other) => Err(other),
        }
    }

    /// A key while the list is shown.
    fn in_list(&mut self, code: KeyCode) -> Result<(), Failure> {
        let last = self.all.len().saturating_sub(1);
        let at = self.chosen.unwrap_or(0);
        match code {
            KeyCode::Char('j') | KeyCode::Down => self.chosen = Some((at + 1).min(last)),
            KeyCode::Char('k') | KeyCode::Up => self.chosen = Some(at.saturating_sub(1)),
            KeyCode::Enter | KeyCode::Char('c') => {
                self.workspace.progress.current = self.all.get(at).map(|f| f.name.clone());
                self.chosen = None;
                return self.check();
            }
            KeyCode::Char('q' | 'l') | KeyCode::Esc => {
                self.chosen = None;
                return self.check();
            }
            _ => {}
        }
        self.list()
    }

    fn list(&mut self) -> Result<(), Failure> {
        let current = self.workspace.current(self.all).map(|folder| &folder.name);
        let at = self.all.iter().position(|folder| Some(&folder.name) == current);
        let at = *self.chosen.get_or_insert(at.unwrap_or(0));
        let mark = |folder: &Folder| match self.workspace.progress.solved.contains(&folder.name) {
            true => "x",
            false => " ",
        };
        let rows = self.all.iter().enumerate().map(|(row, folder)| {
            let cursor = if row == at { '>' } else { ' ' };
            format!("{cursor} [{}] {}", mark(folder), folder.name)
        });
        let mut lines: Vec<String> = rows.collect();
        let keys = match self.lang {
            Lang::En => "j k:choose  Enter:go on with it  l:back",
            Lang::Ko => "j k:고르기  Enter:이것으로 계속  l:돌아가기",
        };
        lines.extend([String::new(), keys.to_owned()]);
        Self::print(&lines)
    }

    fn check_all(&mut self) -> Result<(), Failure> {
        for folder in self.all {
            let verdict = verdict_of(&self.workspace, folder, self.lang);
            match verdict.is_ok_and(|(verdict, _)| verdict.passes()) {
                true => self.workspace.progress.solved.insert(folder.name.clone()),
                false => self.workspace.progress.solved.remove(&folder.name),
            };
        }
        self.workspace.save().map_err(Failure::Run)?;
        self.list()
    }
}
