use chrono::{DateTime, Utc};

/// The outside world has a clock of its own, as the real gateways do.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for machines that are not ours and do not share our database's clock"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
