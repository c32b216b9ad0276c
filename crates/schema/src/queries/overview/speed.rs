//! How fast payments become orders, and what gateways answer.

use chrono::{DateTime, Utc};
use diesel::{
    Queryable,
    sql_types::{BigInt, Double, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::{Connection, Error};

/// Time from a payment's proof to its order, in a part of a period or in all of it.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct PaidToOrder {
    /// Where the part begins; `None` is the whole period.
    pub begins_at: Option<DateTime<Utc>>,
    pub orders: i64,
    /// `None` where none of the orders has a payment of its own time.
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
    pub p99_seconds: Option<f64>,
}

statement! {
    MeasurePaidToOrder { period_seconds: f64, part_seconds: f64, orders_max: i64 }
        -> (Nullable<Timestamptz>, BigInt, Nullable<Double>, Nullable<Double>, Nullable<Double>);
    "WITH made AS MATERIALIZED ( \
         SELECT o.payment_intent_id, o.created_at FROM orders o \
          WHERE o.created_at > now() - make_interval(secs => " (period_seconds as Double) ") \
          ORDER BY o.created_at DESC LIMIT " (orders_max as BigInt) " \
     ), paid AS ( \
         SELECT made.created_at AS made_at, \
                extract(epoch FROM made.created_at - min(v.created_at))::float8 AS seconds \
           FROM made LEFT JOIN payment_gateway_verifications v ON v.payment_intent_id = made.payment_intent_id \
          GROUP BY made.payment_intent_id, made.created_at \
     ), parts AS ( \
         SELECT date_bin(make_interval(secs => " (part_seconds as Double) "), made_at, timestamptz 'epoch') AS begins_at, \
                seconds FROM paid \
     ) \
     SELECT begins_at, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), \
            percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds), percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds) \
       FROM parts GROUP BY GROUPING SETS ((begins_at), ()) ORDER BY begins_at NULLS LAST"
}

/// The newest `orders_max` orders of a period, in parts, and last the whole.
pub async fn paid_to_order(
    connection: &mut Connection,
    period_seconds: f64,
    part_seconds: f64,
    orders_max: i64,
) -> Result<Vec<PaidToOrder>, Error> {
    let measure = MeasurePaidToOrder { period_seconds, part_seconds, orders_max };
    Ok(measure.load(connection).await?)
}

/// What a gateway answered to our questions.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct GatewayAnswers {
    pub provider: String,
    pub outcome: String,
    pub count: i64,
    pub last_at: DateTime<Utc>,
}

statement! {
    CountAnswers { period_seconds: f64, events_max: i64 } -> (Text, Text, BigInt, Timestamptz);
    "SELECT split_part(payment_intent_id, '_', 2), outcome, count(*), max(created_at) \
       FROM (SELECT payment_intent_id, outcome, created_at FROM payment_intent_events \
              ORDER BY id DESC LIMIT " (events_max as BigInt) ") newest \
      WHERE outcome IS NOT NULL AND created_at > now() - make_interval(secs => " (period_seconds as Double) ") \
      GROUP BY 1, 2 ORDER BY 1, 2"
}

/// Answers of a period by provider and outcome, among the newest `events_max` events of all payments.
pub async fn gateway_answers(
    connection: &mut Connection,
    period_seconds: f64,
    events_max: i64,
) -> Result<Vec<GatewayAnswers>, Error> {
    Ok(CountAnswers { period_seconds, events_max }.load(connection).await?)
}
