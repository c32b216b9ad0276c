use serde::Serialize;

/// What sweeps did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Swept {
    /// Jobs whose lease ran out and that are due again.
    pub(crate) jobs_rescued: usize,
    /// Jobs whose lease ran out too often: quarantined, with a review case.
    pub(crate) jobs_failed: usize,
    pub(crate) intents_expired: usize,
    pub(crate) questions_owed: usize,
    pub(crate) orders_owed: usize,
    pub(crate) refunds_owed: usize,
    pub(crate) jobs_deleted: usize,
    pub(crate) keys_forgotten: usize,
    /// Promises listed as broken since this turn.
    pub(crate) violations_found: usize,
    /// Promises found whole again in this turn.
    pub(crate) violations_cleared: usize,
}

impl Swept {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
