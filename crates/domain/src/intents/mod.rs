//! Sweeps over payment intents that the reaper runs.

mod expire;
mod forget;
mod owe;

pub use expire::{EXPIRED_MAX, expire_due};
pub use forget::{FORGOTTEN_MAX, forget_idempotency_keys};
pub use owe::{Owed, owe_missing_jobs};
