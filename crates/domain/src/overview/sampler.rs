use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use schema::{Error, Pool};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::figures::{Failure, Overview, Period, look_at_right_now, look_at_speed, look_at_surroundings};

/// How often each part is looked at. The dearer, the rarer.
#[derive(Debug, Clone, Copy)]
pub struct SamplerSettings {
    pub right_now_every: Duration,
    pub surroundings_every: Duration,
    pub last_hour_every: Duration,
    pub last_day_every: Duration,
}

impl Default for SamplerSettings {
    fn default() -> Self {
        Self {
            right_now_every: Duration::from_secs(3),
            surroundings_every: Duration::from_secs(10),
            last_hour_every: Duration::from_secs(10),
            last_day_every: Duration::from_secs(60),
        }
    }
}

/// A part that took long is looked at no more often than this many times its own cost.
const COSTS_APART: u32 = 20;
/// The shortest pause between two looks at whether something is due.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// Looks at the shop for everybody: one task a process, whoever watches.
#[derive(Debug, Clone, Default)]
pub struct OverviewSampler {
    latest: Arc<RwLock<Arc<Overview>>>,
}

impl OverviewSampler {
    /// What was sampled last; costs the database nothing.
    pub fn latest(&self) -> Arc<Overview> {
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Samples until stopped, each part at its own pace, one after the other on one connection of the pool.
    pub async fn run(
        self,
        pool: Pool,
        settings: SamplerSettings,
        stop: CancellationToken,
        sampled: impl Fn(&Overview),
    ) {
        let mut parts = Part::all(settings);
        loop {
            for part in &mut parts {
                let began = Instant::now();
                if part.due_at > began {
                    continue;
                }
                let outcome = self.look(&pool, part.what).await;
                let cost = began.elapsed();
                part.due_at = began + part.every.max(cost.saturating_mul(COSTS_APART));
                self.keep(part.what, outcome);
                sampled(&self.latest());
            }
            let next = parts.iter().map(|part| part.due_at).min().unwrap_or_else(Instant::now);
            let pause = next.saturating_duration_since(Instant::now()).max(PAUSE_MIN);
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    async fn look(&self, pool: &Pool, what: What) -> Result<Overview, Error> {
        let mut connection = pool.connection().await?;
        let mut overview = Overview::clone(&self.latest());
        match what {
            What::RightNow => overview.right_now = Some(look_at_right_now(&mut connection).await?),
            What::Surroundings => overview.surroundings = Some(look_at_surroundings(&mut connection).await?),
            What::LastHour => {
                overview.last_hour = Some(look_at_speed(&mut connection, Period::LastHour).await?);
            }
            What::LastDay => overview.last_day = Some(look_at_speed(&mut connection, Period::LastDay).await?),
        }
        Ok(overview)
    }

    /// Figures that could not be taken anew stay, with the reason beside them; it is logged once.
    fn keep(&self, what: What, outcome: Result<Overview, Error>) {
        let mut overview = match &outcome {
            Ok(fresh) => Overview::clone(fresh),
            Err(_) => Overview::clone(&self.latest()),
        };
        let part = what.name();
        let failed_before = overview.failures.iter().any(|failure| failure.part == part);
        overview.failures.retain(|failure| failure.part != part);
        match outcome {
            Ok(_) if failed_before => tracing::info!(part, "the overview can be sampled again"),
            Ok(_) => {}
            Err(error) => {
                if !failed_before {
                    tracing::warn!(part, %error, "the overview could not be sampled; its figures grow old");
                }
                overview.failures.push(Failure { part, reason: error.to_string() });
            }
        }
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(overview);
    }
}

#[derive(Debug, Clone, Copy)]
enum What {
    RightNow,
    Surroundings,
    LastHour,
    LastDay,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::RightNow => "right now",
            Self::Surroundings => "gateways and tables",
            Self::LastHour => "the last hour",
            Self::LastDay => "the last day",
        }
    }
}

struct Part {
    what: What,
    every: Duration,
    due_at: Instant,
}

impl Part {
    fn all(settings: SamplerSettings) -> [Self; 4] {
        let now = Instant::now();
        let part = |what, every| Self { what, every, due_at: now };
        [
            part(What::RightNow, settings.right_now_every),
            part(What::Surroundings, settings.surroundings_every),
            part(What::LastHour, settings.last_hour_every),
            part(What::LastDay, settings.last_day_every),
        ]
    }
}
