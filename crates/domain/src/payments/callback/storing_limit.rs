use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Callbacks of one intent that are stored at once: reloads, double deliveries and relays stay far below.
const BURST_MAX: f64 = 200.0;
/// What is stored of one intent in the long run.
const PER_SECOND: f64 = 0.2;
/// Intents remembered at a time: a few megabytes.
const INTENTS_MAX: usize = 20_000;

/// Bounds how many callbacks of one intent a process stores, so that nobody who has an id fills the table.
#[derive(Debug, Default)]
pub struct StoringLimit {
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    counted_at: Instant,
}

impl Bucket {
    fn refilled(self, now: Instant) -> f64 {
        let quiet = now.saturating_duration_since(self.counted_at).as_secs_f64();
        (self.tokens + quiet * PER_SECOND).min(BURST_MAX)
    }
}

impl StoringLimit {
    /// Admits one more callback of an intent.
    ///
    /// # Errors
    /// How long to wait until the next one is admitted.
    pub(super) fn admit(&self, payment_intent_id: &str, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= INTENTS_MAX && !buckets.contains_key(payment_intent_id) {
            forget_the_quiet(&mut buckets, now);
        }
        let full = Bucket { tokens: BURST_MAX, counted_at: now };
        let bucket = buckets.entry(payment_intent_id.to_owned()).or_insert(full);
        let tokens = bucket.refilled(now);
        if tokens < 1.0 {
            return Err(Duration::try_from_secs_f64((1.0 - tokens) / PER_SECOND).unwrap_or_default());
        }
        *bucket = Bucket { tokens: tokens - 1.0, counted_at: now };
        Ok(())
    }
}

/// A full bucket tells nothing. Where none is full, more intents are at it than memory is worth: all start over.
fn forget_the_quiet(buckets: &mut HashMap<String, Bucket>, now: Instant) {
    buckets.retain(|_, bucket| bucket.refilled(now) < BURST_MAX);
    if buckets.len() >= INTENTS_MAX {
        tracing::warn!(intents = buckets.len(), "the limit on stored callbacks forgets every intent");
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limit: &StoringLimit, id: &str, now: Instant) -> usize {
        (0..1000).filter(|_| limit.admit(id, now).is_ok()).count()
    }

    #[test]
    fn a_burst_is_stored_and_then_a_trickle() {
        let (limit, start) = (StoringLimit::default(), Instant::now());
        assert_eq!(admitted(&limit, "pi_1", start), 200);
        assert_eq!(admitted(&limit, "pi_2", start), 200, "intents do not share their limit");
        assert_eq!(admitted(&limit, "pi_1", start + Duration::from_secs(50)), 10);
    }

    #[test]
    fn memory_is_bounded() {
        let (limit, start) = (StoringLimit::default(), Instant::now());
        for index in 0..=INTENTS_MAX {
            limit.admit(&format!("pi_{index}"), start).unwrap();
        }
        assert!(limit.buckets.lock().unwrap().len() <= INTENTS_MAX);
    }
}
