//! Counts of stock, and the ledger that explains them.

use diesel::{
    ExpressionMethods, QueryDsl, Queryable,
    sql_types::{Array, BigInt, Integer, Text},
};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error, schema::inventory};

/// What can still be sold of each of these variants, locked in the order of all stock locks. A variant whose stock was
/// never counted has no row.
pub async fn available_for_update(
    connection: &mut Connection,
    variant_ids: &[String],
) -> Result<Vec<(String, i32)>, Error> {
    let rows = inventory::table
        .filter(inventory::variant_id.eq_any(variant_ids))
        .order(inventory::variant_id)
        .select((inventory::variant_id, inventory::available))
        .for_no_key_update()
        .load(connection)
        .await?;
    Ok(rows)
}

statement! {
    SetAvailable<'a> { variant_ids: &'a [String], counts: &'a [i32], reason: &'a str } -> BigInt;
    "SELECT set_stock(wanted.variant_id, wanted.available, " (reason as Text) ")
       FROM (SELECT * FROM unnest(" (variant_ids as Array<Text>) ", " (counts as Array<Integer>) ")
                 AS unordered (variant_id, available)
              ORDER BY variant_id COLLATE \"C\") AS wanted"
}

/// Sets what can be sold of each variant and writes a movement where that changes anything.
pub async fn set_available(
    connection: &mut Connection,
    variant_ids: &[String],
    counts: &[i32],
    reason: &str,
) -> Result<(), Error> {
    let _versions: Vec<i64> = SetAvailable { variant_ids, counts, reason }.load(connection).await?;
    Ok(())
}

/// A change of reservations: what each variant needs on balance, and the ledger's lines that explain it.
#[derive(Debug, Default)]
pub struct ReservationChange {
    /// Variants, each once.
    pub variant_ids: Vec<String>,
    /// Units to reserve on balance, one entry a variant; below zero gives units back.
    pub units: Vec<i32>,
    pub movements: ReservationMovements,
}

/// Columns of `inventory_movements`, one entry a row in each.
#[derive(Debug, Default)]
pub struct ReservationMovements {
    pub variant_ids: Vec<String>,
    /// Change of `reserved`; `available` changes by the opposite.
    pub reserved_deltas: Vec<i32>,
    pub reasons: Vec<String>,
    pub payment_intent_ids: Vec<String>,
}

/// A variant of which less is left than is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ShortStock {
    pub variant_id: String,
    pub available: i32,
}

// The new counts come from the locked row, not from `i`: Postgres checks constraints on what an UPDATE makes of the
// row as its snapshot has it, before it notices that the row has changed. Whoever waited for units to be given back
// would be refused for the counts of before.
statement! {
    ChangeReservations<'a> { change: &'a ReservationChange } -> (Text, Integer);
    "WITH demand AS (
         SELECT * FROM unnest(" (change.variant_ids as Array<Text>) ", " (change.units as Array<Integer>) ")
             AS d (variant_id, units)
     ), locked AS MATERIALIZED (
         SELECT i.variant_id, i.available, i.reserved, i.version FROM inventory i
          WHERE i.variant_id IN (SELECT d.variant_id FROM demand d)
          ORDER BY i.variant_id FOR NO KEY UPDATE
     ), short AS MATERIALIZED (
         SELECT d.variant_id, coalesce(l.available, 0) AS available
           FROM demand d LEFT JOIN locked l ON l.variant_id = d.variant_id
          WHERE coalesce(l.available, 0) < d.units
     ), counted AS (
         UPDATE inventory i
            SET available = l.available - d.units, reserved = l.reserved + d.units, version = l.version + 1
           FROM demand d JOIN locked l ON l.variant_id = d.variant_id
          WHERE i.variant_id = d.variant_id AND d.units <> 0 AND NOT EXISTS (SELECT FROM short)
     ), explained AS (
         INSERT INTO inventory_movements
                (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
         SELECT m.variant_id, -m.reserved_delta, m.reserved_delta, 0, m.reason, m.payment_intent_id
           FROM unnest(" (change.movements.variant_ids as Array<Text>) ", "
                         (change.movements.reserved_deltas as Array<Integer>) ", "
                         (change.movements.reasons as Array<Text>) ", "
                         (change.movements.payment_intent_ids as Array<Text>) ")
                AS m (variant_id, reserved_delta, reason, payment_intent_id)
          WHERE NOT EXISTS (SELECT FROM short)
     )
     SELECT s.variant_id, s.available FROM short s ORDER BY s.variant_id"
}

/// Reserves and gives back in one update a variant, with its movements, or changes nothing and returns every variant
/// of which too little is left. The counts stay locked until the transaction ends: run it last.
pub async fn change_reservations_if_all_available(
    connection: &mut Connection,
    change: &ReservationChange,
) -> Result<Vec<ShortStock>, Error> {
    Ok(ChangeReservations { change }.load(connection).await?)
}
