use tokio_postgres::Client;

/// So many that purchases meet on some of them and not on all.
pub(crate) const VARIANTS: u32 = 3_000;
/// Of each variant; more than a run can sell.
const STOCK: u32 = 1_000_000;

const OPEN: &str = "
    INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('himal', 'Himal Traders');
    INSERT INTO products (product_id, vendor_id, name) VALUES ('tea', 'himal', 'Tea');
    INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
        SELECT 'v' || n, 'tea', 'TEA-' || n, '100 g', 25000 + n FROM generate_series(1, {variants}) AS n;
    INSERT INTO inventory (variant_id, available) SELECT variant_id, {stock} FROM product_variants";

/// A shop with variants `v1` to `v3000`, all in stock.
pub(crate) async fn open(observer: &Client) -> anyhow::Result<()> {
    let open = OPEN.replace("{variants}", &VARIANTS.to_string()).replace("{stock}", &STOCK.to_string());
    Ok(observer.batch_execute(&open).await?)
}

/// The variant of a line of the `number`th purchase: the lines of one purchase differ, and so do purchases.
pub(crate) fn variant(number: u32, line: u32) -> String {
    format!("v{}", 1 + (number.wrapping_mul(7_919) + line * 997) % VARIANTS)
}
