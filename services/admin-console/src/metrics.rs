//! The overview's figures at `/metrics`. Every replica samples the same database: take the maximum.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{
    Pool,
    invariants::INVARIANTS,
    overview::{Overview, PaidToOrder},
    payments::status::CaseKind,
    pool::PoolLoad,
};
use opentelemetry::{KeyValue, metrics::Gauge};
use service_kit::telemetry::{Connections, meter, show_connections};

/// A gauge whose labels come and go: what is no longer there is 0, not what it last was.
#[derive(Debug)]
struct Figures {
    gauge: Gauge<f64>,
    shown: Mutex<HashMap<String, Vec<KeyValue>>>,
}

impl Figures {
    fn new(name: &'static str, description: &'static str) -> Self {
        let gauge = meter().f64_gauge(name).with_description(description).build();
        Self { gauge, shown: Mutex::default() }
    }

    fn show(&self, figures: impl IntoIterator<Item = (Vec<KeyValue>, f64)>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = std::mem::take(&mut *shown);
        for (labels, figure) in figures {
            let key = format!("{labels:?}");
            gone.remove(&key);
            self.gauge.record(figure, &labels);
            shown.insert(key, labels);
        }
        for (key, labels) in gone {
            self.gauge.record(0.0, &labels);
            shown.insert(key, labels);
        }
    }
}

/// Gauges that follow the overview.
#[derive(Debug)]
pub(crate) struct OverviewMetrics {
    jobs: Figures,
    oldest_due: Figures,
    undecided_minor: Figures,
    undecided_count: Figures,
    undecided_oldest: Figures,
    open_cases: Figures,
    violations: Figures,
    checked: Figures,
    paid_to_order: Figures,
}

impl OverviewMetrics {
    pub(crate) fn new() -> Self {
        Self {
            jobs: Figures::new(
                "overview_jobs",
                "Unfinished jobs by state and type, counted up to 100,000 a state.",
            ),
            oldest_due: Figures::new(
                "overview_oldest_due_job_seconds",
                "How long the oldest due job has waited.",
            ),
            undecided_minor: Figures::new(
                "overview_undecided_minor",
                "Paid without an outcome yet, in paisa.",
            ),
            undecided_count: Figures::new("overview_undecided_payments", "Payments without an outcome yet."),
            undecided_oldest: Figures::new(
                "overview_undecided_oldest_seconds",
                "How long the oldest payment has waited for its outcome.",
            ),
            open_cases: Figures::new("overview_open_review_cases", "Open review cases by kind."),
            violations: Figures::new("overview_invariant_violations", "Subjects that break an invariant."),
            checked: Figures::new(
                "overview_invariants_checked_age_seconds",
                "How long ago a reaper last checked the invariants.",
            ),
            paid_to_order: Figures::new(
                "overview_paid_to_order_seconds",
                "Time from a payment's proof to its order, by period and quantile.",
            ),
        }
    }

    pub(crate) fn show(&self, overview: &Overview) {
        if let Some(sampled) = &overview.right_now {
            let now = &sampled.figures;
            self.jobs.show(now.jobs.unfinished.iter().map(|jobs| {
                let labels = vec![label("status", &jobs.status), label("job_type", &jobs.job_type)];
                (labels, number(jobs.count))
            }));
            let oldest = now.jobs.oldest_due.as_ref().map_or(0.0, |job| job.age_seconds);
            self.oldest_due.show([(vec![], oldest)]);
            let money = [
                ("order_owed", &now.money.owed_orders),
                ("under_review", &now.money.under_review),
                ("refund_requested", &now.money.refunds),
            ];
            let of = |waits_for: &str| vec![label("waits_for", waits_for)];
            self.undecided_minor.show(money.iter().map(|(name, sum)| (of(name), number(sum.amount_minor))));
            self.undecided_count.show(money.iter().map(|(name, sum)| (of(name), number(sum.count))));
            self.undecided_oldest
                .show(money.iter().map(|(name, sum)| (of(name), sum.oldest_seconds.unwrap_or(0.0))));
            self.open_cases.show(CaseKind::ALL.iter().map(|kind| {
                let open = now.cases.open.iter().find(|cases| cases.kind == kind.as_str());
                (vec![label("kind", kind.as_str())], open.map_or(0.0, |cases| number(cases.count)))
            }));
            self.violations.show(INVARIANTS.iter().map(|invariant| {
                let broken = now.violations.iter().find(|row| row.invariant == *invariant);
                (vec![label("invariant", invariant)], broken.map_or(0.0, |row| number(row.count)))
            }));
            self.checked.show(now.checks.changes_seconds_ago.map(|seconds| (vec![], seconds)));
        }
        let periods = [("hour", &overview.last_hour), ("day", &overview.last_day)];
        let wholes = periods
            .iter()
            .filter_map(|(name, sampled)| Some((*name, sampled.as_ref()?.figures.whole.as_ref()?)));
        self.paid_to_order.show(wholes.flat_map(|(period, whole)| quantiles(period, whole)));
    }
}

fn quantiles(period: &str, whole: &PaidToOrder) -> Vec<(Vec<KeyValue>, f64)> {
    let quantiles = [("0.5", whole.p50_seconds), ("0.95", whole.p95_seconds), ("0.99", whole.p99_seconds)];
    let known = quantiles.into_iter().filter_map(|(quantile, seconds)| Some((quantile, seconds?)));
    known.map(|(quantile, s)| (vec![label("period", period), label("quantile", quantile)], s)).collect()
}

fn label(name: &'static str, value: &str) -> KeyValue {
    KeyValue::new(name, value.to_owned())
}

#[expect(clippy::as_conversions, reason = "there is no other way; figures above 2^53 lose their last digits")]
const fn number(count: i64) -> f64 {
    count as f64
}

/// Lets `/metrics` read how busy the pool is.
pub(crate) fn show_pool(pool: &Pool) {
    let pool = pool.clone();
    show_connections("main", move || {
        let PoolLoad { in_use, open, size_max, waiting, failures } = pool.load();
        Connections { in_use, open, size_max, waiting, failures }
    });
}
