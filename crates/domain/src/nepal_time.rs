//! Times as people in Nepal read them. Programs get UTC.

use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, Timelike, Utc};

/// Asia/Kathmandu is ahead of UTC by 5 h 45 min all year round, since 1986 and without summer time.
const AHEAD_OF_UTC_SECONDS: i32 = (5 * 60 + 45) * 60;

const MONTHS: [&str; 12] = [
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

/// The same moment, counted from midnight in Kathmandu.
pub fn in_kathmandu(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(AHEAD_OF_UTC_SECONDS) {
        Some(kathmandu) => moment.with_timezone(&kathmandu),
        None => moment.fixed_offset(),
    }
}

/// A moment on a clock in Kathmandu: `4 July 2026, 14:05`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NepalTime {
    pub year: i32,
    /// From 0: the month's place in a list of names.
    pub month_index: usize,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
}

impl From<DateTime<Utc>> for NepalTime {
    fn from(moment: DateTime<Utc>) -> Self {
        let local = in_kathmandu(moment);
        Self {
            year: local.year(),
            month_index: usize::try_from(local.month0()).unwrap_or_default(),
            day: local.day(),
            hour: local.hour(),
            minute: local.minute(),
        }
    }
}

impl fmt::Display for NepalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, day, hour, minute, .. } = self;
        let month = MONTHS.get(self.month_index).copied().unwrap_or_default();
        write!(f, "{day} {month} {year}, {hour:02}:{minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_in_kathmandu_are_five_hours_and_three_quarters_ahead() {
        for (utc, nepal) in [
            ("2026-07-04T08:20:30Z", "4 July 2026, 14:05"),
            ("2025-12-31T18:15:00Z", "1 January 2026, 00:00"),
            ("2026-01-01T00:00:00Z", "1 January 2026, 05:45"),
        ] {
            let moment: DateTime<Utc> = utc.parse().unwrap();
            assert_eq!(NepalTime::from(moment).to_string(), nepal);
        }
    }
}
