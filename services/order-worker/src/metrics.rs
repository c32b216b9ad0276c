//! The figures of this service at `/metrics`.

use std::time::Duration;

use domain::{
    Pool,
    payments::VerifiedAfter,
    pool::PoolLoad,
    queue::{Lease, Settled},
};
use gateways::VerificationFigures;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram},
};
use service_kit::telemetry::{Connections, PromiseFigures, Promised, meter, show_connections};

use crate::held::Held;

/// A verified payment is an order within this time.
const ORDERED_WITHIN: Duration = Duration::from_secs(10);

/// Seconds: from a batch of orders to a gateway's time-out.
const RUN_BOUNDARIES: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Seconds: from a wake-up to a backlog.
const WAIT_BOUNDARIES: [f64; 13] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0];

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    Retried,
    Snoozed,
    Failed,
    Returned,
    LeaseLost,
}

impl Ending {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Retried => "retried",
            Self::Snoozed => "snoozed",
            Self::Failed => "failed",
            Self::Returned => "returned",
            Self::LeaseLost => "lease_lost",
        }
    }
}

impl From<Settled> for Ending {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Completed => Self::Completed,
            Settled::Retrying => Self::Retried,
            Settled::Snoozed => Self::Snoozed,
            Settled::Failed => Self::Failed,
            Settled::LeaseLost => Self::LeaseLost,
        }
    }
}

/// Counters and times that lanes write.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    claimed: Counter<u64>,
    ended: Counter<u64>,
    waits: Histogram<f64>,
    runs: Histogram<f64>,
    paid_to_order: PromiseFigures,
    verifications: VerificationFigures,
    jobs: Gauge<u64>,
    due: Gauge<u64>,
    oldest_due: Gauge<f64>,
    expired_leases: Gauge<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        let seconds = |name: &'static str, boundaries: &[f64], description: &'static str| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(description);
            histogram.with_boundaries(boundaries.to_vec()).build()
        };
        Self {
            claimed: meter.u64_counter("jobs_claimed").with_description("Jobs claimed, by type.").build(),
            ended: meter
                .u64_counter("jobs_ended")
                .with_description("Attempts by type and by how they ended.")
                .build(),
            waits: seconds("job_wait", &WAIT_BOUNDARIES, "Time from due to claimed."),
            runs: seconds("job_run", &RUN_BOUNDARIES, "Time from claimed to settled."),
            paid_to_order: PromiseFigures::new(Promised {
                name: "paid_to_order",
                counter: "order_promises",
                description: "From a payment's verification to its order.",
                limit: ORDERED_WITHIN,
                boundaries: &WAIT_BOUNDARIES,
            }),
            verifications: VerificationFigures::default(),
            jobs: meter
                .u64_gauge("job_queue_jobs")
                .with_description(
                    "Unfinished jobs by type and state, counted up to 10,000 a state. Take the maximum over replicas.",
                )
                .build(),
            due: meter
                .u64_gauge("job_queue_due_jobs")
                .with_description(
                    "Jobs that wait for a worker, by type, counted up to 10,000 a priority. Take the maximum over \
                     replicas.",
                )
                .build(),
            expired_leases: meter
                .u64_gauge("job_queue_expired_leases")
                .with_description(
                    "Jobs whose lease ran out and that nobody has rescued, by type. Take the maximum over replicas.",
                )
                .build(),
            oldest_due: meter
                .f64_gauge("job_queue_oldest_due_age")
                .with_unit("s")
                .with_description(
                    "How long the oldest due job of a type has waited. Take the maximum over replicas.",
                )
                .build(),
        }
    }

    pub(crate) fn claimed(&self, lease: &Lease) {
        let labels = [job_type(&lease.job_type)];
        self.claimed.add(1, &labels);
        self.waits.record(lease.waited.as_secs_f64(), &labels);
    }

    pub(crate) fn ended(&self, held: &Held, ending: Ending) {
        let outcome = KeyValue::new("outcome", ending.as_str());
        let labels = [job_type(&held.lease.job_type), outcome];
        self.ended.add(1, &labels);
        self.runs.record(held.claimed_at.elapsed().as_secs_f64(), &labels);
    }

    /// An order was committed, so long after its payment was verified.
    pub(crate) fn ordered(&self, owed_for: Duration) {
        self.paid_to_order.record(owed_for, false, &[]);
    }

    /// A question has verified a payment.
    pub(crate) fn verified(&self, after: VerifiedAfter) {
        self.verifications.verified(after);
    }

    pub(crate) fn jobs(&self, name: &str, status: &'static str, count: i64) {
        let labels = [job_type(name), KeyValue::new("status", status)];
        self.jobs.record(u64::try_from(count).unwrap_or(0), &labels);
    }

    pub(crate) fn due(&self, name: &str, count: i64, oldest_seconds: f64) {
        self.due.record(u64::try_from(count).unwrap_or(0), &[job_type(name)]);
        self.oldest_due.record(oldest_seconds, &[job_type(name)]);
    }

    pub(crate) fn expired_leases(&self, name: &str, count: i64) {
        self.expired_leases.record(u64::try_from(count).unwrap_or(0), &[job_type(name)]);
    }
}

fn job_type(name: &str) -> KeyValue {
    KeyValue::new("job_type", name.to_owned())
}

/// Lets `/metrics` read how busy one of the worker's pools is.
pub(crate) fn show_pool(name: &'static str, pool: &Pool) {
    let pool = pool.clone();
    show_connections(name, move || {
        let PoolLoad { in_use, open, size_max, waiting, failures } = pool.load();
        Connections { in_use, open, size_max, waiting, failures }
    });
}
