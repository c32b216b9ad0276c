use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Counts of what happened, by name.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    pub(crate) fn count(&self, what: &str) {
        *self.counts().entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn sum(&self) -> u64 {
        self.counts().values().sum()
    }

    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        self.counts().clone().into_iter().collect()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        // Counting cannot leave the counts half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
