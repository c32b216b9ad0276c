use schema::{
    Connection,
    queries::{
        carts::{self, Cart, CartLine},
        payment_intents::create::{SnapshotLine, SnapshotRows},
    },
};

use super::{CreateIntentError, request::Request};

/// What became of the look into the cart.
pub(super) enum Lines {
    /// Every line is for sale at the price the shopper saw.
    Confirmed(Vec<CartLine>),
    /// Lines were given the catalogue's prices; the shopper has to see them first.
    Repriced { cart_version: i64 },
}

/// Compares the cart with what the shopper saw, and its lines with the catalogue.
pub(super) async fn confirm(
    connection: &mut Connection,
    cart: &Cart,
    request: &Request,
) -> Result<Lines, CreateIntentError> {
    let lines = carts::lines(connection, cart.cart_id).await?;
    if lines.is_empty() {
        return Err(CreateIntentError::CartEmpty);
    }
    if cart.version != request.cart_version {
        return Err(CreateIntentError::CartChanged { cart_version: cart.version });
    }
    let is_repriced = |line: &CartLine| line.unit_price_minor != line.catalogue_price_minor;
    if lines.iter().any(is_repriced) && carts::reprice_lines_if_changed(connection, cart.cart_id).await? > 0 {
        let cart_version = carts::grow_version(connection, cart.cart_id).await?;
        return Ok(Lines::Repriced { cart_version });
    }
    let withdrawn = lines.iter().filter(|line| !line.variant_is_active || !line.product_is_active);
    let variant_ids: Vec<String> = withdrawn.map(|line| line.variant_id.clone()).collect();
    if !variant_ids.is_empty() {
        return Err(CreateIntentError::VariantUnavailable { variant_ids });
    }
    Ok(Lines::Confirmed(lines))
}

/// What the lines cost, if the gateway takes so little.
pub(super) fn amount_minor(lines: &[CartLine], request: &Request) -> Result<i64, CreateIntentError> {
    let amount_minor = lines.iter().map(|line| i64::from(line.quantity) * line.unit_price_minor).sum();
    let amount_minor_min = request.provider.amount_minor_min();
    if amount_minor < amount_minor_min {
        return Err(CreateIntentError::AmountBelowMinimum { amount_minor, amount_minor_min });
    }
    Ok(amount_minor)
}

pub(super) fn snapshot_rows(lines: &[CartLine]) -> SnapshotRows {
    let mut rows = SnapshotRows::default();
    append_snapshot_rows(&mut rows, lines);
    rows
}

pub(super) fn append_snapshot_rows(rows: &mut SnapshotRows, lines: &[CartLine]) {
    for line in lines {
        rows.variant_ids.push(line.variant_id.clone());
        rows.vendor_ids.push(line.vendor_id.clone());
        rows.product_names.push(line.product_name.clone());
        rows.titles.push(line.title.clone());
        rows.skus.push(line.sku.clone());
        rows.quantities.push(line.quantity);
        rows.unit_prices_minor.push(line.unit_price_minor);
    }
}

pub(super) fn snapshot_line(line: &CartLine) -> SnapshotLine {
    SnapshotLine {
        variant_id: line.variant_id.clone(),
        sku: line.sku.clone(),
        product_name: line.product_name.clone(),
        title: line.title.clone(),
        quantity: line.quantity,
        unit_price_minor: line.unit_price_minor,
    }
}
