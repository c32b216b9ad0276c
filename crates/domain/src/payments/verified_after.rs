//! How long a payment waited for its verification, as far as anybody can know.

use std::time::Duration;

use schema::{
    Connection, Error,
    queries::hearsay::{self, Hearsay},
};

/// What tells when a payment was made. No gateway names the time of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeardBy {
    /// The browser came back, or a notification did: the wait began then.
    Callback {
        /// The gateway failed to answer meanwhile.
        gateway_failed: bool,
    },
    /// Nobody came. It was paid at some time after the gateway last said that it was not: the wait was at most that.
    Question,
}

/// A payment's wait from when it was heard of to its verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAfter {
    pub waited: Duration,
    pub heard_by: HeardBy,
}

/// The wait of an intent that has just been verified.
pub(super) async fn verified_after(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<VerifiedAfter, Error> {
    Ok(hearsay::of_intent(connection, payment_intent_id).await?.into())
}

impl From<Hearsay> for VerifiedAfter {
    fn from(heard: Hearsay) -> Self {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        match heard.callback_seconds_ago {
            Some(ago) => Self {
                waited: seconds(ago),
                heard_by: HeardBy::Callback { gateway_failed: heard.gateway_failed },
            },
            None => Self { waited: seconds(heard.unpaid_seconds_ago), heard_by: HeardBy::Question },
        }
    }
}
