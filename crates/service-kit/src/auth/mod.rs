//! Bearer tokens: who is asking, proven by a signature.
//!
//! The algorithm comes from the settings and the key, never from the token.

mod jwks;
mod operator;
mod shopper;
mod signatures;
mod verified;
mod verifier;

pub use operator::{Operator, OperatorVerifier, Role};
pub use shopper::Shopper;
pub use verifier::{AuthError, Claims, TokenVerifier};
