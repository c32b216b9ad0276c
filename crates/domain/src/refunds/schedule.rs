//! When a refund under way is looked up next.

use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Ages of the refund at which it is looked up first: most are there within seconds.
const FIRST_AGES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(900),
    HOUR,
];
/// Looked up daily up to this age; then a person has had its case for long.
const DAILY_UNTIL: Duration = Duration::from_secs(30 * 24 * 3600);

/// The pause until the next lookup of a refund of this age; `None`: none is due any more.
pub(super) fn next_lookup_in(age: Duration) -> Option<Duration> {
    if let Some(next) = FIRST_AGES.into_iter().find(|first| *first > age) {
        return Some(next - age);
    }
    if age < DAY {
        return Some(HOUR);
    }
    (age < DAILY_UNTIL).then_some(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookups_follow_seconds_then_hours_then_days_then_stop() {
        assert_eq!(next_lookup_in(Duration::ZERO), Some(Duration::from_secs(5)));
        assert_eq!(next_lookup_in(Duration::from_secs(20)), Some(Duration::from_secs(40)));
        assert_eq!(next_lookup_in(HOUR), Some(HOUR));
        assert_eq!(next_lookup_in(DAY), Some(DAY));
        assert_eq!(next_lookup_in(DAILY_UNTIL), None);
    }
}
