use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Bounds every wait for something that has to happen; a busy machine runs browser and pipeline slowly.
pub const SOON: Duration = Duration::from_secs(45);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Returns what the probe finds first.
///
/// # Panics
/// Where it finds nothing within [`SOON`]; the message says what was awaited.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        sleep(LOOK_INTERVAL).await;
    }
}
