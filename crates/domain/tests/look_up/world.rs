//! A shop with payments and orders, in plain SQL.

use domain::PooledConnection;
use test_support::{
    TestDatabase,
    factories::{Cart, Intent, Provider, Shop},
};

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    pub(crate) console: domain::Pool,
}

/// A payment and what it is for.
pub(crate) struct Sale {
    pub(crate) intent: Intent,
    pub(crate) cart: Cart,
    pub(crate) variant: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let console = database.pool_as("admin_console");
        Self { database, shop, console }
    }

    pub(crate) async fn connection(&self) -> PooledConnection {
        self.console.connection().await.unwrap()
    }

    pub(crate) async fn sale(&self) -> Sale {
        let variant = self.shop.variant(50_000, 3).await;
        let cart = self.shop.cart(&[(&variant, 2)]).await;
        let intent = self.shop.intent(Provider::Esewa, &cart).await;
        Sale { intent, cart, variant }
    }

    /// Makes an order of a payment; returns its number.
    pub(crate) async fn order(&self, sale: &Sale) -> String {
        self.shop.verify(&sale.intent).await;
        let make = "WITH made AS (
                INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor,
                       shipping_address)
                SELECT 'ORD-' || translate(upper(substr(md5(payment_intent_id), 1, 12)), '01', 'XY'), payment_intent_id,
                       user_id, cart_id, cart_round, subtotal_minor, amount_minor, shipping_address
                  FROM payment_intents WHERE payment_intent_id = $1
                RETURNING id, order_number
            ), lines AS (
                INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor,
                       line_total_minor)
                SELECT made.id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor,
                       quantity * unit_price_minor
                  FROM made, payment_intent_items WHERE payment_intent_id = $1
                RETURNING variant_id, quantity
            ), moved AS (
                UPDATE payment_intents SET status = 'completed', status_cause = 'made by a test', reservation = 'settled'
                 WHERE payment_intent_id = $1
            ), sold AS (
                UPDATE inventory i SET reserved = reserved - l.quantity, sold = sold + l.quantity, version = version + 1
                  FROM lines l WHERE l.variant_id = i.variant_id
            ), told AS (
                INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
                SELECT variant_id, 0, -quantity, quantity, 'settled', $1 FROM lines
            ), round AS (
                UPDATE carts SET round = round + 1, version = version + 1 WHERE cart_id = (SELECT cart_id FROM payment_intents WHERE payment_intent_id = $1)
            )
            SELECT order_number FROM made";
        self.shop.client.query_one(make, &[&sale.intent.payment_intent_id]).await.unwrap().get(0)
    }
}
