use std::time::Duration;

use tokio::time::{Instant, interval};
use tokio_postgres::Client;

use crate::{ground::Ground, say, tally::Tally};

const INTERVAL: Duration = Duration::from_secs(5);

const FIGURES: &str = "
    SELECT (SELECT count(*) FROM payment_intents),
           (SELECT count(DISTINCT payment_intent_id) FROM payment_gateway_verifications),
           (SELECT count(*) FROM orders),
           (SELECT count(*) FROM payment_intents WHERE status IN ('refunding', 'refunded')),
           (SELECT count(*) FROM review_cases WHERE status = 'open')";

/// How far the run is.
pub(crate) async fn figures(rows: &Client) -> Result<String, tokio_postgres::Error> {
    let row = rows.query_one(FIGURES, &[]).await?;
    let count = |column: usize| row.get::<_, i64>(column);
    Ok(format!(
        "{} intents, {} paid, {} ordered, {} refunded, {} in review",
        count(0),
        count(1),
        count(2),
        count(3),
        count(4)
    ))
}

/// Prints a line every few seconds, for as long as it is polled.
pub(crate) async fn watch(ground: &Ground, injected: &Tally, began: Instant) -> anyhow::Result<()> {
    let mut rows = ground.connect().await?;
    let mut ticks = interval(INTERVAL);
    loop {
        ticks.tick().await;
        let faults = injected.sum();
        let seconds = began.elapsed().as_secs();
        match figures(&rows).await {
            Ok(figures) => say(&format!("{seconds:>4} s: {figures}; {faults} faults")),
            Err(_) => {
                say(&format!("{seconds:>4} s: Postgres is away; {faults} faults"));
                rows = ground.connect().await?;
            }
        }
    }
}
