use std::time::Duration;

use anyhow::Context;

/// Waits of one lap, in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    pub(crate) fn add(&mut self, waited: Duration) {
        self.0.push(waited.as_secs_f64() * 1_000.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest wait that at least this percentage of all did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> anyhow::Result<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().context("nothing was measured")
    }
}

impl Extend<Duration> for Latencies {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, waits: T) {
        waits.into_iter().for_each(|wait| self.add(wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_waits_that_happened() {
        let mut latencies = Latencies::default();
        latencies.extend((1..=200).rev().map(Duration::from_millis));
        assert_eq!(latencies.percentile(50).unwrap(), 100.0);
        assert_eq!(latencies.percentile(99).unwrap(), 198.0);
        assert_eq!(latencies.percentile(100).unwrap(), 200.0);
        assert!(Latencies::default().percentile(50).is_err());
    }
}
