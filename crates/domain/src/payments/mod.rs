//! Payments: the port to gateways, the questions put to them, and what their answers change.

pub mod ask;
mod ask_again;
pub mod callback;
mod find;
pub mod gateway;
pub mod look_up;
pub mod record_answer;
pub mod schedule;
pub mod status;
pub mod transitions;
mod verified_after;
pub mod verify;

pub use ask::{Gateways, QuestionPolicy};
pub use ask_again::{AskAgainError, AskedAgain, ask_again};
pub use schema::queries::payment_intents::read::IntentUnderQuestion;
pub use verified_after::{HeardBy, VerifiedAfter};
