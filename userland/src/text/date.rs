//! Dates in UTC (the proleptic Gregorian calendar; H. Hinnant, "chrono-compatible low-level date algorithms").

/// A moment taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    /// 0 to 23.
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// 0 is Sunday.
    pub(crate) weekday: i64,
    /// Of the year, from 1.
    pub(crate) day_of_year: i64,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The date of a moment in seconds since 1970.
#[must_use]
pub(crate) fn of(seconds: i64) -> Date {
    let (days, rest) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    // Years begin in March here, so that the leap day is the last one.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + i64::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let day_of_year = lengths.iter().take(month as usize - 1).sum::<i64>() + day;
    Date {
        year,
        month,
        day,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
        weekday: (days + 4).rem_euclid(7),
        day_of_year,
    }
}

/// As `ls -l` shows it: with the time of day, or with the year if it is more than half a year away.
#[must_use]
pub(crate) fn of_listing(seconds: i64, now: i64) -> String {
    let date = of(seconds);
    let month = MONTHS[date.month as usize - 1];
    if (now - 15_778_476..=now).contains(&seconds) {
        format!("{month} {:2} {:02}:{:02}", date.day, date.hour, date.minute)
    } else {
        format!("{month} {:2}  {}", date.day, date.year)
    }
}

/// A date in a format of strftime(3).
#[must_use]
pub(crate) fn format(text: &str, seconds: i64, nanoseconds: i64) -> String {
    let date = of(seconds);
    let month = date.month as usize - 1;
    let weekday = DAYS[date.weekday as usize];
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let inner = |text: &str| format(text, seconds, nanoseconds);
        let piece = match letters.next() {
            None => "%".to_owned(),
            Some('%') => "%".to_owned(),
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('Y') => date.year.to_string(),
            Some('C') => format!("{:02}", date.year / 100),
            Some('y') => format!("{:02}", date.year.rem_euclid(100)),
            Some('m') => format!("{:02}", date.month),
            Some('d') => format!("{:02}", date.day),
            Some('e') => format!("{:2}", date.day),
            Some('H') => format!("{:02}", date.hour),
            Some('I') => format!("{:02}", (date.hour + 11) % 12 + 1),
            Some('p') => if date.hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('M') => format!("{:02}", date.minute),
            Some('S') => format!("{:02}", date.second),
            Some('N') => format!("{nanoseconds:09}"),
            Some('s') => seconds.to_string(),
            Some('j') => format!("{:03}", date.day_of_year),
            Some('u') => ((date.weekday + 6) % 7 + 1).to_string(),
            Some('w') => date.weekday.to_string(),
            Some('a') => weekday[..3].to_owned(),
            Some('A') => weekday.to_owned(),
            Some('b' | 'h') => MONTHS[month].to_owned(),
            Some('B') => LONG_MONTHS[month].to_owned(),
            Some('D') => inner("%m/%d/%y"),
            Some('F') => inner("%Y-%m-%d"),
            Some('T') => inner("%H:%M:%S"),
            Some('R') => inner("%H:%M"),
            Some('c') => inner("%a %b %e %H:%M:%S %Y"),
            Some('x') => inner("%m/%d/%y"),
            Some('X') => inner("%H:%M:%S"),
            Some('z') => "+0000".to_owned(),
            Some('Z') => "UTC".to_owned(),
            Some(other) => format!("%{other}"),
        };
        out.push_str(&piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{format, of, of_listing};

    #[test]
    fn dates_are_those_of_date_u() {
        let text = |seconds| format("%a %b %e %H:%M:%S %Y %j", seconds, 0);
        assert_eq!(text(0), "Thu Jan  1 00:00:00 1970 001");
        assert_eq!(text(951_782_400), "Tue Feb 29 00:00:00 2000 060");
        assert_eq!(text(1_795_420_799), "Mon Nov 23 07:59:59 2026 327");
        assert_eq!(text(-1), "Wed Dec 31 23:59:59 1969 365");
        assert_eq!(of(4_107_542_400).month, 3, "2100 has no leap day");
    }

    #[test]
    fn a_listing_shows_the_year_of_what_is_old() {
        assert_eq!(of_listing(0, 100), "Jan  1 00:00");
        assert_eq!(of_listing(0, 86400 * 365), "Jan  1  1970");
    }
}
