//! The figures of this service at `/metrics`.

use domain::{
    Pool,
    queue::{Lease, Settled},
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter},
};
use service_kit::telemetry::meter;

use crate::held::Held;

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
    paid_to_order: Histogram<f64>,
    jobs: Gauge<u64>,
    oldest_due: Gauge<f64>,
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
            paid_to_order: seconds(
                "paid_to_order",
                &WAIT_BOUNDARIES,
                "Time from the payment's proof to its order.",
            ),
            jobs: meter
                .u64_gauge("job_queue_jobs")
                .with_description("Unfinished jobs by type and state. Take the maximum over replicas.")
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

    /// The order of a job was committed. The job was due from the moment its payment was proven.
    pub(crate) fn ordered(&self, held: &Held) {
        let since_proof = held.lease.waited + held.claimed_at.elapsed();
        self.paid_to_order.record(since_proof.as_secs_f64(), &[]);
    }

    pub(crate) fn jobs(&self, name: &str, status: &'static str, count: i64) {
        let labels = [job_type(name), KeyValue::new("status", status)];
        self.jobs.record(u64::try_from(count).unwrap_or(0), &labels);
    }

    pub(crate) fn oldest_due(&self, name: &str, seconds: f64) {
        self.oldest_due.record(seconds, &[job_type(name)]);
    }
}

fn job_type(name: &str) -> KeyValue {
    KeyValue::new("job_type", name.to_owned())
}

/// A gauge's name and description, and what it shows of a pool.
type PoolFigure = (&'static str, &'static str, fn(&Pool) -> usize);

/// Lets `/metrics` read how busy the two pools are.
pub(crate) fn show_pools(control: &Pool, work: &Pool) {
    show_pool(&meter(), "control", control);
    show_pool(&meter(), "work", work);
}

fn show_pool(meter: &Meter, name: &'static str, pool: &Pool) {
    let figures: [PoolFigure; 4] = [
        ("database_connections_in_use", "Connections that somebody holds.", |pool| pool.load().in_use),
        ("database_connections_open", "Connections that are open.", |pool| pool.load().open),
        ("database_connections_max", "Connections that may be open.", |pool| pool.load().size_max),
        ("database_connection_waiters", "Callers that wait for a connection.", |pool| pool.load().waiting),
    ];
    for (figure, description, read) in figures {
        let pool = pool.clone();
        let observe = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
            let count = u64::try_from(read(&pool)).unwrap_or(u64::MAX);
            observer.observe(count, &[KeyValue::new("pool", name)]);
        };
        // The meter keeps the callback for as long as the process lives.
        let _registered =
            meter.u64_observable_gauge(figure).with_description(description).with_callback(observe).build();
    }
}
