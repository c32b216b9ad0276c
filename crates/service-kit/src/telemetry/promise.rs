use std::time::Duration;

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};

use super::meter;

/// The shop's words for a duration that is promised to people.
#[derive(Debug, Clone, Copy)]
pub struct Promised {
    /// The histogram's name, without its unit.
    pub name: &'static str,
    /// The name of the counter of promises kept and broken.
    pub counter: &'static str,
    pub description: &'static str,
    pub limit: Duration,
    /// The histogram's boundaries in seconds; the limit is put among them.
    pub boundaries: &'static [f64],
}

/// How one promise ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    Kept,
    Broken,
    /// Late for a reason that the promise leaves out.
    Excused,
}

impl Keeping {
    /// Every way, as the counter is made with it: a series that begins with its first event hides that event from
    /// `increase()`.
    const ALL: [Self; 3] = [Self::Kept, Self::Broken, Self::Excused];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Excused => "excused",
        }
    }

    /// Whether a duration keeps a promise; a late one may have an excuse.
    fn of(took: Duration, limit: Duration, is_excused: bool) -> Self {
        match (took <= limit, is_excused) {
            (true, _) => Self::Kept,
            (false, false) => Self::Broken,
            (false, true) => Self::Excused,
        }
    }
}

/// A promised duration at `/metrics`: a histogram whose boundaries hold the limit exactly, and a counter of promises by
/// what became of them.
#[derive(Debug, Clone)]
pub struct PromiseFigures {
    limit: Duration,
    durations: Histogram<f64>,
    promises: Counter<u64>,
}

impl PromiseFigures {
    pub fn new(promised: Promised) -> Self {
        let Promised { name, counter, description, limit, boundaries } = promised;
        let mut boundaries = boundaries.to_vec();
        boundaries.push(limit.as_secs_f64());
        boundaries.sort_by(f64::total_cmp);
        boundaries.dedup();
        let meter = meter();
        let durations = meter.f64_histogram(name).with_unit("s").with_description(description);
        let promises = meter
            .u64_counter(counter)
            .with_description(format!("Of those that are promised within {} s, by result.", limit.as_secs()))
            .build();
        for keeping in Keeping::ALL {
            promises.add(0, &[result(keeping)]);
        }
        Self { limit, durations: durations.with_boundaries(boundaries).build(), promises }
    }

    /// It took so long.
    pub fn record(&self, took: Duration, is_excused: bool, labels: &[KeyValue]) {
        self.durations.record(took.as_secs_f64(), labels);
        self.promises.add(1, &[result(Keeping::of(took, self.limit, is_excused))]);
    }

    /// It took at most so long and nobody knows how long: no promise covers it.
    pub fn record_unpromised(&self, took: Duration, labels: &[KeyValue]) {
        self.durations.record(took.as_secs_f64(), labels);
    }
}

fn result(keeping: Keeping) -> KeyValue {
    KeyValue::new("result", keeping.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::render_metrics;

    #[test]
    fn a_promise_is_kept_up_to_its_limit_and_no_longer() {
        let limit = Duration::from_secs(10);
        assert_eq!(Keeping::of(limit, limit, false), Keeping::Kept);
        assert_eq!(Keeping::of(limit + Duration::from_millis(1), limit, false), Keeping::Broken);
        assert_eq!(Keeping::of(limit + Duration::from_millis(1), limit, true), Keeping::Excused);
        assert_eq!(Keeping::of(limit, limit, true), Keeping::Kept, "an excuse that was not needed");
    }

    #[test]
    fn promises_are_counted_from_zero_and_the_limit_is_a_boundary() {
        let figures = PromiseFigures::new(Promised {
            name: "bread_delivery",
            counter: "bread_promises",
            description: "From the order to the door.",
            limit: Duration::from_secs(7),
            boundaries: &[1.0, 30.0],
        });
        let page = || render_metrics().unwrap();
        assert!(page().contains(r#"bread_promises_total{result="broken"} 0"#), "{}", page());
        figures.record(Duration::from_secs(8), false, &[]);
        figures.record_unpromised(Duration::from_secs(6), &[]);
        let page = page();
        for line in [
            r#"bread_promises_total{result="broken"} 1"#,
            r#"bread_promises_total{result="kept"} 0"#,
            r#"bread_delivery_seconds_bucket{le="7"} 1"#,
            r#"bread_delivery_seconds_bucket{le="30"} 2"#,
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }
}
