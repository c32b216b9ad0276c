//! Whole purchases through the real binaries, over HTTP: cart, intent, gateway, callback, order visible to the buyer.

mod buy;
mod footprint;
pub(crate) mod open_loop;
pub(crate) mod rate;
mod replay;
mod told;

pub(crate) use buy::{Bought, buy, next_event, pay};
pub(crate) use told::ensure_told_is_true;
