//! `stock_checkpoints`: sums of movements, so that a variant with a million of them is checked by its newest.

use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

statement! {
    Reset<'a> { variant_ids: &'a [&'a str] } -> BigInt;
    "INSERT INTO stock_checkpoints AS c (variant_id, movement_id, available, reserved, sold, is_behind) \
     SELECT i.variant_id, 0, 0, 0, 0, true FROM inventory i WHERE i.variant_id = ANY (" (variant_ids as Array<Text>) ") \
     ON CONFLICT (variant_id) DO UPDATE SET movement_id = 0, available = 0, reserved = 0, sold = 0, is_behind = true"
}

/// Begins the sums of these variants anew: whatever was changed in the ledger will show.
pub async fn reset(connection: &mut Connection, variant_ids: &[&str]) -> Result<(), Error> {
    if !variant_ids.is_empty() {
        Reset { variant_ids }.execute(connection).await?;
    }
    Ok(())
}

statement! {
    MakeMissing<'a> { variant_ids: &'a [&'a str] } -> BigInt;
    "INSERT INTO stock_checkpoints (variant_id, movement_id, available, reserved, sold, is_behind) \
     SELECT i.variant_id, 0, 0, 0, 0, true FROM inventory i WHERE i.variant_id = ANY (" (variant_ids as Array<Text>) ") \
     ON CONFLICT DO NOTHING"
}

statement! {
    Advance<'a> { variant_ids: &'a [&'a str], movements_max: i64 } -> (Text, Bool);
    // Only settled movements are added: one that commits late under a smaller id would be passed over for ever. The rows
    // of a variant come in the order of their ids, so what the outer LIMIT cuts off is the end of one and all of others.
    "WITH settled AS MATERIALIZED ( \
         SELECT settled_id FROM invariant_check_cursors WHERE source = 'inventory_movements' \
     ), taken AS MATERIALIZED ( \
         SELECT c.variant_id, m.id, m.available_delta, m.reserved_delta, m.sold_delta \
           FROM stock_checkpoints c \
          CROSS JOIN LATERAL (SELECT im.id, im.available_delta, im.reserved_delta, im.sold_delta FROM inventory_movements im \
                               WHERE im.variant_id = c.variant_id AND im.id > c.movement_id \
                                 AND im.id <= (SELECT settled_id FROM settled) \
                               ORDER BY im.id LIMIT " (movements_max as BigInt) ") AS m \
          WHERE c.variant_id = ANY (" (variant_ids as Array<Text>) ") \
          LIMIT " (movements_max as BigInt) " \
     ), added AS ( \
         SELECT variant_id, max(id) AS movement_id, sum(available_delta) AS available, sum(reserved_delta) AS reserved, \
                sum(sold_delta) AS sold FROM taken GROUP BY variant_id \
     ) \
     UPDATE stock_checkpoints c \
        SET movement_id = coalesce(a.movement_id, c.movement_id), available = c.available + coalesce(a.available, 0), \
            reserved = c.reserved + coalesce(a.reserved, 0), sold = c.sold + coalesce(a.sold, 0), \
            is_behind = EXISTS (SELECT FROM inventory_movements im \
                                 WHERE im.variant_id = c.variant_id AND im.id > coalesce(a.movement_id, c.movement_id) \
                                   AND im.id <= (SELECT settled_id FROM settled)) \
       FROM stock_checkpoints same LEFT JOIN added a USING (variant_id) \
      WHERE c.variant_id = same.variant_id AND same.variant_id = ANY (" (variant_ids as Array<Text>) ") \
     RETURNING c.variant_id, c.is_behind"
}

/// Adds at most `movements_max` movements to the sums of these variants, and makes the sums of those that have none.
/// Returns the variants whose sums are complete: these can be checked.
pub async fn advance(
    connection: &mut Connection,
    variant_ids: &[&str],
    movements_max: i64,
) -> Result<Vec<String>, Error> {
    if variant_ids.is_empty() {
        return Ok(Vec::new());
    }
    MakeMissing { variant_ids }.execute(connection).await?;
    let advanced: Vec<(String, bool)> = Advance { variant_ids, movements_max }.load(connection).await?;
    Ok(advanced.into_iter().filter(|(_, is_behind)| !is_behind).map(|(variant_id, _)| variant_id).collect())
}
