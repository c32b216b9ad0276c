//! The shopper's own orders.

mod get;
mod list;

pub(crate) use get::{__path_get, get};
pub(crate) use list::{__path_list, list};

use chrono::{DateTime, Utc};
use domain::orders::{Order, OrderLine};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderBody {
    order_id: Uuid,
    order_number: String,
    payment_intent_id: String,
    /// `confirmed` or `refunded`
    status: String,
    fulfillment_status: String,
    subtotal_minor: i64,
    discount_minor: i64,
    shipping_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    currency: String,
    /// As it was given at checkout.
    #[schema(value_type = Object)]
    shipping_address: Value,
    created_at: DateTime<Utc>,
    items: Vec<OrderItemBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderItemBody {
    variant_id: String,
    vendor_id: String,
    product_name: String,
    title: String,
    sku: String,
    quantity: i32,
    unit_price_minor: i64,
    line_total_minor: i64,
    fulfillment_status: String,
}

impl From<Order> for OrderBody {
    fn from(Order { summary, lines }: Order) -> Self {
        Self {
            order_id: summary.id,
            order_number: summary.order_number,
            payment_intent_id: summary.payment_intent_id,
            status: summary.status,
            fulfillment_status: summary.fulfillment_status,
            subtotal_minor: summary.subtotal_minor,
            discount_minor: summary.discount_minor,
            shipping_minor: summary.shipping_minor,
            tax_minor: summary.tax_minor,
            total_minor: summary.total_minor,
            currency: summary.currency,
            shipping_address: summary.shipping_address,
            created_at: summary.created_at,
            items: lines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OrderLine> for OrderItemBody {
    fn from(line: OrderLine) -> Self {
        Self {
            variant_id: line.variant_id,
            vendor_id: line.vendor_id,
            product_name: line.product_name,
            title: line.title,
            sku: line.sku,
            quantity: line.quantity,
            unit_price_minor: line.unit_price_minor,
            line_total_minor: line.line_total_minor,
            fulfillment_status: line.fulfillment_status,
        }
    }
}
