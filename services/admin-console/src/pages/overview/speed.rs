//! Latency and throughput as charts, and what gateways answer.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use domain::overview::{GatewayAnswers, Overview, PaidToOrder, Sampled, Speed};
use service_kit::http::Problem;

use crate::view::{Age, Bar, Chart, Moment, clock};

/// One period.
pub(super) struct SpeedView {
    pub(super) title: &'static str,
    pub(super) at: Moment,
    pub(super) orders: i64,
    pub(super) p50: Option<Age>,
    pub(super) p95: Option<Age>,
    pub(super) p99: Option<Age>,
    /// Only the newest so many orders were measured.
    pub(super) is_cut_at: Option<i64>,
    /// Rendered.
    pub(super) orders_chart: String,
    pub(super) latency_chart: String,
}

pub(super) fn views(overview: &Overview) -> Result<Vec<SpeedView>, Problem> {
    let periods = [
        ("The last hour, by minute", "hour", &overview.last_hour),
        ("The last day, by hour", "day", &overview.last_day),
    ];
    let sampled = periods.into_iter().filter_map(|(title, id, sampled)| Some((title, id, sampled.as_ref()?)));
    sampled.map(|(title, id, sampled)| view(title, id, sampled)).collect()
}

fn view(title: &'static str, id: &str, sampled: &Sampled<Speed>) -> Result<SpeedView, Problem> {
    let speed = &sampled.figures;
    let timeline = timeline(sampled);
    let orders: Vec<Bar> = timeline.iter().map(|(at, part)| orders_bar(*at, *part)).collect();
    let latency: Vec<Bar> = timeline.iter().map(|(at, part)| latency_bar(*at, *part)).collect();
    let (orders_id, latency_id) = (format!("orders-{id}"), format!("latency-{id}"));
    let orders_chart =
        Chart::new(&orders_id, "Orders made", "Orders", &orders, |count| format!("{count:.0}"));
    let latency_chart =
        Chart::new(&latency_id, "Paid to order: p50 within p95", "p50 and p95", &latency, |seconds| {
            Age(seconds).to_string()
        });
    let whole = speed.whole.as_ref();
    let age = |of: fn(&PaidToOrder) -> Option<f64>| whole.and_then(of).map(Age);
    Ok(SpeedView {
        title,
        at: Moment(sampled.at),
        orders: whole.map_or(0, |whole| whole.orders),
        p50: age(|whole| whole.p50_seconds),
        p95: age(|whole| whole.p95_seconds),
        p99: age(|whole| whole.p99_seconds),
        is_cut_at: speed.is_cut_at,
        orders_chart: orders_chart.render().map_err(Problem::internal)?,
        latency_chart: latency_chart.render().map_err(Problem::internal)?,
    })
}

/// Every part of the period in order, also those without an order.
fn timeline(sampled: &Sampled<Speed>) -> Vec<(DateTime<Utc>, Option<&PaidToOrder>)> {
    let speed = &sampled.figures;
    let parts: BTreeMap<DateTime<Utc>, &PaidToOrder> =
        speed.parts.iter().filter_map(|part| Some((part.begins_at?, part))).collect();
    let part_length = TimeDelta::seconds(whole_seconds(speed.part_seconds));
    let count = whole_seconds(speed.period_seconds / speed.part_seconds);
    let since_part_began = sampled.at.timestamp().rem_euclid(part_length.num_seconds().max(1));
    let Some(current) = DateTime::from_timestamp(sampled.at.timestamp() - since_part_began, 0) else {
        return Vec::new();
    };
    let begins = (0..count).rev().filter_map(|ago| {
        let ago = i32::try_from(ago).ok()?;
        current.checked_sub_signed(part_length.checked_mul(ago)?)
    });
    begins.map(|at| (at, parts.get(&at).copied())).collect()
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "spans of a day at most")]
const fn whole_seconds(seconds: f64) -> i64 {
    seconds as i64
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "only the height of a bar")]
fn orders_bar(at: DateTime<Utc>, part: Option<&PaidToOrder>) -> Bar {
    let orders = part.map_or(0, |part| part.orders);
    Bar { label: clock(at), height: orders as f64, inner: None, said: orders.to_string() }
}

fn latency_bar(at: DateTime<Utc>, part: Option<&PaidToOrder>) -> Bar {
    let (p50, p95) = (part.and_then(|part| part.p50_seconds), part.and_then(|part| part.p95_seconds));
    let said = match (p50, p95) {
        (Some(p50), Some(p95)) => format!("{}, {}", Age(p50), Age(p95)),
        _ => "none".to_owned(),
    };
    Bar { label: clock(at), height: p95.unwrap_or(0.0), inner: p50, said }
}

/// A gateway's answers of the last hour.
pub(super) struct GatewayRow {
    pub(super) provider: String,
    pub(super) outcome: String,
    pub(super) meaning: &'static str,
    pub(super) count: i64,
    pub(super) is_trouble: bool,
    pub(super) last: Moment,
}

pub(super) fn gateway_rows(answers: &[GatewayAnswers]) -> Vec<GatewayRow> {
    let rows = answers.iter().map(|answers| GatewayRow {
        provider: answers.provider.clone(),
        outcome: answers.outcome.replace('_', " "),
        meaning: meaning(&answers.outcome),
        count: answers.count,
        is_trouble: ["unknown", "unheard_of"].contains(&answers.outcome.as_str()),
        last: Moment(answers.last_at),
    });
    rows.collect()
}

fn meaning(outcome: &str) -> &'static str {
    match outcome {
        "paid" => "the money moved",
        "undecided" => "the shopper is still paying",
        "unpaid" => "it ended without a payment",
        "not_found" => "no payment was begun, or not yet",
        "refunded" => "all of it went back",
        "partially_refunded" => "a part went back",
        "unheard_of" => "a word we do not know; a person looks",
        _ => "no usable answer; asked again",
    }
}
