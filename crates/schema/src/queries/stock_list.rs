//! Stock as operators see it: every variant with its counts.

use diesel::{
    OptionalExtension, Queryable,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::{Connection, Error};

/// A variant and what is left of it. One that was never counted has none of anything.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct StockedVariant {
    pub variant_id: String,
    pub sku: String,
    pub product_id: String,
    pub product_name: String,
    pub title: String,
    pub vendor_id: String,
    pub vendor_name: String,
    pub unit_price_minor: i64,
    /// The variant and its product can be bought.
    pub is_active: bool,
    pub available: i32,
    pub reserved: i32,
    pub sold: i32,
}

type StockedVariantRow = (Text, Text, Text, Text, Text, Text, Text, BigInt, Bool, Integer, Integer, Integer);

macro_rules! variants {
    ($name:ident<$lifetime:lifetime> { $($field:ident: $rust:ty),* } from [$($from:tt)*] $($rest:tt)*) => {
        statement! {
            $name<$lifetime> { $($field: $rust),* } -> StockedVariantRow;
            "SELECT pv.variant_id, pv.sku, p.product_id, p.name, pv.title, v.vendor_id, v.display_name, pv.unit_price_minor, \
                    pv.is_active AND p.is_active, coalesce(i.available, 0), coalesce(i.reserved, 0), coalesce(i.sold, 0) \
               FROM " $($from)* " AS pv JOIN products p USING (product_id) JOIN vendor_profiles v USING (vendor_id) \
               LEFT JOIN inventory i USING (variant_id) " $($rest)*
        }
    };
}

variants!(
    After<'a> { after_id: &'a str, text: Option<&'a str>, examined_max: i64, variants_max: i64 }
    from ["(SELECT q.* FROM product_variants q WHERE q.variant_id > " (after_id as Text) " \
             ORDER BY q.variant_id LIMIT " (examined_max as BigInt) ")"]
    "WHERE (" (text as Nullable<Text>) " IS NULL OR pv.variant_id = " (text as Nullable<Text>) " \
            OR position(lower(" (text as Nullable<Text>) ") IN lower(pv.sku)) > 0 \
            OR position(lower(" (text as Nullable<Text>) ") IN lower(p.name || ' ' || pv.title)) > 0 \
            OR position(lower(" (text as Nullable<Text>) ") IN lower(v.display_name)) > 0) \
     ORDER BY pv.variant_id LIMIT " (variants_max as BigInt)
);

/// Variants after an id in byte order, of which sku, name, title or vendor has a text in it; found among the next
/// `examined_max`.
pub async fn after(
    connection: &mut Connection,
    after_id: &str,
    text: Option<&str>,
    (examined_max, variants_max): (i64, i64),
) -> Result<Vec<StockedVariant>, Error> {
    Ok(After { after_id, text, examined_max, variants_max }.load(connection).await?)
}

statement! {
    EndOfWalk<'a> { after_id: &'a str, examined_max: i64 } -> Text;
    "SELECT q.variant_id FROM product_variants q WHERE q.variant_id > " (after_id as Text) " \
      ORDER BY q.variant_id LIMIT 1 OFFSET " (examined_max as BigInt) " - 1"
}

/// The `examined_max`-th variant after an id; `None`: there are fewer.
pub async fn end_of_walk_after(
    connection: &mut Connection,
    after_id: &str,
    examined_max: i64,
) -> Result<Option<String>, Error> {
    Ok(EndOfWalk { after_id, examined_max }.get_result(connection).await.optional()?)
}

variants!(
    Find<'a> { variant_id: &'a str } from ["product_variants"] "WHERE pv.variant_id = " (variant_id as Text)
);

/// One variant.
pub async fn find(connection: &mut Connection, variant_id: &str) -> Result<Option<StockedVariant>, Error> {
    Ok(Find { variant_id }.get_result(connection).await.optional()?)
}
