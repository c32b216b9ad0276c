use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::nepal_time::in_kathmandu;

/// A time as people in Kathmandu read it, with UTC for machines and on hover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

/// Digits, letters and signs of our own making: nothing of anybody's text is in it.
impl HtmlSafe for Moment {}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl From<&DateTime<Utc>> for Moment {
    fn from(at: &DateTime<Utc>) -> Self {
        Self(*at)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(
            formatter,
            r#"<time datetime="{utc}" title="{}">"#,
            self.0.format("%Y-%m-%d %H:%M:%S%.3f UTC")
        )?;
        write!(formatter, "{}</time>", in_kathmandu(self.0).format("%-d %b %Y, %H:%M:%S"))
    }
}

/// The time of day in Kathmandu.
pub(crate) fn clock(at: DateTime<Utc>) -> String {
    in_kathmandu(at).format("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_nepal_time_and_machines_utc() {
        let at = DateTime::from_timestamp_millis(1_795_300_503_250).unwrap();
        let shown = Moment(at).to_string();
        assert_eq!(
            shown,
            r#"<time datetime="2026-11-21T22:35:03.250Z" title="2026-11-21 22:35:03.250 UTC">22 Nov 2026, 04:20:03</time>"#
        );
    }
}
