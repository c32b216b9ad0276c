//! When a failed attempt is tried again.

use std::time::Duration;

/// No retry waits longer.
pub const DELAY_MAX: Duration = Duration::from_secs(15 * 60);

/// The pause after attempt number `attempt` (from 1): the base doubled each time, capped, of which `jitter`
/// (0 to 1) decides the second half. Jitter keeps jobs that failed together from coming back together.
pub fn delay(attempt: i32, base: Duration, jitter: f64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(31);
    let full = base.saturating_mul(1 << doublings).min(DELAY_MAX);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_are_capped() {
        let base = Duration::from_secs(1);
        assert_eq!(delay(1, base, 1.0), Duration::from_secs(1));
        assert_eq!(delay(4, base, 1.0), Duration::from_secs(8));
        assert_eq!(delay(4, base, 0.0), Duration::from_secs(4));
        assert_eq!(delay(i32::MAX, base, 1.0), DELAY_MAX);
        assert_eq!(delay(i32::MIN, base, 1.0), base);
    }
}
