use chrono::{DateTime, Utc};
use schema::{
    Connection, Error,
    queries::overview::{
        jobs::{self, FinishedJobs, OldestDue, UnfinishedJobs},
        money::{self, Checks, OpenCases, Sum, Violations},
        speed::{self, GatewayAnswers, PaidToOrder},
        tables::{self, OldestTransaction, TableHealth},
    },
};
use serde::Serialize;

/// Jobs of one state that are counted one by one; beyond it the figure says "or more".
const COUNTED_MAX: i64 = 100_000;
/// The newest jobs, among which finished ones are counted by type.
const NEWEST_JOBS: i64 = 50_000;
/// Payments, refunds and cases that are summed at most.
const SUMMED_MAX: i64 = 10_000;
const VIOLATIONS_MAX: i64 = 10_000;
const HOUR_SECONDS: f64 = 3_600.0;
const MINUTE_SECONDS: f64 = 60.0;
const DAY_SECONDS: f64 = 86_400.0;
/// Orders of one period that are measured at most, the newest.
const MEASURED_MAX: i64 = 250_000;
/// The newest events of all payments, among which answers of the last hour are counted.
const EVENTS_MAX: i64 = 100_000;
const TABLES_MAX: i64 = 12;

/// Everything the overview shows; each part as it was last sampled.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Overview {
    pub right_now: Option<Sampled<RightNow>>,
    pub surroundings: Option<Sampled<Surroundings>>,
    pub last_hour: Option<Sampled<Speed>>,
    pub last_day: Option<Sampled<Speed>>,
    /// Parts whose figures could not be taken anew and grow old.
    pub failures: Vec<Failure>,
}

/// A part of the overview, and why it could not be sampled the last time.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    pub part: &'static str,
    pub reason: String,
}

/// Figures and when they were taken, by the database's clock.
#[derive(Debug, Clone, Serialize)]
pub struct Sampled<T> {
    pub at: DateTime<Utc>,
    pub figures: T,
}

/// What is owed and what is wrong at this moment.
#[derive(Debug, Clone, Serialize)]
pub struct RightNow {
    pub jobs: Jobs,
    pub money: Money,
    pub cases: Cases,
    pub violations: Vec<Violations>,
    /// How fresh the violations are.
    pub checks: Checks,
}

/// The queue.
#[derive(Debug, Clone, Serialize)]
pub struct Jobs {
    /// By state and type.
    pub unfinished: Vec<UnfinishedJobs>,
    /// A state's count stops here; one that has reached it stands for "or more".
    pub counted_max: i64,
    pub oldest_due: Option<OldestDue>,
}

/// Money without an outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Money {
    /// Paid; the order is owed.
    pub owed_orders: Sum,
    /// Paid; a person decides.
    pub under_review: Sum,
    /// On its way back; no lookup has shown it yet.
    pub refunds: Sum,
    /// A sum's count stops here.
    pub summed_max: i64,
}

/// Open review cases.
#[derive(Debug, Clone, Serialize)]
pub struct Cases {
    pub open: Vec<OpenCases>,
}

/// What lies around the business: gateways, finished work, the database.
#[derive(Debug, Clone, Serialize)]
pub struct Surroundings {
    /// Of the last hour, by provider and outcome.
    pub gateway_answers: Vec<GatewayAnswers>,
    /// Among the newest jobs, by state and type.
    pub finished: Vec<FinishedJobs>,
    pub newest_jobs: i64,
    /// Postgres' own estimate.
    pub jobs_in_all_estimate: i64,
    pub tables: Vec<TableHealth>,
    pub oldest_transaction: OldestTransaction,
}

/// From a payment's proof to its order.
#[derive(Debug, Clone, Serialize)]
pub struct Speed {
    pub whole: Option<PaidToOrder>,
    /// In order of time; parts without an order are absent.
    pub parts: Vec<PaidToOrder>,
    pub part_seconds: f64,
    pub period_seconds: f64,
    /// Only the newest so many orders were measured.
    pub is_cut_at: Option<i64>,
}

/// How far back speed is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// In minutes.
    LastHour,
    /// In hours.
    LastDay,
}

/// What is owed and wrong now. Reads unfinished rows only.
pub async fn look_at_right_now(connection: &mut Connection) -> Result<Sampled<RightNow>, Error> {
    let at = tables::now(connection).await?;
    let open = money::open_cases(connection, SUMMED_MAX).await?;
    let figures = RightNow {
        jobs: Jobs {
            unfinished: jobs::count_unfinished(connection, COUNTED_MAX).await?,
            counted_max: COUNTED_MAX,
            oldest_due: jobs::oldest_due(connection).await?,
        },
        money: Money {
            owed_orders: money::owed_orders(connection, SUMMED_MAX).await?,
            under_review: under_review(&open),
            refunds: money::requested_refunds(connection, SUMMED_MAX).await?,
            summed_max: SUMMED_MAX,
        },
        cases: Cases { open },
        violations: money::violations(connection, VIOLATIONS_MAX).await?,
        checks: money::checks(connection).await?,
    };
    Ok(Sampled { at, figures })
}

fn under_review(open: &[OpenCases]) -> Sum {
    Sum {
        count: open.iter().map(|cases| cases.undecided_count).sum(),
        amount_minor: open.iter().map(|cases| cases.undecided_minor).sum(),
        oldest_seconds: open.iter().filter_map(|cases| cases.undecided_oldest_seconds).reduce(f64::max),
    }
}

/// What lies around the business. Reads the newest rows and Postgres' statistics.
pub async fn look_at_surroundings(connection: &mut Connection) -> Result<Sampled<Surroundings>, Error> {
    let at = tables::now(connection).await?;
    let figures = Surroundings {
        gateway_answers: speed::gateway_answers(connection, HOUR_SECONDS, EVENTS_MAX).await?,
        finished: jobs::count_finished_among_newest(connection, NEWEST_JOBS).await?,
        newest_jobs: NEWEST_JOBS,
        jobs_in_all_estimate: jobs::estimate_all(connection).await?,
        tables: tables::by_dead_rows(connection, TABLES_MAX).await?,
        oldest_transaction: tables::oldest_transaction(connection).await?,
    };
    Ok(Sampled { at, figures })
}

/// How fast payments became orders.
pub async fn look_at_speed(connection: &mut Connection, period: Period) -> Result<Sampled<Speed>, Error> {
    let (period_seconds, part_seconds) = match period {
        Period::LastHour => (HOUR_SECONDS, MINUTE_SECONDS),
        Period::LastDay => (DAY_SECONDS, HOUR_SECONDS),
    };
    let at = tables::now(connection).await?;
    let measured = speed::paid_to_order(connection, period_seconds, part_seconds, MEASURED_MAX).await?;
    let (parts, whole): (Vec<_>, Vec<_>) = measured.into_iter().partition(|part| part.begins_at.is_some());
    let whole = whole.into_iter().next();
    let is_cut_at = whole.as_ref().map(|whole| whole.orders).filter(|orders| *orders >= MEASURED_MAX);
    Ok(Sampled { at, figures: Speed { whole, parts, part_seconds, period_seconds, is_cut_at } })
}
