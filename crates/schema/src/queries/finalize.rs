//! Making orders from paid intents: set-based, so that fifty cost little more than one.

use diesel::{
    Queryable,
    sql_types::{Array, BigInt, Integer, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{Connection, Error};

/// A cart, locked.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct LockedCart {
    pub cart_id: Uuid,
    /// Greater than an intent's round when that round has become an order.
    pub round: i32,
}

statement! {
    LockCarts<'a> { payment_intent_ids: &'a [&'a str] } -> (SqlUuid, Integer);
    "SELECT c.cart_id, c.round FROM carts c \
      WHERE c.cart_id IN (SELECT pi.cart_id FROM payment_intents pi \
                           WHERE pi.payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ")) \
      ORDER BY c.cart_id FOR NO KEY UPDATE"
}

/// Locks the carts of intents. Whoever makes an order from a cart holds its lock.
pub async fn lock_carts_of_intents_for_update(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
) -> Result<Vec<LockedCart>, Error> {
    Ok(LockCarts { payment_intent_ids }.load(connection).await?)
}

/// An order to be made: the intent it copies, and its new names.
#[derive(Debug, Clone)]
pub struct NewOrder {
    pub id: Uuid,
    pub order_number: String,
    pub payment_intent_id: String,
}

statement! {
    InsertOrders<'a> { ids: Vec<Uuid>, order_numbers: Vec<&'a str>, payment_intent_ids: Vec<&'a str> } -> BigInt;
    "WITH made AS ( \
         INSERT INTO orders (id, order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, \
                             discount_minor, shipping_minor, tax_minor, total_minor, currency, shipping_address, created_at) \
         SELECT new.id, new.order_number, pi.payment_intent_id, pi.user_id, pi.cart_id, pi.cart_round, pi.subtotal_minor, \
                pi.discount_minor, pi.shipping_minor, pi.tax_minor, pi.amount_minor, pi.currency, pi.shipping_address, \
                clock_timestamp() \
           FROM unnest(" (ids as Array<SqlUuid>) ", " (order_numbers as Array<Text>) ", "
                       (payment_intent_ids as Array<Text>) ") AS new (id, order_number, payment_intent_id) \
           JOIN payment_intents pi USING (payment_intent_id) \
         RETURNING id, payment_intent_id \
     ) \
     INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, \
                              line_total_minor) \
     SELECT made.id, ii.variant_id, ii.vendor_id, ii.product_name, ii.title, ii.sku, ii.quantity, ii.unit_price_minor, \
            ii.quantity * ii.unit_price_minor \
       FROM made JOIN payment_intent_items ii USING (payment_intent_id)"
}

/// Inserts orders and their lines as the intents' snapshots say.
///
/// Refused by `an_intent_becomes_one_order`, `a_cart_round_becomes_one_order`, and before COMMIT by
/// `an_order_has_items`, `order_subtotal_is_the_sum_of_its_lines`, `an_order_is_paid_in_full`.
pub async fn insert_orders_with_items(connection: &mut Connection, orders: &[NewOrder]) -> Result<(), Error> {
    InsertOrders {
        ids: orders.iter().map(|order| order.id).collect(),
        order_numbers: orders.iter().map(|order| order.order_number.as_str()).collect(),
        payment_intent_ids: orders.iter().map(|order| order.payment_intent_id.as_str()).collect(),
    }
    .execute(connection)
    .await?;
    Ok(())
}

statement! {
    TakePaid<'a> { payment_intent_ids: &'a [&'a str] } -> BigInt;
    "WITH paid AS MATERIALIZED ( \
         SELECT pi.cart_id, ii.variant_id, ii.quantity \
           FROM payment_intents pi JOIN payment_intent_items ii USING (payment_intent_id) \
          WHERE pi.payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ") \
     ), emptied AS ( \
         DELETE FROM cart_items ci USING paid \
          WHERE ci.cart_id = paid.cart_id AND ci.variant_id = paid.variant_id AND ci.quantity <= paid.quantity \
     ), reduced AS ( \
         UPDATE cart_items ci SET quantity = ci.quantity - paid.quantity FROM paid \
          WHERE ci.cart_id = paid.cart_id AND ci.variant_id = paid.variant_id AND ci.quantity > paid.quantity \
     ) \
     UPDATE carts c SET version = c.version + 1, round = c.round + 1, updated_at = clock_timestamp() \
      WHERE c.cart_id IN (SELECT cart_id FROM paid)"
}

/// Takes out of locked carts what was paid for and opens their next round. A line that exceeds what was
/// paid keeps the difference; lines that were not paid for stay.
pub async fn take_paid_lines_from_carts(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
) -> Result<(), Error> {
    TakePaid { payment_intent_ids }.execute(connection).await?;
    Ok(())
}
