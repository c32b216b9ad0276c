use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{task::JoinSet, time::Instant};

use crate::{plan::Visit, visit, world::World};

/// Shoppers in the shop at a time; most of them think, or wait for something.
const VISITS_MAX: usize = 160;

/// How long shoppers keep coming.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Intents(usize),
    Elapsed(Duration),
}

/// Lets shoppers in until enough intents are made, or for so long, and returns when the last one has left.
///
/// # Errors
/// Where the outside world fails.
pub(crate) async fn shoppers(world: &Arc<World>, until: Until) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut inside = JoinSet::new();
    let mut number = 0;
    loop {
        let is_enough = match until {
            Until::Intents(wanted) => world.told.intents_made() >= wanted,
            Until::Elapsed(limit) => began.elapsed() >= limit,
        };
        while !is_enough && inside.len() < VISITS_MAX {
            let (world, visit) = (Arc::clone(world), Visit::plan(world.seed, number, &world.modes));
            inside.spawn(async move { visit::live(&world, visit).await });
            number += 1;
        }
        match inside.join_next().await {
            Some(left) => left.context("a shopper broke down")??,
            None => return Ok(()),
        }
    }
}
