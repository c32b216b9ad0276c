//! Vendors, products and variants: listing them for shoppers, putting them in from a file.

use diesel::{
    ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl, Queryable,
    dsl::exists,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    Connection, Error,
    schema::{inventory, product_variants, products, vendor_profiles},
};

/// A product as shoppers browse it.
#[derive(Debug, Clone, Queryable)]
pub struct ListedProduct {
    pub product_id: String,
    pub name: String,
    pub description: String,
    pub image_url: Option<String>,
    pub vendor_id: String,
    pub vendor_display_name: String,
}

/// A variant as shoppers choose it.
#[derive(Debug, Clone, Queryable)]
pub struct ListedVariant {
    pub product_id: String,
    pub variant_id: String,
    pub sku: String,
    pub title: String,
    pub unit_price_minor: i64,
    pub currency: String,
    /// `None` where stock was never counted.
    pub available: Option<i32>,
}

/// Active products that have an active variant, by ascending id, beginning after `after` (empty: at the start).
pub async fn active_products_after(
    connection: &mut Connection,
    after: &str,
    limit: i64,
) -> Result<Vec<ListedProduct>, Error> {
    let has_active_variant = exists(
        product_variants::table
            .filter(product_variants::product_id.eq(products::product_id))
            .filter(product_variants::is_active),
    );
    let rows = products::table
        .inner_join(vendor_profiles::table)
        .filter(products::is_active)
        .filter(products::product_id.gt(after))
        .filter(has_active_variant)
        .order(products::product_id)
        .limit(limit)
        .select((
            products::product_id,
            products::name,
            products::description,
            products::image_url,
            vendor_profiles::vendor_id,
            vendor_profiles::display_name,
        ))
        .load(connection)
        .await?;
    Ok(rows)
}

/// The active variants of these products, by SKU.
pub async fn active_variants_of(
    connection: &mut Connection,
    product_ids: &[String],
) -> Result<Vec<ListedVariant>, Error> {
    let rows = product_variants::table
        .left_join(inventory::table.on(inventory::variant_id.eq(product_variants::variant_id)))
        .filter(product_variants::product_id.eq_any(product_ids))
        .filter(product_variants::is_active)
        .order(product_variants::sku)
        .select((
            product_variants::product_id,
            product_variants::variant_id,
            product_variants::sku,
            product_variants::title,
            product_variants::unit_price_minor,
            product_variants::currency,
            inventory::available.nullable(),
        ))
        .load(connection)
        .await?;
    Ok(rows)
}

/// What a variant costs at this moment, and whether it can be put into a cart.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Offer {
    pub unit_price_minor: i64,
    /// Whether the variant and its product are for sale.
    pub is_active: bool,
    /// Lines that the cart has beside this variant's.
    pub other_lines: i64,
}

statement! {
    OfferToCart<'a> { cart_id: Uuid, variant_id: &'a str } -> (BigInt, Bool, BigInt);
    "SELECT v.unit_price_minor, v.is_active AND p.is_active,
            (SELECT count(*) FROM cart_items ci
              WHERE ci.cart_id = " (cart_id as SqlUuid) " AND ci.variant_id <> v.variant_id)
       FROM product_variants v JOIN products p ON p.product_id = v.product_id
      WHERE v.variant_id = " (variant_id as Text)
}

/// The offer of one variant, if it exists, to whoever holds the cart's row.
pub async fn offer_to_cart(
    connection: &mut Connection,
    cart_id: Uuid,
    variant_id: &str,
) -> Result<Option<Offer>, Error> {
    Ok(OfferToCart { cart_id, variant_id }.get_result(connection).await.optional()?)
}

/// A variant as the catalogue knows it already.
#[derive(Debug, Clone, Queryable)]
pub struct KnownVariant {
    pub variant_id: String,
    pub sku: String,
}

/// Variants that carry one of these SKUs or one of these ids.
pub async fn variants_by_sku_or_id(
    connection: &mut Connection,
    skus: &[String],
    variant_ids: &[String],
) -> Result<Vec<KnownVariant>, Error> {
    use diesel::BoolExpressionMethods;
    let rows = product_variants::table
        .filter(product_variants::sku.eq_any(skus).or(product_variants::variant_id.eq_any(variant_ids)))
        .select((product_variants::variant_id, product_variants::sku))
        .load(connection)
        .await?;
    Ok(rows)
}

/// Rows that a put added, and rows that it changed; equal rows are neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Put {
    pub added: i64,
    pub changed: i64,
}

impl From<(i64, i64)> for Put {
    fn from((added, changed): (i64, i64)) -> Self {
        Self { added, changed }
    }
}

/// Columns of `vendor_profiles`, one entry a row in each.
#[derive(Debug, Default)]
pub struct VendorRows {
    pub vendor_ids: Vec<String>,
    pub display_names: Vec<String>,
}

statement! {
    PutVendors<'a> { rows: &'a VendorRows } -> (BigInt, BigInt);
    "WITH put AS (
         INSERT INTO vendor_profiles (vendor_id, display_name)
         SELECT * FROM unnest(" (rows.vendor_ids as Array<Text>) ", " (rows.display_names as Array<Text>) ")
         ON CONFLICT (vendor_id) DO UPDATE SET display_name = excluded.display_name
          WHERE vendor_profiles.display_name <> excluded.display_name
         RETURNING xmax = 0 AS is_added)
     SELECT count(*) FILTER (WHERE is_added), count(*) FILTER (WHERE NOT is_added) FROM put"
}

/// Adds vendors or changes them to what the rows say.
pub async fn put_vendors(connection: &mut Connection, rows: &VendorRows) -> Result<Put, Error> {
    let counts: (i64, i64) = PutVendors { rows }.get_result(connection).await?;
    Ok(counts.into())
}

/// Columns of `products`, one entry a row in each.
#[derive(Debug, Default)]
pub struct ProductRows {
    pub product_ids: Vec<String>,
    pub vendor_ids: Vec<String>,
    pub names: Vec<String>,
    pub descriptions: Vec<String>,
    pub image_urls: Vec<Option<String>>,
    pub are_active: Vec<bool>,
}

statement! {
    PutProducts<'a> { rows: &'a ProductRows } -> (BigInt, BigInt);
    "WITH put AS (
         INSERT INTO products (product_id, vendor_id, name, description, image_url, is_active)
         SELECT * FROM unnest(" (rows.product_ids as Array<Text>) ", " (rows.vendor_ids as Array<Text>) ", "
                                (rows.names as Array<Text>) ", " (rows.descriptions as Array<Text>) ", "
                                (rows.image_urls as Array<Nullable<Text>>) ", " (rows.are_active as Array<Bool>) ")
         ON CONFLICT (product_id) DO UPDATE
            SET vendor_id = excluded.vendor_id, name = excluded.name, description = excluded.description,
                image_url = excluded.image_url, is_active = excluded.is_active
          WHERE (products.vendor_id, products.name, products.description, products.image_url, products.is_active)
                IS DISTINCT FROM
                (excluded.vendor_id, excluded.name, excluded.description, excluded.image_url, excluded.is_active)
         RETURNING xmax = 0 AS is_added)
     SELECT count(*) FILTER (WHERE is_added), count(*) FILTER (WHERE NOT is_added) FROM put"
}

/// Adds products or changes them to what the rows say. Their vendors exist.
pub async fn put_products(connection: &mut Connection, rows: &ProductRows) -> Result<Put, Error> {
    let counts: (i64, i64) = PutProducts { rows }.get_result(connection).await?;
    Ok(counts.into())
}

/// Columns of `product_variants`, one entry a row in each.
#[derive(Debug, Default)]
pub struct VariantRows {
    pub variant_ids: Vec<String>,
    pub product_ids: Vec<String>,
    pub skus: Vec<String>,
    pub titles: Vec<String>,
    pub unit_prices_minor: Vec<i64>,
    pub are_active: Vec<bool>,
}

statement! {
    PutVariants<'a> { rows: &'a VariantRows } -> (BigInt, BigInt);
    "WITH put AS (
         INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor, is_active)
         SELECT * FROM unnest(" (rows.variant_ids as Array<Text>) ", " (rows.product_ids as Array<Text>) ", "
                                (rows.skus as Array<Text>) ", " (rows.titles as Array<Text>) ", "
                                (rows.unit_prices_minor as Array<BigInt>) ", " (rows.are_active as Array<Bool>) ")
         ON CONFLICT (sku) DO UPDATE
            SET product_id = excluded.product_id, title = excluded.title,
                unit_price_minor = excluded.unit_price_minor, is_active = excluded.is_active
          WHERE (product_variants.product_id, product_variants.title, product_variants.unit_price_minor,
                 product_variants.is_active)
                IS DISTINCT FROM
                (excluded.product_id, excluded.title, excluded.unit_price_minor, excluded.is_active)
         RETURNING xmax = 0 AS is_added)
     SELECT count(*) FILTER (WHERE is_added), count(*) FILTER (WHERE NOT is_added) FROM put"
}

/// Adds variants or changes the one with the same SKU to what its row says; an existing variant keeps its id.
pub async fn put_variants(connection: &mut Connection, rows: &VariantRows) -> Result<Put, Error> {
    let counts: (i64, i64) = PutVariants { rows }.get_result(connection).await?;
    Ok(counts.into())
}
