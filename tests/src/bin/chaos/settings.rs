//! Minutes and days of production in seconds of a run.

use std::time::Duration;

/// How long an unpaid intent holds its stock.
pub(crate) const INTENT_TTL: Duration = Duration::from_secs(12);
/// How long a claimed job belongs to a silent worker.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// What every process is told, beside addresses and secrets.
pub(crate) fn of_services() -> [(&'static str, String); 14] {
    [
        ("CHECKOUT__INTENT_TTL_SECONDS", INTENT_TTL.as_secs().to_string()),
        ("WORKER__LEASE_SECONDS", LEASE.as_secs().to_string()),
        ("WORKER__SHUTDOWN_GRACE_SECONDS", "2".to_owned()),
        ("WORKER__POLL_INTERVAL_MS", "500".to_owned()),
        ("REAPER__INTERVAL_SECONDS", "0.5".to_owned()),
        ("RECONCILE__SCHEDULE_SECONDS", "2,4,7,11,16,23,35,60".to_owned()),
        ("RECONCILE__GIVE_UP_SECONDS", "30".to_owned()),
        ("ESEWA__NOT_FOUND_GRACE_SECONDS", "8".to_owned()),
        ("GATEWAY__TIMEOUT_MS", "1000".to_owned()),
        ("JOB__BACKOFF_BASE_MS", "100".to_owned()),
        ("DATABASE__POOL_MAX", "8".to_owned()),
        ("WORKER__CONCURRENCY", "6".to_owned()),
        ("SANDBOX__ESEWA_SESSION_SECONDS", "20".to_owned()),
        ("SANDBOX__KHALTI_LINK_SECONDS", "20".to_owned()),
    ]
}
