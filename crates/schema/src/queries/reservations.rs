//! Stock held by intents: how it ends, and how a late payment gets it back.

use diesel::sql_types::{Array, BigInt, Bool, Integer, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// How a held reservation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationEnd {
    /// Sold: into an order.
    Settled,
    /// Back to what can be sold.
    Released,
}

statement! {
    EndHeld<'a> { payment_intent_ids: Vec<&'a str>, are_settled: Vec<bool> } -> BigInt;
    "WITH ending AS ( \
         SELECT * FROM unnest(" (payment_intent_ids as Array<Text>) ", " (are_settled as Array<Bool>) ") \
             AS e (payment_intent_id, is_settled) \
     ), lines AS MATERIALIZED ( \
         SELECT ii.payment_intent_id, ii.variant_id, ii.quantity, e.is_settled \
           FROM ending e JOIN payment_intent_items ii USING (payment_intent_id) \
     ), totals AS ( \
         SELECT variant_id, sum(quantity) AS quantity, coalesce(sum(quantity) FILTER (WHERE is_settled), 0) AS sold \
           FROM lines GROUP BY variant_id \
     ), locked AS MATERIALIZED ( \
         SELECT i.variant_id FROM inventory i WHERE i.variant_id IN (SELECT variant_id FROM lines) \
          ORDER BY i.variant_id FOR NO KEY UPDATE \
     ), moved AS ( \
         UPDATE inventory i \
            SET reserved = i.reserved - t.quantity, sold = i.sold + t.sold, \
                available = i.available + t.quantity - t.sold, version = i.version + 1 \
           FROM totals t JOIN locked USING (variant_id) WHERE i.variant_id = t.variant_id \
     ) \
     INSERT INTO inventory_movements \
         (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) \
     SELECT variant_id, CASE WHEN is_settled THEN 0 ELSE quantity END, -quantity, \
            CASE WHEN is_settled THEN quantity ELSE 0 END, \
            CASE WHEN is_settled THEN 'settled' ELSE 'released' END, payment_intent_id \
       FROM lines"
}

/// Moves the stock of intents whose reservation is held, all in one update a variant.
///
/// Assumes that the caller has locked the intents, saw them held, and writes their new reservation in the
/// same transaction.
pub async fn end_held(connection: &mut Connection, ends: &[(&str, ReservationEnd)]) -> Result<(), Error> {
    if ends.is_empty() {
        return Ok(());
    }
    EndHeld {
        payment_intent_ids: ends.iter().map(|(id, _)| *id).collect(),
        are_settled: ends.iter().map(|(_, end)| *end == ReservationEnd::Settled).collect(),
    }
    .execute(connection)
    .await?;
    Ok(())
}

statement! {
    ReleaseHeld<'a> { payment_intent_ids: &'a [&'a str] } -> BigInt;
    // Names no column of sales: the roles that release cannot sell.
    "WITH lines AS MATERIALIZED ( \
         SELECT ii.payment_intent_id, ii.variant_id, ii.quantity FROM payment_intent_items ii \
          WHERE ii.payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ") \
     ), totals AS ( \
         SELECT variant_id, sum(quantity) AS quantity FROM lines GROUP BY variant_id \
     ), locked AS MATERIALIZED ( \
         SELECT i.variant_id FROM inventory i WHERE i.variant_id IN (SELECT variant_id FROM lines) \
          ORDER BY i.variant_id FOR NO KEY UPDATE \
     ), moved AS ( \
         UPDATE inventory i \
            SET reserved = i.reserved - t.quantity, available = i.available + t.quantity, version = i.version + 1 \
           FROM totals t JOIN locked USING (variant_id) WHERE i.variant_id = t.variant_id \
     ) \
     INSERT INTO inventory_movements \
         (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) \
     SELECT variant_id, quantity, -quantity, 0, 'released', payment_intent_id FROM lines"
}

/// Gives back the stock of intents whose reservation is held. The caller has done what `end_held` assumes.
pub async fn release_held(connection: &mut Connection, payment_intent_ids: &[&str]) -> Result<(), Error> {
    if payment_intent_ids.is_empty() {
        return Ok(());
    }
    ReleaseHeld { payment_intent_ids }.execute(connection).await?;
    Ok(())
}

statement! {
    LockStock<'a> { payment_intent_ids: &'a [&'a str] } -> Text;
    "SELECT i.variant_id FROM inventory i \
      WHERE i.variant_id IN (SELECT ii.variant_id FROM payment_intent_items ii \
                              WHERE ii.payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ")) \
      ORDER BY i.variant_id FOR NO KEY UPDATE"
}

/// Locks the stock of several intents in the one order, so that they can then be reserved one by one.
pub async fn lock_stock_of_intents_for_update(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
) -> Result<(), Error> {
    let _: Vec<String> = LockStock { payment_intent_ids }.load(connection).await?;
    Ok(())
}

statement! {
    ReserveAgain<'a> { payment_intent_id: &'a str } -> BigInt;
    "WITH lines AS MATERIALIZED ( \
         SELECT ii.payment_intent_id, ii.variant_id, ii.quantity \
           FROM payment_intent_items ii WHERE ii.payment_intent_id = " (payment_intent_id as Text) " \
     ), moved AS ( \
         UPDATE inventory i \
            SET available = i.available - l.quantity, reserved = i.reserved + l.quantity, version = i.version + 1 \
           FROM lines l \
          WHERE i.variant_id = l.variant_id \
            AND NOT EXISTS (SELECT FROM lines s JOIN inventory had USING (variant_id) \
                             WHERE had.available < s.quantity) \
         RETURNING i.variant_id, l.quantity, l.payment_intent_id \
     ) \
     INSERT INTO inventory_movements \
         (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) \
     SELECT variant_id, -quantity, quantity, 0, 'reserved for a late payment', payment_intent_id FROM moved \
     RETURNING 1::bigint"
}

/// Reserves every line of an intent again, or none. `false`: some line is short.
///
/// Assumes that the caller holds the locks of `lock_stock_of_intents_for_update`.
pub async fn reserve_again_if_available(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<bool, Error> {
    Ok(ReserveAgain { payment_intent_id }.execute(connection).await? > 0)
}

/// A line that the stock cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct ShortLine {
    pub sku: String,
    pub wanted: i32,
    pub available: i32,
}

statement! {
    ShortLines<'a> { payment_intent_id: &'a str } -> (Text, Integer, Integer);
    "SELECT ii.sku, ii.quantity, i.available \
       FROM payment_intent_items ii JOIN inventory i USING (variant_id) \
      WHERE ii.payment_intent_id = " (payment_intent_id as Text) " AND i.available < ii.quantity ORDER BY ii.sku"
}

/// The lines of an intent that could not be reserved now.
pub async fn short_lines_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Vec<ShortLine>, Error> {
    Ok(ShortLines { payment_intent_id }.load(connection).await?)
}
