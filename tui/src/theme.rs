//! Colours. They only ever repeat what a glyph already says.

use ratatui::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's own sixteen.
    #[default]
    Sixteen,
    /// 24-bit colours, told apart also by those who see red and green alike (Okabe and Ito 2008).
    Vivid,
    /// Blue, yellow and red only, which separate best in every kind of colour vision.
    Safe,
    /// None.
    Mono,
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Plain text.
    Text,
    /// Text that may be overlooked.
    Faint,
    /// A heading.
    Heading,
    /// The title line.
    Title,
    /// A key in the hint line.
    Key,
    /// The caption.
    Caption,
    /// What is chosen.
    Selected,
    /// The playhead.
    Playhead,
    /// Runs; the number tells tasks apart.
    Run(usize),
    /// Ready, and waits for a CPU.
    Ready,
    /// Waits for a disk.
    Disk,
    /// Waits for something else.
    Asleep,
    /// An idle CPU.
    Idle,
    /// The future.
    Covered,
    /// What went otherwise than was said.
    Wrong,
}

/// Okabe and Ito's palette, without black.
const OKABE_ITO: [(u8, u8, u8); 7] = [
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
];

const SIXTEEN: [Color; 6] =
    [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Blue, Color::Red];

impl Theme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sixteen, Self::Vivid, Self::Safe, Self::Mono];

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Sixteen => Self::Vivid,
            Self::Vivid => Self::Safe,
            Self::Safe => Self::Mono,
            Self::Mono => Self::Sixteen,
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sixteen => "terminal",
            Self::Vivid => "vivid",
            Self::Safe => "safe",
            Self::Mono => "mono",
        }
    }

    /// How to draw something.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new().fg(Color::Reset).bg(Color::Reset);
        let shape = match role {
            Role::Heading | Role::Key => plain.add_modifier(Modifier::BOLD),
            Role::Title | Role::Selected => plain.add_modifier(Modifier::REVERSED),
            Role::Playhead | Role::Caption | Role::Wrong => plain.add_modifier(Modifier::BOLD),
            Role::Run(_) => plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            Role::Faint | Role::Covered | Role::Idle => plain.add_modifier(Modifier::DIM),
            Role::Text | Role::Ready | Role::Disk | Role::Asleep => plain,
        };
        match self {
            Self::Mono => shape,
            Self::Sixteen => sixteen(role, shape),
            Self::Vivid => vivid(role, shape),
            Self::Safe => safe(role, shape),
        }
    }
}

fn sixteen(role: Role, shape: Style) -> Style {
    match role {
        Role::Title => Style::new().fg(Color::White).bg(Color::Blue).bold(),
        Role::Heading => shape.fg(Color::Cyan),
        Role::Key => shape.fg(Color::Cyan),
        Role::Run(n) => Style::new().fg(Color::Black).bg(SIXTEEN[n % SIXTEEN.len()]).bold(),
        Role::Ready => shape.fg(Color::Yellow),
        Role::Disk => shape.fg(Color::Magenta),
        Role::Asleep => shape.fg(Color::Blue),
        Role::Playhead | Role::Wrong => shape.fg(Color::LightRed),
        _ => shape,
    }
}

fn vivid(role: Role, shape: Style) -> Style {
    match role {
        Role::Title => Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0, 80, 130)).bold(),
        Role::Heading | Role::Key => shape.fg(Color::Rgb(86, 180, 233)),
        Role::Run(n) => {
            let (r, g, b) = OKABE_ITO[n % OKABE_ITO.len()];
            Style::new().fg(Color::Rgb(0, 0, 0)).bg(Color::Rgb(r, g, b)).bold()
        }
        Role::Ready => shape.fg(Color::Rgb(230, 159, 0)),
        Role::Disk => shape.fg(Color::Rgb(204, 121, 167)),
        Role::Asleep => shape.fg(Color::Rgb(110, 130, 190)),
        Role::Playhead | Role::Wrong => shape.fg(Color::Rgb(213, 94, 0)),
        _ => shape,
    }
}

/// Blue, yellow and red; light and dark tell their shades apart.
fn safe(role: Role, shape: Style) -> Style {
    const SHADES: [(u8, u8, u8); 6] = [
        (100, 160, 255),
        (250, 210, 60),
        (255, 110, 90),
        (170, 205, 255),
        (255, 240, 170),
        (255, 175, 160),
    ];
    match role {
        Role::Title => {
            Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(20, 60, 140)).bold()
        }
        Role::Heading | Role::Key => shape.fg(Color::Rgb(100, 160, 255)),
        Role::Run(n) => {
            let (r, g, b) = SHADES[n % SHADES.len()];
            Style::new().fg(Color::Rgb(0, 0, 0)).bg(Color::Rgb(r, g, b)).bold()
        }
        Role::Ready => shape.fg(Color::Rgb(250, 210, 60)),
        Role::Disk | Role::Playhead | Role::Wrong => shape.fg(Color::Rgb(255, 110, 90)),
        Role::Asleep => shape.fg(Color::Rgb(100, 160, 255)),
        _ => shape,
    }
}

#[cfg(test)]
mod tests {
    use super::{Role, Theme};
    use ratatui::style::{Color, Modifier};

    #[test]
    fn without_colours_shapes_remain() {
        let run = Theme::Mono.style(Role::Run(3));
        assert_eq!((run.fg, run.bg), (Some(Color::Reset), Some(Color::Reset)));
        assert!(run.add_modifier.contains(Modifier::REVERSED));
        let chosen = Theme::Mono.style(Role::Selected);
        assert!(chosen.add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn the_themes_go_round() {
        let theme = Theme::default();
        let all = std::iter::successors(Some(theme), |theme| Some(theme.next()));
        assert_eq!(all.take(5).last(), Some(theme));
        assert!(Theme::ALL.iter().all(|theme| Theme::ALL.contains(&theme.next())));
    }
}
