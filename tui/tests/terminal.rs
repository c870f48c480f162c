//! The program on a real terminal: tmux gives it one, types into it, and reads its screen.

use std::process::Command;
use std::time::{Duration, Instant};

/// A tmux server of this test's own. Dropping it ends the server, and all that runs in it.
struct Tmux {
    socket: String,
}

impl Tmux {
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-L", &self.socket, "-f", "/dev/null"])
            .args(arguments)
            .output()
            .expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts a shell that runs a command and then says with which status it ended.
    fn start(name: &str, command: &str) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("skipped: this test needs tmux");
            return None;
        }
        let socket = format!("oscope-test-{name}-{}", std::process::id());
        let tmux = Self { socket };
        // The shell finds the program by its name.
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_oscope"));
        let directory = binary.parent().and_then(std::path::Path::to_str).expect("a directory");
        let script = format!(
            "PATH={directory}:$PATH; echo before; {command}; echo status=$?; stty -a; sleep 600"
        );
        let size = ["new-session", "-d", "-x", "80", "-y", "24", "sh", "-c"];
        tmux.run(&[&size[..], &[&script]].concat());
        Some(tmux)
    }

    fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Waits until the screen fulfils a condition.
    fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return screen;
            }
            let waited = start.elapsed();
            assert!(waited < Duration::from_secs(20), "waited for {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn until(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        self.run(&["resize-window", "-x", &width, "-y", &height]);
    }

    /// The shell is back, on its own screen, with its terminal as it was.
    fn until_restored(&self) {
        let screen = self.until("status=0");
        assert!(screen.contains("before"), "the old screen is back:\n{screen}");
        assert!(!screen.contains("who has the CPU"), "{screen}");
        self.resize(100, 50);
        let screen = self.until("icanon");
        assert!(!screen.contains("-icanon") && !screen.contains("-echo "), "{screen}");
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn a_session_of_a_curious_student() {
    let Some(tmux) = Tmux::start("student", "oscope tui first") else {
        return;
    };
    let start = tmux.until("> At the start the kernel started");
    assert!(start.contains("oscope  first / box") && start.contains("q quit"), "{start}");
    tmux.keys(&["Right"]);
    let second = tmux.wait("a step", |screen| !screen.contains("> At the start"));
    tmux.keys(&["Right"]);
    let third = tmux.wait("another step", |screen| *screen != second);
    tmux.keys(&["Left"]);
    // The timeline remembers how far the run has got; all else is as it was.
    let line = |screen: &str, n: usize| screen.lines().nth(n).map(str::to_owned);
    tmux.wait("the step back", |screen| line(screen, 0) == line(&second, 0));
    tmux.keys(&["l"]);
    tmux.wait("forth again", |screen| line(screen, 4) == line(&third, 4));
    tmux.keys(&["?"]);
    tmux.until("Any key closes this");
    tmux.keys(&["x"]);
    tmux.wait("help to close", |screen| !screen.contains("Any key closes this"));
    tmux.keys(&["?"]);
    tmux.until("Any key closes this");
    tmux.keys(&["Escape"]);
    tmux.wait("help to close", |screen| !screen.contains("Any key closes this"));
    tmux.keys(&["Down"]);
    tmux.until("> A init");
    tmux.keys(&["G"]);
    tmux.until("at the end");
    tmux.keys(&["q"]);
    tmux.until_restored();
}

#[test]
fn sizes_wrong_keys_and_pastes_do_no_harm() {
    let Some(tmux) = Tmux::start("rough", "oscope tui wire --ascii") else {
        return;
    };
    tmux.until("q quit");
    for n in 0..40_u16 {
        tmux.resize(20 + (n * 37) % 180, 5 + (n * 13) % 60);
    }
    tmux.resize(40, 10);
    tmux.until("oscope needs 60 x 16 cells");
    tmux.keys(&["p", "Right", "?"]);
    tmux.resize(80, 24);
    tmux.wait("the screen", |screen| {
        screen.contains("who has the CPU") && !screen.contains("Any key")
    });
    tmux.keys(&["F5", "PageUp", "DC", "z", "Z", "0", "M-q", "C-x", "BSpace", "Enter"]);
    tmux.run(&["set-buffer", &"q?pG+- paste of many letters\n".repeat(2_000)]);
    tmux.run(&["paste-buffer", "-p"]);
    tmux.keys(&["Home"]);
    tmux.until("0 |^");
    tmux.keys(&["C-c"]);
    tmux.until_restored();
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let Some(tmux) = Tmux::start("term", "timeout --foreground -s TERM 3 oscope; echo gone") else {
        return;
    };
    tmux.until("q quit");
    let screen = tmux.until("status=0");
    assert!(screen.contains("before") && screen.contains("gone"), "{screen}");
    tmux.until_restored();
}

#[test]
fn without_colours_what_is_chosen_still_shows() {
    let Some(tmux) = Tmux::start("mono", "NO_COLOR=1 oscope tui first") else {
        return;
    };
    tmux.until("q quit");
    tmux.keys(&["Down"]);
    tmux.until("> A init");
    let raw = tmux.run(&["capture-pane", "-p", "-e"]);
    assert!(raw.contains("\u{1b}[7m") || raw.contains(";7m"), "reverse survives");
    let coloured = raw.split('\u{1b}').any(|part| {
        part.starts_with("[3") && part.as_bytes().get(2).is_some_and(|c| (b'0'..b'8').contains(c))
    });
    assert!(!coloured, "{raw:?}");
    tmux.keys(&["q"]);
    tmux.until_restored();
}

#[test]
fn a_session_is_saved_and_another_person_opens_it() {
    let path = |ending: &str| {
        let name = format!("oscope-{}-kept.{ending}", std::process::id());
        std::env::temp_dir().join(name).to_str().expect("UTF-8").to_owned()
    };
    let (kept, picture, cast) = (path("oscope"), path("svg"), path("cast"));
    let command = "LANG=C oscope tui first --set box.cpus=1 --no-mouse";
    let Some(tmux) = Tmux::start("kept", command) else { return };
    tmux.wait("the screen", |screen| screen.contains("paused"));
    tmux.keys(&[":", "record ", &cast, "Enter"]);
    tmux.keys(&[":", "go 30ms", "Enter", ":", "policy fifo", "Enter", ":", "view log", "Enter"]);
    tmux.wait("the policy", |screen| screen.contains("t=30") || screen.contains("t=29"));
    tmux.keys(&[":", "write ", &kept, "Enter"]);
    tmux.wait("the session's file", |_| std::path::Path::new(&kept).exists());
    tmux.keys(&[":", "write ", &picture, "Enter"]);
    tmux.wait("the picture", |_| std::path::Path::new(&picture).exists());
    tmux.keys(&["q"]);
    tmux.wait("the end", |screen| screen.contains("status=0"));
    let text = std::fs::read_to_string(&kept).expect("a file");
    assert!(text.contains("policy = \"fifo\"") && text.contains("box.cpus=1"), "{text}");
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    let recording = std::fs::read_to_string(&cast).expect("a recording");
    assert!(recording.lines().count() > 2 && recording.starts_with('{'), "{recording}");

    let Some(other) = Tmux::start("opened", &format!("LANG=C oscope tui {kept} --no-mouse")) else {
        return;
    };
    let screen = other.wait("the same moment", |screen| {
        screen.contains("paused") && (screen.contains("t=30") || screen.contains("t=29"))
    });
    assert!(screen.contains("first / box"), "{screen}");
    other.keys(&["2"]);
    other.wait("the same policy", |screen| screen.contains("policy: fifo"));
    other.keys(&["!"]);
    other.wait("why?", |screen| screen.contains("Why?") && screen.contains("now"));
    // Sent together, a terminal could take them for Alt-q.
    other.keys(&["Escape"]);
    other.wait("no window", |screen| !screen.contains("Why?"));
    other.keys(&["q"]);
    other.wait("the end", |screen| screen.contains("status=0"));
    for file in [kept, picture, cast] {
        let _ = std::fs::remove_file(file);
    }
}
