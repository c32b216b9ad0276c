use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A lane that says nothing for so long, beyond three polls, is stuck: longer than any statement may run.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// When a lane last claimed, confirmed that nothing is due, or saw all its slots at work.
#[derive(Debug, Clone)]
pub(crate) struct Pulse {
    last: Arc<Mutex<Instant>>,
    silence_max: Duration,
}

impl Pulse {
    pub(crate) fn new(poll_interval: Duration) -> Self {
        let silence_max = SILENCE_MAX + poll_interval.saturating_mul(3);
        Self { last: Arc::new(Mutex::new(Instant::now())), silence_max }
    }

    pub(crate) fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// What a readiness probe asks.
    pub(crate) fn check(&self) -> Result<(), String> {
        let silence = self.last.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if silence <= self.silence_max {
            return Ok(());
        }
        Err(format!("neither claimed nor confirmed empty for {} s", silence.as_secs()))
    }
}
