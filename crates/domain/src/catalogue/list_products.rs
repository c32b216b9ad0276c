use std::collections::HashMap;

use schema::{Connection, queries::catalogue};

/// A product with its variants, as shoppers browse it.
#[derive(Debug, Clone)]
pub struct Product {
    pub product_id: String,
    pub name: String,
    pub description: String,
    pub image_url: Option<String>,
    pub vendor_id: String,
    pub vendor_display_name: String,
    /// At least one, by SKU.
    pub variants: Vec<Variant>,
}

/// What can be put in a cart.
#[derive(Debug, Clone)]
pub struct Variant {
    pub variant_id: String,
    pub sku: String,
    pub title: String,
    pub unit_price_minor: i64,
    pub currency: String,
    /// Units that can still be reserved.
    pub available: i32,
}

/// A page of products; `next_cursor` fetches the one after it, if there is one.
#[derive(Debug, Clone)]
pub struct ProductPage {
    pub products: Vec<Product>,
    pub next_cursor: Option<String>,
}

/// Lists what is for sale, by product id. The cursor is the id of the last product seen; `limit` is the caller's to
/// bound, and so is that the cursor has the form of an id.
pub async fn list_products(
    connection: &mut Connection,
    limit: u16,
    cursor: Option<&str>,
) -> Result<ProductPage, schema::Error> {
    let one_more = i64::from(limit) + 1;
    let mut rows = catalogue::active_products_after(connection, cursor.unwrap_or(""), one_more).await?;
    let has_more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.product_id.clone());
    let ids: Vec<String> = rows.iter().map(|row| row.product_id.clone()).collect();
    let mut variants: HashMap<String, Vec<Variant>> = HashMap::new();
    for row in catalogue::active_variants_of(connection, &ids).await? {
        variants.entry(row.product_id).or_default().push(Variant {
            variant_id: row.variant_id,
            sku: row.sku,
            title: row.title,
            unit_price_minor: row.unit_price_minor,
            currency: row.currency,
            available: row.available.unwrap_or(0),
        });
    }
    let products = rows
        .into_iter()
        .map(|row| Product {
            variants: variants.remove(&row.product_id).unwrap_or_default(),
            product_id: row.product_id,
            name: row.name,
            description: row.description,
            image_url: row.image_url,
            vendor_id: row.vendor_id,
            vendor_display_name: row.vendor_display_name,
        })
        // Its last variant may have been withdrawn between the two statements.
        .filter(|product| !product.variants.is_empty())
        .collect();
    Ok(ProductPage { products, next_cursor })
}
