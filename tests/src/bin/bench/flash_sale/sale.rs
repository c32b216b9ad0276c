use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use pipeline_tests::{Provider, Shopper};
use reqwest::StatusCode;
use tokio::task::JoinSet;

use super::crowd::CART_VERSION;
use crate::latencies::Latencies;

/// What came of one sale.
pub(super) struct Sale {
    /// Of every answer, the refusals among them.
    pub(super) latencies: Latencies,
    /// Intents that were made.
    pub(super) granted: usize,
    /// Until the last of them.
    pub(super) granted_within: Duration,
}

impl Sale {
    pub(super) fn intents_per_second(&self) -> anyhow::Result<f64> {
        Ok(f64::from(u32::try_from(self.granted)?) / self.granted_within.as_secs_f64())
    }
}

/// Shoppers who have not asked yet.
struct Queue {
    shoppers: Vec<Shopper>,
    next: AtomicUsize,
}

/// One answer to a request for an intent.
struct Answered {
    took: Duration,
    at: Instant,
    is_granted: bool,
}

/// Lets that many clients ask, each with a new shopper every time, until it is told that the stock is gone; or until
/// the shoppers or the time run out.
pub(super) async fn sell(
    shoppers: Vec<Shopper>,
    clients: usize,
    time_max: Option<Duration>,
) -> anyhow::Result<Sale> {
    let queue = Arc::new(Queue { shoppers, next: AtomicUsize::new(0) });
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(ask_in_turn(Arc::clone(&queue), time_max.map(|time_max| began + time_max)));
    }
    let mut sale = Sale { latencies: Latencies::default(), granted: 0, granted_within: Duration::ZERO };
    while let Some(answers) = tasks.join_next().await {
        for Answered { took, at, is_granted } in answers?? {
            sale.latencies.add(took);
            if is_granted {
                sale.granted += 1;
                sale.granted_within = sale.granted_within.max(at - began);
            }
        }
    }
    ensure!(sale.granted > 0, "nobody was sold anything");
    Ok(sale)
}

async fn ask_in_turn(queue: Arc<Queue>, deadline: Option<Instant>) -> anyhow::Result<Vec<Answered>> {
    let mut answers = Vec::new();
    while let Some(shopper) = queue.shoppers.get(queue.next.fetch_add(1, Ordering::Relaxed)) {
        let asked = Instant::now();
        if deadline.is_some_and(|deadline| asked >= deadline) {
            break;
        }
        let answer = shopper
            .ask_for_intent(Provider::Esewa, CART_VERSION, shopper.user_id())
            .await
            .with_context(|| format!("{} waited for {:?}", shopper.user_id(), asked.elapsed()))?;
        let at = Instant::now();
        let is_granted = match (answer.status, answer.code().as_str()) {
            (StatusCode::CREATED, _) => true,
            (StatusCode::CONFLICT, "insufficient_stock") => false,
            (status, _) => bail!("{status} answered: {}", answer.text),
        };
        answers.push(Answered { took: at - asked, at, is_granted });
        if !is_granted {
            break;
        }
    }
    Ok(answers)
}
