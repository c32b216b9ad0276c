//! Stock as operators see it.

pub use schema::queries::{order_list::StockMovement, stock_list::StockedVariant};
use schema::{
    Connection, Error,
    queries::{order_list, stock_list},
};

use crate::text::can_be_stored;

/// Variants, and movements of one, on one page at most.
pub const ROWS_PER_PAGE_MAX: u16 = 100;
/// Variants looked at for one page at most; a page that found too few among them says so.
pub const VARIANTS_EXAMINED_MAX: i64 = 20_000;

/// A page of variants; `next_cursor`, the last variant examined, fetches the one after it, if there is one.
#[derive(Debug, Clone)]
pub struct VariantPage {
    pub variants: Vec<StockedVariant>,
    pub next_cursor: Option<String>,
    /// The page ended because `VARIANTS_EXAMINED_MAX` were looked at, not because no more match.
    pub is_cut_short: bool,
}

/// A variant with a page of its movements, newest first; `next_cursor` fetches the page after it.
#[derive(Debug, Clone)]
pub struct VariantFile {
    pub variant: StockedVariant,
    pub movements: Vec<StockMovement>,
    pub next_cursor: Option<i64>,
}

/// Variants in the order of their ids, of which id, sku, name, title or vendor has the text in it.
pub async fn list(
    connection: &mut Connection,
    text: Option<&str>,
    limit: u16,
    cursor: Option<&str>,
) -> Result<VariantPage, Error> {
    let limit = limit.clamp(1, ROWS_PER_PAGE_MAX);
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if ![text, cursor].into_iter().flatten().all(can_be_stored) {
        return Ok(VariantPage { variants: Vec::new(), next_cursor: None, is_cut_short: false });
    }
    let after_id = cursor.unwrap_or_default();
    let bounds = (VARIANTS_EXAMINED_MAX, i64::from(limit) + 1);
    let mut variants = stock_list::after(connection, after_id, text, bounds).await?;
    if variants.len() > usize::from(limit) {
        variants.truncate(usize::from(limit));
        let next_cursor = variants.last().map(|last| last.variant_id.clone());
        return Ok(VariantPage { variants, next_cursor, is_cut_short: false });
    }
    let next_cursor = stock_list::end_of_walk_after(connection, after_id, VARIANTS_EXAMINED_MAX).await?;
    Ok(VariantPage { variants, is_cut_short: next_cursor.is_some(), next_cursor })
}

/// One variant with its movements before a place; `None`: there is none of this id.
pub async fn open_file(
    connection: &mut Connection,
    variant_id: &str,
    limit: u16,
    cursor: Option<i64>,
) -> Result<Option<VariantFile>, Error> {
    if !can_be_stored(variant_id) {
        return Ok(None);
    }
    let limit = limit.clamp(1, ROWS_PER_PAGE_MAX);
    let Some(variant) = stock_list::find(connection, variant_id).await? else { return Ok(None) };
    let before_id = cursor.unwrap_or(i64::MAX);
    let mut movements =
        order_list::movements_of_variant_before(connection, variant_id, before_id, i64::from(limit) + 1)
            .await?;
    let has_more = movements.len() > usize::from(limit);
    movements.truncate(usize::from(limit));
    let next_cursor = movements.last().filter(|_| has_more).map(|last| last.id);
    Ok(Some(VariantFile { variant, movements, next_cursor }))
}
