use std::fmt;

use askama::filters::HtmlSafe;

/// A span of seconds as people say it: `250 ms`, `4.2 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Age(pub(crate) f64);

/// Digits and units only.
impl HtmlSafe for Age {}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.max(0.0);
        if seconds < 0.9995 {
            return write!(formatter, "{:.0} ms", seconds * 1000.0);
        }
        if seconds < 60.0 {
            return write!(formatter, "{seconds:.1} s");
        }
        let (minutes, hours, days) = (seconds / 60.0, seconds / 3600.0, seconds / 86_400.0);
        if minutes < 60.0 {
            return write!(formatter, "{:.0} min {:.0} s", minutes.floor(), (seconds % 60.0).floor());
        }
        if hours < 48.0 {
            return write!(formatter, "{:.0} h {:.0} min", hours.floor(), (minutes % 60.0).floor());
        }
        write!(formatter, "{:.0} d {:.0} h", days.floor(), (hours % 24.0).floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_two_units_at_most() {
        for (seconds, said) in [
            (-1.0, "0 ms"),
            (0.25, "250 ms"),
            (0.9999, "1.0 s"),
            (4.23, "4.2 s"),
            (725.0, "12 min 5 s"),
            (12_000.0, "3 h 20 min"),
            (187_200.0, "2 d 4 h"),
        ] {
            assert_eq!(Age(seconds).to_string(), said);
        }
    }
}
