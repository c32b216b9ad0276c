use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{plan::Visit, visit, world::World};

/// Shoppers in the shop at a time; most of them think, or wait for something.
const VISITS_MAX: usize = 240;

const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// How long shoppers keep coming.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Intents(usize),
    Elapsed(Duration),
}

/// How long the storm rages on after the door was closed: then those who are still inside are let go in peace.
const STORM_AFTER_CLOSING: Duration = Duration::from_secs(8);

/// Lets shoppers in until enough intents are made, or for so long, and returns when the last one has left. Cancels
/// `storm` soon after the last one came in.
///
/// # Errors
/// Where the outside world fails.
pub(crate) async fn shoppers(
    world: &Arc<World>,
    until: Until,
    storm: &CancellationToken,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut inside = JoinSet::new();
    let mut number = 0;
    let mut closed: Option<Instant> = None;
    loop {
        let is_enough = match until {
            Until::Intents(wanted) => world.told.intents_made() >= wanted,
            Until::Elapsed(limit) => began.elapsed() >= limit,
        };
        if is_enough && closed.get_or_insert_with(Instant::now).elapsed() >= STORM_AFTER_CLOSING {
            storm.cancel();
        }
        while !is_enough && inside.len() < VISITS_MAX {
            let (world, visit) = (Arc::clone(world), Visit::plan(world.seed, number, &world.modes));
            inside.spawn(async move { visit::live(&world, visit).await });
            number += 1;
        }
        match timeout(LOOK_INTERVAL, inside.join_next()).await {
            Ok(Some(left)) => left.context("a shopper broke down")??,
            Ok(None) => break,
            Err(_nobody_left) => {}
        }
    }
    storm.cancel();
    Ok(())
}
