//! eSewa ePay v2 and Khalti ePayment (KPG-2): wire formats, signatures and HTTP, behind the domain's port.
//!
//! Everything a gateway says becomes one [`Answer`](domain::payments::gateway::Answer); not knowing is one of
//! them, and no odd body, code or time-out is ever read as "not paid". Amounts are read from their literal text,
//! never through a float. What the shopper's browser brings back ([`esewa::Return`], [`khalti::Return`]) is a hint
//! that starts a question, whether it is signed or not.
//!
//! `docs/gateways.md` tells how the two gateways behave and which of it is certain.

mod configured;
mod evidence;
mod http;
mod literals;
mod measured;
mod settings;
mod verifications;

pub mod esewa;
pub mod khalti;

pub use configured::{Addresses, ConfigureError, Configured};
pub use http::{HttpClient, HttpClientError};
pub use settings::SettingsError;
pub use verifications::VerificationFigures;
