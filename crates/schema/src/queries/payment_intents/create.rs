//! Making an intent: its row, its snapshot, its start at the gateway, and the end of the one it replaces.

use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
    sql_types::{
        Array, BigInt, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
    },
};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Connection, Error,
    schema::{payment_intent_items, payment_intents},
};

/// An intent about to be stored. Discount, shipping and tax are zero.
#[derive(Debug)]
pub struct NewIntent<'a> {
    pub payment_intent_id: &'a str,
    pub user_id: &'a str,
    pub cart_id: Uuid,
    pub cart_version: i64,
    pub cart_round: i32,
    pub provider: &'a str,
    /// `None` stores it as `created`, a reference as `awaiting_payment`.
    pub gateway_reference: Option<&'a str>,
    pub amount_minor: i64,
    pub shipping_address: &'a Value,
    pub ttl_seconds: f64,
}

statement! {
    Insert<'a> { intent: &'a NewIntent<'a> } -> Timestamptz;
    "INSERT INTO payment_intents
            (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
             status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
     VALUES (" (intent.payment_intent_id as Text) ", " (intent.user_id as Text) ", " (intent.cart_id as SqlUuid) ", "
               (intent.cart_version as BigInt) ", " (intent.cart_round as Integer) ", " (intent.provider as Text) ", "
               (intent.gateway_reference as Nullable<Text>) ",
             CASE WHEN " (intent.gateway_reference as Nullable<Text>) " IS NULL THEN 'created' ELSE 'awaiting_payment' END,
             'checkout', 'held', " (intent.amount_minor as BigInt) ", " (intent.amount_minor as BigInt) ", "
               (intent.shipping_address as Jsonb) ", now() + make_interval(secs => " (intent.ttl_seconds as Double) "))
     RETURNING expires_at"
}

/// Stores the intent with its reservation `held`; returns when it expires.
pub async fn insert(connection: &mut Connection, intent: &NewIntent<'_>) -> Result<DateTime<Utc>, Error> {
    Ok(Insert { intent }.get_result(connection).await?)
}

/// Columns of `payment_intent_items`, one entry a row in each.
#[derive(Debug, Default)]
pub struct SnapshotRows {
    pub variant_ids: Vec<String>,
    pub vendor_ids: Vec<String>,
    pub product_names: Vec<String>,
    pub titles: Vec<String>,
    pub skus: Vec<String>,
    pub quantities: Vec<i32>,
    pub unit_prices_minor: Vec<i64>,
}

statement! {
    InsertSnapshot<'a> { payment_intent_id: &'a str, rows: &'a SnapshotRows } -> Untyped;
    "INSERT INTO payment_intent_items
            (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor)
     SELECT " (payment_intent_id as Text) ", s.* FROM unnest("
            (rows.variant_ids as Array<Text>) ", " (rows.vendor_ids as Array<Text>) ", "
            (rows.product_names as Array<Text>) ", " (rows.titles as Array<Text>) ", " (rows.skus as Array<Text>) ", "
            (rows.quantities as Array<Integer>) ", " (rows.unit_prices_minor as Array<BigInt>) ") AS s"
}

/// Stores what was priced.
pub async fn insert_snapshot(
    connection: &mut Connection,
    payment_intent_id: &str,
    rows: &SnapshotRows,
) -> Result<(), Error> {
    InsertSnapshot { payment_intent_id, rows }.execute(connection).await?;
    Ok(())
}

/// An intent that stands in the way of another one for the same cart.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payment_intents)]
pub struct EarlierIntent {
    pub payment_intent_id: String,
    pub status: String,
}

/// The cart's open intent, and the verified ones of this round, locked.
pub async fn earlier_of_cart_for_update(
    connection: &mut Connection,
    cart_id: Uuid,
    cart_round: i32,
) -> Result<Vec<EarlierIntent>, Error> {
    let is_open = payment_intents::status.eq_any(["created", "awaiting_payment"]);
    let is_paid = payment_intents::status.eq("verified").and(payment_intents::cart_round.eq(cart_round));
    let rows = payment_intents::table
        .filter(payment_intents::cart_id.eq(cart_id))
        .filter(is_open.or(is_paid))
        .order(payment_intents::payment_intent_id)
        .select(EarlierIntent::as_select())
        .for_no_key_update()
        .load(connection)
        .await?;
    Ok(rows)
}

statement! {
    Supersede<'a> { payment_intent_id: &'a str } -> Untyped;
    "UPDATE payment_intents
        SET status = 'superseded', status_cause = 'newer intent', reservation = 'released', updated_at = clock_timestamp()
      WHERE payment_intent_id = " (payment_intent_id as Text) " AND status IN ('created', 'awaiting_payment')"
}

/// Ends an open intent in favour of a newer one. Its stock is the caller's to give back.
pub async fn supersede_if_open(connection: &mut Connection, payment_intent_id: &str) -> Result<bool, Error> {
    Ok(Supersede { payment_intent_id }.execute(connection).await? == 1)
}

statement! {
    Begin<'a> { payment_intent_id: &'a str, gateway_reference: &'a str } -> Untyped;
    "UPDATE payment_intents
        SET status = 'awaiting_payment', status_cause = 'gateway session', updated_at = clock_timestamp(),
            gateway_reference = " (gateway_reference as Text) "
      WHERE payment_intent_id = " (payment_intent_id as Text) " AND status = 'created'"
}

/// Stores the gateway's handle of an intent that had none. `false`: another request did, or the intent has ended.
pub async fn await_payment_if_created(
    connection: &mut Connection,
    payment_intent_id: &str,
    gateway_reference: &str,
) -> Result<bool, Error> {
    Ok(Begin { payment_intent_id, gateway_reference }.execute(connection).await? == 1)
}

statement! {
    FailUnstarted<'a> { payment_intent_id: &'a str, cause: &'a str } -> Untyped;
    "UPDATE payment_intents
        SET status = 'failed', status_cause = " (cause as Text) ", reservation = 'released',
            question_closed_at = clock_timestamp(), updated_at = clock_timestamp()
      WHERE payment_intent_id = " (payment_intent_id as Text) " AND status = 'created'"
}

/// Ends an intent that the gateway would not start; there is nothing to ask about. Its stock is the caller's to give
/// back.
pub async fn fail_if_created(
    connection: &mut Connection,
    payment_intent_id: &str,
    cause: &str,
) -> Result<bool, Error> {
    Ok(FailUnstarted { payment_intent_id, cause }.execute(connection).await? == 1)
}

/// What an intent was made with.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payment_intents)]
pub struct StoredIntent {
    pub payment_intent_id: String,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub shipping_minor: i64,
    pub tax_minor: i64,
    pub amount_minor: i64,
    pub shipping_address: Value,
    pub expires_at: DateTime<Utc>,
}

/// One line of what was priced.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payment_intent_items)]
pub struct SnapshotLine {
    pub variant_id: String,
    pub sku: String,
    pub product_name: String,
    pub title: String,
    pub quantity: i32,
    pub unit_price_minor: i64,
}

/// An intent as it was stored, if it exists.
pub async fn stored(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<StoredIntent>, Error> {
    let row = payment_intents::table
        .find(payment_intent_id)
        .select(StoredIntent::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row)
}

/// The snapshot of an intent, by variant.
pub async fn snapshot(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Vec<SnapshotLine>, Error> {
    let rows = payment_intent_items::table
        .filter(payment_intent_items::payment_intent_id.eq(payment_intent_id))
        .order(payment_intent_items::variant_id)
        .select(SnapshotLine::as_select())
        .load(connection)
        .await?;
    Ok(rows)
}
