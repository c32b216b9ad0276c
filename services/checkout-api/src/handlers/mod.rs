//! One file an action: parse, call the use case, map.

pub(crate) mod cart;
pub(crate) mod check_status;
pub(crate) mod order_intents;
pub(crate) mod orders;
pub(crate) mod products;

use service_kit::http::Problem;

use crate::error;

const PAGE_SIZE_DEFAULT: u16 = 50;
const PAGE_SIZE_MAX: u16 = 100;

/// The `limit` of a list.
fn page_size(limit: Option<u16>) -> Result<u16, Problem> {
    match limit.unwrap_or(PAGE_SIZE_DEFAULT) {
        limit @ 1..=PAGE_SIZE_MAX => Ok(limit),
        _ => Err(error::field("limit", &format!("must be 1 to {PAGE_SIZE_MAX}"))),
    }
}
