//! What the run sells: plenty of most, little of some, and one thing that everybody wants.

use tokio_postgres::Client;

use crate::draw::Draw;

/// Variants of which there is always enough.
const PLENTIFUL: u64 = 40;
/// Variants that sell out.
const SCARCE: u64 = 12;
const SCARCE_STOCK: i32 = 25;
const PLENTIFUL_STOCK: i32 = 1_000_000;
/// Of a hundred lines, how many are of the one hot variant, and how many of a scarce one.
const HOT_PERCENT: u32 = 25;
const SCARCE_PERCENT: u32 = 12;
pub(crate) const HOT: &str = "hot";

/// A line of a cart.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) variant_id: String,
    pub(crate) quantity: u32,
}

pub(crate) fn draw_variant(draw: &mut Draw) -> String {
    if draw.chance(HOT_PERCENT) {
        HOT.to_owned()
    } else if draw.chance(SCARCE_PERCENT) {
        format!("scarce-{}", draw.between(1, SCARCE))
    } else {
        format!("plenty-{}", draw.between(1, PLENTIFUL))
    }
}

/// Fills an empty shop. `hot_stock` is a little less than the run will want.
pub(crate) async fn open(rows: &Client, hot_stock: i32) -> anyhow::Result<()> {
    rows.batch_execute(
        "INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('himal', 'Himal Traders'), ('terai', 'Terai');
         INSERT INTO products (product_id, vendor_id, name) VALUES ('tea', 'himal', 'Tea'), ('rice', 'terai', 'Rice')",
    )
    .await?;
    add(rows, &[HOT.to_owned()], "tea", hot_stock).await?;
    let scarce: Vec<String> = (1..=SCARCE).map(|number| format!("scarce-{number}")).collect();
    add(rows, &scarce, "tea", SCARCE_STOCK).await?;
    let plenty: Vec<String> = (1..=PLENTIFUL).map(|number| format!("plenty-{number}")).collect();
    add(rows, &plenty, "rice", PLENTIFUL_STOCK).await
}

async fn add(rows: &Client, variants: &[String], product_id: &str, available: i32) -> anyhow::Result<()> {
    let make = "WITH made AS (
            INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
            SELECT id, $2, 'sku-' || id, id, 25000 + 100 * place
              FROM unnest($1::text[]) WITH ORDINALITY AS v (id, place))
        INSERT INTO inventory (variant_id, available) SELECT unnest($1::text[]), $3";
    rows.execute(make, &[&variants, &product_id, &available]).await?;
    Ok(())
}
