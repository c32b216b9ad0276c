//! Orders as operators see them: all of them, without the address.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, Queryable,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use crate::{Connection, Error};

/// An order without its lines.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct ListedOrder {
    pub id: Uuid,
    pub order_number: String,
    pub payment_intent_id: String,
    pub user_id: String,
    pub status: String,
    pub fulfillment_status: String,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub shipping_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    pub provider: String,
    pub intent_status: String,
    pub reservation: String,
    pub created_at: DateTime<Utc>,
}

type ListedOrderRow = (
    SqlUuid,
    Text,
    Text,
    Text,
    Text,
    Text,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    Text,
    Text,
    Text,
    Timestamptz,
);

macro_rules! orders {
    ($name:ident $(<$lifetime:lifetime>)? { $($field:ident: $rust:ty),* } $($condition:tt)*) => {
        statement! {
            $name $(<$lifetime>)? { $($field: $rust),* } -> ListedOrderRow;
            "SELECT o.id, o.order_number, o.payment_intent_id, o.user_id, o.status, o.fulfillment_status, o.subtotal_minor, \
                    o.discount_minor, o.shipping_minor, o.tax_minor, o.total_minor, pi.provider, pi.status, pi.reservation, \
                    o.created_at \
               FROM orders o JOIN payment_intents pi USING (payment_intent_id) WHERE " $($condition)*
        }
    };
}

orders!(Find<'a> { order_number: &'a str } "o.order_number = upper(" (order_number as Text) ")");

/// The order of a number.
pub async fn find(connection: &mut Connection, order_number: &str) -> Result<Option<ListedOrder>, Error> {
    Ok(Find { order_number }.get_result(connection).await.optional()?)
}

orders!(
    Newest { before: DateTime<Utc>, before_id: Uuid, orders_max: i64 }
    "o.created_at <= " (before as Timestamptz) " \
        AND (o.created_at, o.id) < (" (before as Timestamptz) ", " (before_id as SqlUuid) ") \
      ORDER BY o.created_at DESC, o.id DESC LIMIT " (orders_max as BigInt)
);

/// The newest orders before a place.
pub async fn newest_before(
    connection: &mut Connection,
    (before, before_id): (DateTime<Utc>, Uuid),
    orders_max: i64,
) -> Result<Vec<ListedOrder>, Error> {
    Ok(Newest { before, before_id, orders_max }.load(connection).await?)
}

orders!(
    NewestOfUser<'a> { user_id: &'a str, before: DateTime<Utc>, before_id: Uuid, orders_max: i64 }
    "o.user_id = " (user_id as Text) " \
        AND (o.created_at, o.id) < (" (before as Timestamptz) ", " (before_id as SqlUuid) ") \
      ORDER BY o.created_at DESC, o.id DESC LIMIT " (orders_max as BigInt)
);

/// A user's newest orders before a place.
pub async fn newest_of_user_before(
    connection: &mut Connection,
    user_id: &str,
    (before, before_id): (DateTime<Utc>, Uuid),
    orders_max: i64,
) -> Result<Vec<ListedOrder>, Error> {
    Ok(NewestOfUser { user_id, before, before_id, orders_max }.load(connection).await?)
}

/// A line with who sells it.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct SoldLine {
    pub variant_id: String,
    pub vendor_id: String,
    pub vendor_name: String,
    pub product_name: String,
    pub title: String,
    pub sku: String,
    pub quantity: i32,
    pub unit_price_minor: i64,
    pub line_total_minor: i64,
    pub fulfillment_status: String,
}

statement! {
    LinesOf { order_id: Uuid } -> (Text, Text, Text, Text, Text, Text, Integer, BigInt, BigInt, Text);
    "SELECT oi.variant_id, oi.vendor_id, v.display_name, oi.product_name, oi.title, oi.sku, oi.quantity, \
            oi.unit_price_minor, oi.line_total_minor, oi.fulfillment_status \
       FROM order_items oi JOIN vendor_profiles v USING (vendor_id) \
      WHERE oi.order_id = " (order_id as SqlUuid) " ORDER BY oi.id"
}

/// What was bought.
pub async fn lines_of(connection: &mut Connection, order_id: Uuid) -> Result<Vec<SoldLine>, Error> {
    Ok(LinesOf { order_id }.load(connection).await?)
}

/// A change of a variant's counts.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct StockMovement {
    pub id: i64,
    pub variant_id: String,
    pub sku: String,
    pub available_delta: i32,
    pub reserved_delta: i32,
    pub sold_delta: i32,
    pub reason: String,
    pub payment_intent_id: Option<String>,
    pub created_at: DateTime<Utc>,
}

macro_rules! movements {
    ($name:ident<$lifetime:lifetime> { $($field:ident: $rust:ty),* } $($condition:tt)*) => {
        statement! {
            $name<$lifetime> { $($field: $rust),* }
            -> (BigInt, Text, Text, Integer, Integer, Integer, Text, Nullable<Text>, Timestamptz);
            "SELECT m.id, m.variant_id, pv.sku, m.available_delta, m.reserved_delta, m.sold_delta, m.reason, \
                    m.payment_intent_id, m.created_at \
               FROM inventory_movements m JOIN product_variants pv USING (variant_id) WHERE " $($condition)*
        }
    };
}

movements!(
    OfIntent<'a> { payment_intent_id: &'a str, movements_max: i64 }
    "m.payment_intent_id = " (payment_intent_id as Text) " ORDER BY m.id LIMIT " (movements_max as BigInt)
);

/// How stock moved for an intent, oldest first.
pub async fn movements_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
    movements_max: i64,
) -> Result<Vec<StockMovement>, Error> {
    Ok(OfIntent { payment_intent_id, movements_max }.load(connection).await?)
}

movements!(
    OfVariant<'a> { variant_id: &'a str, before_id: i64, movements_max: i64 }
    "m.variant_id = " (variant_id as Text) " AND m.id < " (before_id as BigInt) " ORDER BY m.id DESC LIMIT "
    (movements_max as BigInt)
);

/// How a variant's stock moved before a place, newest first.
pub async fn movements_of_variant_before(
    connection: &mut Connection,
    variant_id: &str,
    before_id: i64,
    movements_max: i64,
) -> Result<Vec<StockMovement>, Error> {
    Ok(OfVariant { variant_id, before_id, movements_max }.load(connection).await?)
}
