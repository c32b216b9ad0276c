//! Payments as operators look them up. Never the address.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, Queryable,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::{Connection, Error};

/// A payment and what became of it.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct ListedPayment {
    pub payment_intent_id: String,
    pub user_id: String,
    pub provider: String,
    pub gateway_reference: Option<String>,
    pub status: String,
    pub status_cause: String,
    pub reservation: String,
    pub amount_minor: i64,
    pub refunded_minor: i64,
    pub currency: String,
    pub order_number: Option<String>,
    pub open_case_id: Option<i64>,
    pub expires_at: DateTime<Utc>,
    pub last_asked_at: Option<DateTime<Utc>>,
    pub question_is_closed: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

type ListedPaymentRow = (
    Text,
    Text,
    Text,
    Nullable<Text>,
    Text,
    Text,
    Text,
    BigInt,
    BigInt,
    Text,
    Nullable<Text>,
    Nullable<BigInt>,
    Timestamptz,
    Nullable<Timestamptz>,
    Bool,
    Timestamptz,
    Timestamptz,
);

/// A statement about payments whose ids `$found` selects as `found`.
macro_rules! payments {
    ($name:ident $(<$lifetime:lifetime>)? { $($field:ident: $rust:ty),* } found by [$($found:tt)*]) => {
        statement! {
            $name $(<$lifetime>)? { $($field: $rust,)* payments_max: i64 } -> ListedPaymentRow;
            "WITH found (payment_intent_id) AS MATERIALIZED (" $($found)* ") \
             SELECT pi.payment_intent_id, pi.user_id, pi.provider, pi.gateway_reference, pi.status, pi.status_cause, \
                    pi.reservation, pi.amount_minor, pi.refunded_minor, pi.currency, o.order_number, c.id, pi.expires_at, \
                    pi.last_asked_at, pi.question_closed_at IS NOT NULL, pi.created_at, pi.updated_at \
               FROM found JOIN payment_intents pi USING (payment_intent_id) \
               LEFT JOIN orders o USING (payment_intent_id) \
               LEFT JOIN review_cases c ON c.payment_intent_id = pi.payment_intent_id AND c.status = 'open' \
              ORDER BY pi.created_at DESC, pi.payment_intent_id DESC LIMIT " (payments_max as BigInt)
        }
    };
}

payments!(Find<'a> { payment_intent_id: &'a str } found by ["SELECT " (payment_intent_id as Text)]);

/// One payment.
pub async fn find(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<ListedPayment>, Error> {
    Ok(Find { payment_intent_id, payments_max: 1 }.get_result(connection).await.optional()?)
}

payments!(
    Search<'a> { text: &'a str, of_user_max: i64 } found by [
        "SELECT pi.payment_intent_id FROM payment_intents pi WHERE pi.payment_intent_id = " (text as Text) " \
          UNION SELECT o.payment_intent_id FROM orders o WHERE o.order_number = upper(" (text as Text) ") \
          UNION SELECT pi.payment_intent_id FROM payment_intents pi \
                 WHERE pi.provider IN ('esewa', 'khalti') AND pi.gateway_reference = " (text as Text) " \
          UNION SELECT v.payment_intent_id FROM payment_gateway_verifications v \
                 WHERE v.provider IN ('esewa', 'khalti') AND v.gateway_transaction_id = " (text as Text) " \
          UNION (SELECT pi.payment_intent_id FROM carts c JOIN payment_intents pi USING (cart_id) \
                  WHERE c.user_id = " (text as Text) " \
                  ORDER BY pi.cart_round DESC, pi.created_at DESC LIMIT " (of_user_max as BigInt) ")"
    ]
);

/// Payments of an intent's id, an order's number, a gateway's reference or transaction, or a user; newest first.
pub async fn search(
    connection: &mut Connection,
    text: &str,
    payments_max: i64,
) -> Result<Vec<ListedPayment>, Error> {
    Ok(Search { text, of_user_max: payments_max, payments_max }.load(connection).await?)
}

payments!(
    NewestFollowed<'a> { before: DateTime<Utc>, before_id: &'a str, followed_max: i64 } found by [
        "SELECT pi.payment_intent_id FROM payment_intents pi \
          WHERE pi.question_closed_at IS NULL AND pi.created_at <= " (before as Timestamptz) " \
            AND (pi.created_at, pi.payment_intent_id) < (" (before as Timestamptz) ", " (before_id as Text) ") \
          ORDER BY pi.created_at DESC, pi.payment_intent_id DESC LIMIT " (followed_max as BigInt)
    ]
);

/// The newest payments before a place that the gateway is still asked about.
pub async fn newest_followed_before(
    connection: &mut Connection,
    (before, before_id): (DateTime<Utc>, &str),
    payments_max: i64,
) -> Result<Vec<ListedPayment>, Error> {
    let newest = NewestFollowed { before, before_id, followed_max: payments_max, payments_max };
    Ok(newest.load(connection).await?)
}

/// A line as it was priced and reserved.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct SnapshotLine {
    pub variant_id: String,
    pub vendor_name: String,
    pub product_name: String,
    pub title: String,
    pub sku: String,
    pub quantity: i32,
    pub unit_price_minor: i64,
}

statement! {
    LinesOf<'a> { payment_intent_id: &'a str } -> (Text, Text, Text, Text, Text, Integer, BigInt);
    "SELECT ii.variant_id, v.display_name, ii.product_name, ii.title, ii.sku, ii.quantity, ii.unit_price_minor \
       FROM payment_intent_items ii JOIN vendor_profiles v USING (vendor_id) \
      WHERE ii.payment_intent_id = " (payment_intent_id as Text) " ORDER BY ii.variant_id"
}

/// What a payment is for; a cart has at most 100 lines.
pub async fn lines_of(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Vec<SnapshotLine>, Error> {
    Ok(LinesOf { payment_intent_id }.load(connection).await?)
}

statement! {
    AskedWithin<'a> { payment_intent_id: &'a str, seconds: f64 } -> Bool;
    "SELECT coalesce(pi.last_asked_at > clock_timestamp() - make_interval(secs => "
            (seconds as diesel::sql_types::Double) "), false) \
       FROM payment_intents pi WHERE pi.payment_intent_id = " (payment_intent_id as Text)
}

/// Whether the gateway was asked about an intent less than so long ago.
pub async fn was_asked_within(
    connection: &mut Connection,
    payment_intent_id: &str,
    seconds: f64,
) -> Result<bool, Error> {
    Ok(AskedWithin { payment_intent_id, seconds }.get_result(connection).await?)
}
