//! A shopper's own orders.

use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Connection, Error,
    schema::{order_items, orders},
};

/// An order without its lines.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = orders)]
pub struct OrderRow {
    pub id: Uuid,
    pub order_number: String,
    pub payment_intent_id: String,
    pub status: String,
    pub fulfillment_status: String,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub shipping_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    pub currency: String,
    pub shipping_address: Value,
    pub created_at: DateTime<Utc>,
}

/// A line of an order.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = order_items)]
pub struct OrderLineRow {
    pub order_id: Uuid,
    pub variant_id: String,
    pub vendor_id: String,
    pub product_name: String,
    pub title: String,
    pub sku: String,
    pub quantity: i32,
    pub unit_price_minor: i64,
    pub line_total_minor: i64,
    pub fulfillment_status: String,
}

/// The user's newest orders that are older than `before`, newest first. Orders of one moment are told apart by id.
pub async fn of_user_before(
    connection: &mut Connection,
    user_id: &str,
    before: (DateTime<Utc>, Uuid),
    limit: i64,
) -> Result<Vec<OrderRow>, Error> {
    let (created_at, id) = before;
    let is_older =
        orders::created_at.le(created_at).and(orders::created_at.lt(created_at).or(orders::id.lt(id)));
    let rows = orders::table
        .filter(orders::user_id.eq(user_id))
        .filter(is_older)
        .order((orders::created_at.desc(), orders::id.desc()))
        .limit(limit)
        .select(OrderRow::as_select())
        .load(connection)
        .await?;
    Ok(rows)
}

/// The user's newest orders, newest first.
pub async fn newest_of_user(
    connection: &mut Connection,
    user_id: &str,
    limit: i64,
) -> Result<Vec<OrderRow>, Error> {
    let rows = orders::table
        .filter(orders::user_id.eq(user_id))
        .order((orders::created_at.desc(), orders::id.desc()))
        .limit(limit)
        .select(OrderRow::as_select())
        .load(connection)
        .await?;
    Ok(rows)
}

/// The user's order of this number.
pub async fn of_user_by_number(
    connection: &mut Connection,
    user_id: &str,
    order_number: &str,
) -> Result<Option<OrderRow>, Error> {
    let row = orders::table
        .filter(orders::order_number.eq(order_number))
        .filter(orders::user_id.eq(user_id))
        .select(OrderRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row)
}

/// The lines of these orders, in the order they were written.
pub async fn lines_of(connection: &mut Connection, order_ids: &[Uuid]) -> Result<Vec<OrderLineRow>, Error> {
    let rows = order_items::table
        .filter(order_items::order_id.eq_any(order_ids))
        .order(order_items::id)
        .select(OrderLineRow::as_select())
        .load(connection)
        .await?;
    Ok(rows)
}
