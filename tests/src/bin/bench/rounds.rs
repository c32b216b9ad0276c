use anyhow::Context;
use serde::Serialize;

/// A run ends the same day.
pub(crate) const ROUNDS_MAX: usize = 9;

/// One figure, once a round.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Smallest, middle and largest; of an even number the lower middle, which was measured.
    pub(crate) fn spread(&self) -> anyhow::Result<Spread> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().context("a figure without a round");
        let last = sorted.len().saturating_sub(1);
        Ok(Spread { min: at(0)?, median: at(last / 2)?, max: at(last)? })
    }

    /// The same figure in another unit.
    pub(crate) fn times(&self, factor: f64) -> Self {
        Self(self.0.iter().map(|value| value * factor).collect())
    }

    /// This figure over another, round by round: what both met of the machine's other work cancels out.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine / theirs).collect())
    }
}

/// Of the rounds of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let (mine, theirs) = (Samples(vec![10.0, 90.0, 30.0]), Samples(vec![10.0, 100.0, 20.0]));
        assert_eq!(mine.over(&theirs).spread().unwrap(), Spread { min: 0.9, median: 1.0, max: 1.5 });
        assert_eq!(mine.spread().unwrap(), Spread { min: 10.0, median: 30.0, max: 90.0 });
        assert!(Samples::default().spread().is_err());
    }
}
