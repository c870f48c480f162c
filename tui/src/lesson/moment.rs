//! Moments of a run, as an author names them: `5ms`, `end`, `call=clone #2`.

use oscope_kernel::base::Time;
use oscope_userland::predicate::Predicate;
use oscope_userland::scenario::units;

/// A moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    /// A time.
    At(Time),
    /// The end of the run.
    End,
    /// The value of this name, which is a time.
    Named(String),
    /// Just after an event: the first that meets the condition, or the one of that number; -1 is the last.
    Event(Predicate, i64),
}

impl Moment {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "start" => return Ok(Self::At(Time::ZERO)),
            "end" => return Ok(Self::End),
            _ => {}
        }
        if let Some(length) = units::duration(text) {
            return Ok(Self::At(Time::ZERO + length));
        }
        if is_name(text) {
            return Ok(Self::Named(text.to_owned()));
        }
        let (condition, nth) = match text.rsplit_once('#') {
            Some((condition, nth)) => match nth.trim().parse() {
                Ok(nth) if nth != 0 => (condition, nth),
                _ => return Err(format!("`#{nth}`; expected `#2` or another number")),
            },
            None => (text, 1),
        };
        let condition = Predicate::parse(condition).map_err(|error| error.to_string())?;
        Ok(Self::Event(condition, nth))
    }
}

/// Whether a word may name a value.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.bytes();
    letters.next().is_some_and(|c| c.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use oscope_kernel::base::Time;

    #[test]
    fn moments_are_read() {
        assert_eq!(Moment::parse("5ms"), Ok(Moment::At(Time(5_000_000))));
        assert_eq!(Moment::parse("end"), Ok(Moment::End));
        assert_eq!(Moment::parse("forked"), Ok(Moment::Named("forked".to_owned())));
        assert!(matches!(Moment::parse("call=clone #-1"), Ok(Moment::Event(_, -1))));
        for wrong in ["call=clone #0", "call=clone #x", "tsk=1", "kind="] {
            assert!(Moment::parse(wrong).is_err(), "{wrong}");
        }
    }
}
