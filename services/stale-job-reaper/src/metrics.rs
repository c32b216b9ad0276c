//! The figures of this service at `/metrics`. Counters are what this replica did; several share the work.

use std::time::{Duration, SystemTime};

use domain::{
    Pool,
    invariants::Figures,
    jobs::{FinalizeOrder, Job, RefundPayment, VerifyPayment},
    pool::PoolLoad,
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};
use service_kit::telemetry::{Connections, meter, show_connections};

use crate::sweeps::Sweep;

const JOB_TYPES: [&str; 3] = [FinalizeOrder::JOB_TYPE, RefundPayment::JOB_TYPE, VerifyPayment::JOB_TYPE];

/// Counters that sweeps write.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    rescued: Counter<u64>,
    expired: Counter<u64>,
    owed: Counter<u64>,
    deleted: Counter<u64>,
    forgotten: Counter<u64>,
    failures: Counter<u64>,
    last_success: Gauge<f64>,
    violations: Gauge<i64>,
    check_timestamp: Gauge<f64>,
    check_duration: Gauge<f64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let counter = |name: &'static str, description: &'static str| {
            meter().u64_counter(name).with_description(description).build()
        };
        let counter_from_zero = |name: &'static str, description: &'static str| {
            let counter = counter(name, description);
            counter.add(0, &[]);
            counter
        };
        let gauge = |name: &'static str, description: &'static str| {
            meter().f64_gauge(name).with_unit("s").with_description(description).build()
        };
        let rescued =
            counter("jobs_rescued", "Jobs whose lease ran out, by type and by what became of them.");
        let owed = counter("jobs_owed", "Missing jobs that were enqueued again, by type.");
        let failures = counter("sweep_failures", "Turns of a sweep that ended with an error.");
        // A series that begins with its first event hides that event from `increase()`.
        for sweep in Sweep::all() {
            failures.add(0, &[KeyValue::new("sweep", sweep.name())]);
        }
        for job_type in JOB_TYPES {
            owed.add(0, &[KeyValue::new("job_type", job_type)]);
            for outcome in ["requeued", "failed"] {
                rescued.add(0, &[KeyValue::new("job_type", job_type), KeyValue::new("outcome", outcome)]);
            }
        }
        Self {
            rescued,
            expired: counter_from_zero("intents_expired", "Unpaid intents whose stock was released."),
            owed,
            deleted: counter_from_zero("jobs_deleted", "Finished jobs deleted after their retention."),
            forgotten: counter_from_zero(
                "idempotency_keys_forgotten",
                "Idempotency keys deleted after 30 days.",
            ),
            failures,
            last_success: meter()
                .f64_gauge("sweep_last_success_timestamp")
                .with_unit("s")
                .with_description(
                    "When a sweep last ended well, in seconds since 1970. Take the maximum over replicas.",
                )
                .build(),
            violations: meter()
                .i64_gauge("invariant_violations")
                .with_description("Subjects that break a promise; the same from every replica.")
                .build(),
            check_timestamp: gauge(
                "invariant_check_timestamp",
                "When changes were last checked (incremental), and everything (full), in seconds since 1970.",
            ),
            check_duration: gauge(
                "invariant_check_duration",
                "How long the last page of changes took (incremental), and the last round through everything (full).",
            ),
        }
    }

    pub(crate) fn rescued(&self, job_type: &str, outcome: &'static str) {
        let labels = [KeyValue::new("job_type", job_type.to_owned()), KeyValue::new("outcome", outcome)];
        self.rescued.add(1, &labels);
    }

    pub(crate) fn expired(&self, count: usize) {
        self.expired.add(as_u64(count), &[]);
    }

    pub(crate) fn owed(&self, job_type: &'static str, count: usize) {
        self.owed.add(as_u64(count), &[KeyValue::new("job_type", job_type)]);
    }

    pub(crate) fn deleted(&self, count: usize) {
        self.deleted.add(as_u64(count), &[]);
    }

    pub(crate) fn forgotten(&self, count: usize) {
        self.forgotten.add(as_u64(count), &[]);
    }

    /// What the check has listed and when it ran. What never ran has no time yet.
    pub(crate) fn checked(&self, figures: &Figures) {
        for (invariant, broken) in &figures.broken {
            self.violations.record(*broken, &[KeyValue::new("invariant", invariant.clone())]);
        }
        let times = figures.times;
        let kinds = [
            ("incremental", times.checked_at_seconds, times.check_ms),
            ("full", times.round_ended_at_seconds, times.round_ms),
        ];
        for (check, at_seconds, took_ms) in kinds {
            if let Some(at_seconds) = at_seconds {
                let labels = [KeyValue::new("check", check)];
                self.check_timestamp.record(at_seconds, &labels);
                self.check_duration.record(seconds(took_ms), &labels);
            }
        }
    }

    pub(crate) fn failed(&self, sweep: &'static str) {
        self.failures.add(1, &[KeyValue::new("sweep", sweep)]);
    }

    #[expect(clippy::disallowed_methods, reason = "a time shown to people; it decides nothing")]
    pub(crate) fn succeeded(&self, sweep: &'static str) {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.last_success.record(since_1970.as_secs_f64(), &[KeyValue::new("sweep", sweep)]);
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn seconds(milliseconds: i64) -> f64 {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default()).as_secs_f64()
}

/// Lets `/metrics` read how busy the pool is.
pub(crate) fn show_pool(pool: &Pool) {
    let pool = pool.clone();
    show_connections("main", move || {
        let PoolLoad { in_use, open, size_max, waiting, failures } = pool.load();
        Connections { in_use, open, size_max, waiting, failures }
    });
}
