use anyhow::Context;
use pipeline_tests::{Pipeline, Shopper};
use tokio_postgres::Client;

use crate::sign_in::sign_in;

/// Carts with one unit of a variant each, so that only checkout is left to do.
const CARTS: &str = "
    WITH made AS (INSERT INTO carts (user_id) SELECT $1 || '-' || n FROM generate_series(1, $2::integer) AS n
                  RETURNING cart_id)
    INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor)
        SELECT made.cart_id, v.variant_id, 1, v.unit_price_minor FROM made, product_variants v WHERE v.variant_id = $1";

/// The version of a cart that was just made.
pub(crate) const CART_VERSION: i64 = 1;

/// Puts a variant on sale and returns shoppers, signed in, each with one unit of it in the cart.
pub(crate) async fn gather(
    pipeline: &Pipeline,
    observer: &Client,
    variant_id: &str,
    units: i32,
    shoppers: i32,
) -> anyhow::Result<Vec<Shopper>> {
    let variant =
        "WITH v AS (INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
                              VALUES ($1, 'tea', $1, '100 g', 25000))
                   INSERT INTO inventory (variant_id, available) VALUES ($1, $2)";
    observer.execute(variant, &[&variant_id, &units]).await?;
    observer.execute(CARTS, &[&variant_id, &shoppers]).await?;
    observer
        .batch_execute("ANALYZE carts, cart_items, payment_intents; CHECKPOINT")
        .await
        .context("settling down")?;
    sign_in(pipeline, (1..=shoppers).map(|number| format!("{variant_id}-{number}"))).await
}
