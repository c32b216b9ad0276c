use std::time::Duration;

use domain::{
    Connection, Error,
    invariants::{Checked, Finding, Pace, begin_round, check_page, figures},
};

use super::Context;
use crate::swept::Swept;

/// Pages that a look at everything takes at most: 200 million intents.
const WHOLE_PAGES_MAX: u32 = 100_000;
/// How long it waits for another reaper's page, and how often in a row.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
const BUSY_PAUSES_MAX: u32 = 600;

/// Takes turns at the check; another replica's page counts as one's own.
#[derive(Debug, Default)]
pub(crate) struct Check {
    is_continuing: bool,
}

impl Check {
    /// One page; `true`: more has changed than it took.
    pub(super) async fn page(
        &mut self,
        connection: &mut Connection,
        context: &Context,
        swept: &mut Swept,
    ) -> Result<bool, Error> {
        let interval = context.check_interval;
        let pace = if self.is_continuing { Pace::Continued { interval } } else { Pace::Turn { interval } };
        self.is_continuing = false;
        let checked = check_page(connection, pace).await?;
        if let Some(checked) = &checked {
            tell(checked, swept);
            self.is_continuing = checked.may_be_more;
        }
        if !self.is_continuing {
            show(connection, context).await?;
        }
        Ok(self.is_continuing)
    }
}

/// Looks at everything, page after page; returns how many promises are listed as broken.
pub(crate) async fn check_whole(context: &Context, swept: &mut Swept) -> Result<usize, Error> {
    let mut connection = context.pool.connection().await?;
    context.schema.ensure_fits(&mut connection).await?;
    begin_round(&mut connection).await?;
    let (mut round_has_ended, mut pauses) = (false, 0);
    for _ in 0..WHOLE_PAGES_MAX {
        match check_page(&mut connection, Pace::Whole).await? {
            Some(checked) => {
                tell(&checked, swept);
                pauses = 0;
                round_has_ended |= checked.round_has_ended;
                if round_has_ended && !checked.may_be_more && checked.variants_behind == 0 {
                    break;
                }
            }
            None if pauses == BUSY_PAUSES_MAX => {
                return Err(Error::Unavailable("another reaper has been checking for 30 s".to_owned()));
            }
            None => {
                pauses += 1;
                tokio::time::sleep(BUSY_PAUSE).await;
            }
        }
        if context.stopping.is_cancelled() {
            break;
        }
    }
    show(&mut connection, context).await
}

/// Says once what was found broken, and once what was found whole again.
fn tell(checked: &Checked, swept: &mut Swept) {
    for Finding { invariant, subject, detail, is_cleared } in &checked.findings {
        if *is_cleared {
            tracing::info!(invariant, subject, "a broken promise is found whole again");
            swept.violations_cleared += 1;
        } else {
            tracing::error!(invariant, subject, detail, "a promise is broken; nothing heals it by itself");
            swept.violations_found += 1;
        }
    }
    tracing::debug!(
        looked_at = checked.looked_at,
        variants_behind = checked.variants_behind,
        round_has_ended = checked.round_has_ended,
        "invariants were checked"
    );
}

/// Exports what is listed, whoever found it; returns how many there are.
async fn show(connection: &mut Connection, context: &Context) -> Result<usize, Error> {
    let figures = figures(connection).await?;
    context.metrics.checked(&figures);
    Ok(usize::try_from(figures.broken.values().sum::<i64>()).unwrap_or(usize::MAX))
}
