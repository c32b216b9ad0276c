use std::collections::BTreeMap;

use schema::{
    Connection,
    queries::{
        carts::CartLine,
        stock::{self, ReservationChange, ReservationMovements, ShortStock},
    },
};

use super::{CreateIntentError, ShortLine, earlier::HeldLine};

/// Reserves every line and gives back what the earlier intent held, on balance, in one update a variant; or nothing,
/// and says of every short line what could be had.
pub(super) async fn reserve(
    connection: &mut Connection,
    payment_intent_id: &str,
    lines: &[CartLine],
    held: &[HeldLine],
) -> Result<(), CreateIntentError> {
    let change = change(&[Reservation { payment_intent_id, lines }], held);
    let short = stock::change_reservations_if_all_available(connection, &change).await?;
    if short.is_empty() {
        Ok(())
    } else {
        Err(CreateIntentError::InsufficientStock(short_lines(&short, lines, held)))
    }
}

/// An intent and what it wants to hold.
pub(super) struct Reservation<'a> {
    pub(super) payment_intent_id: &'a str,
    pub(super) lines: &'a [CartLine],
}

/// Reserves every line of every intent in one update a variant; or nothing, where a line of any of them is short.
pub(super) async fn reserve_all(
    connection: &mut Connection,
    reservations: &[Reservation<'_>],
) -> Result<(), CreateIntentError> {
    let change = change(reservations, &[]);
    let short = stock::change_reservations_if_all_available(connection, &change).await?;
    if short.is_empty() {
        return Ok(());
    }
    let lines = reservations.iter().flat_map(|reservation| short_lines(&short, reservation.lines, &[]));
    Err(CreateIntentError::InsufficientStock(lines.collect()))
}

fn change(reservations: &[Reservation<'_>], held: &[HeldLine]) -> ReservationChange {
    let mut units: BTreeMap<&str, i32> = BTreeMap::new();
    let mut movements = ReservationMovements::default();
    let mut explain = |variant_id: &str, units: i32, reason: &str, payment_intent_id: &str| {
        movements.variant_ids.push(variant_id.to_owned());
        movements.reserved_deltas.push(units);
        movements.reasons.push(reason.to_owned());
        movements.payment_intent_ids.push(payment_intent_id.to_owned());
    };
    for line in held {
        *units.entry(&line.variant_id).or_default() -= line.quantity;
        explain(&line.variant_id, -line.quantity, "released", &line.payment_intent_id);
    }
    for reservation in reservations {
        for line in reservation.lines {
            *units.entry(&line.variant_id).or_default() += line.quantity;
            explain(&line.variant_id, line.quantity, "reserved", reservation.payment_intent_id);
        }
    }
    let (variant_ids, units) = units.into_iter().map(|(id, units)| (id.to_owned(), units)).unzip();
    ReservationChange { variant_ids, units, movements }
}

fn short_lines(short: &[ShortStock], lines: &[CartLine], held: &[HeldLine]) -> Vec<ShortLine> {
    let held_of = |variant_id: &str| -> i32 {
        held.iter().filter(|line| line.variant_id == variant_id).map(|line| line.quantity).sum()
    };
    let shortage = |line: &CartLine| {
        let stock = short.iter().find(|stock| stock.variant_id == line.variant_id)?;
        Some(ShortLine {
            variant_id: line.variant_id.clone(),
            sku: line.sku.clone(),
            wanted: line.quantity,
            available: stock.available + held_of(&line.variant_id),
        })
    };
    lines.iter().filter_map(shortage).collect()
}
