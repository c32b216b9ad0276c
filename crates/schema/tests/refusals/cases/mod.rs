//! Wrong writes, and the constraints that refuse them.

mod carts;
mod catalogue;
mod grants;
mod jobs;
mod orders;
mod payment_intents;
mod payments;
mod stock;

/// A constraint, and statements that it refuses when run against the shop of `shop.sql`.
pub(crate) type Case = (&'static str, &'static str);

/// Every case.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [
        catalogue::CASES,
        stock::CASES,
        carts::CASES,
        payment_intents::CASES,
        payments::CASES,
        orders::CASES,
        jobs::CASES,
        grants::CASES,
    ]
    .into_iter()
    .flatten()
}
