//! One job a transaction over eight connections, with a wake-up after each commit and without: what wakes workers must
//! cost those who enqueue next to nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::queue::Waker;
use futures_util::future::try_join_all;
use schema::{
    Connection,
    notifications::{Channel, Listener},
};
use tokio_postgres::Client;

use super::{no_op::empty_queue, pickup::enqueue};
use crate::{
    cluster::Cluster,
    connections::{running_waker, worker_connections, worker_settings},
    report::{Row, Target},
    rounds::Samples,
    say,
};

const CONNECTIONS: usize = 8;
/// Of one connection in one lap.
const JOBS_EACH: usize = 250;
/// Laps of each kind in one round, in turn, so that the machine's other work meets both.
const LAPS: usize = 5;

const RATIO_LEAST: f64 = 0.95;

pub(crate) async fn run(cluster: &Cluster, url: &str, observer: &Client) -> anyhow::Result<Vec<Row>> {
    let (mut with, mut without) = (Samples::default(), Samples::default());
    for round in 1..=cluster.rounds {
        say(&format!("  wake-ups, round {round} of {}", cluster.rounds));
        let (took_with, took_without) = in_turn(url, observer).await?;
        let jobs = f64::from(u32::try_from(LAPS * CONNECTIONS * JOBS_EACH)?);
        with.push(jobs / took_with.as_secs_f64());
        without.push(jobs / took_without.as_secs_f64());
    }
    Ok(vec![
        Row::new("queue: single enqueues over 8 connections, wake-ups on", "jobs/s", with)
            .beside("wake-ups off", &without)
            .target(Target::RatioAtLeast(RATIO_LEAST)),
    ])
}

/// Laps with wake-ups and laps without, and how long each kind took.
async fn in_turn(url: &str, observer: &Client) -> anyhow::Result<(Duration, Duration)> {
    empty_queue(observer).await?;
    let mut connections = worker_connections(url, CONNECTIONS).await?;
    let (waker, _stop) = running_waker(url)?;
    // The worker on the other side hears and takes nothing: its claims would have to be paid for either way.
    let heard = Arc::new(AtomicU64::new(0));
    let listener = Listener::connect(&worker_settings(url), Channel::JobQueue).await?;
    let worker = tokio::spawn(listen(listener, Arc::clone(&heard)));

    let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
    for number in 0..2 * LAPS {
        // On, off, off, on: neither kind is always the one that follows the other.
        let is_on = matches!(number % 4, 0 | 3);
        let took = lap(&mut connections, number, is_on.then_some(&waker)).await?;
        *(if is_on { &mut with } else { &mut without }) += took;
    }
    worker.abort();
    ensure!(heard.load(Ordering::Relaxed) > 0, "no wake-up was heard: there was nothing to measure");
    let read = "SELECT count(*) FROM job_queue WHERE status = 'pending'";
    let enqueued: i64 = observer.query_one(read, &[]).await?.get(0);
    let wanted = 2 * LAPS * CONNECTIONS * JOBS_EACH;
    ensure!(enqueued == i64::try_from(wanted)?, "{enqueued} jobs are there instead of {wanted}");
    Ok((with, without))
}

async fn listen(mut listener: Listener, heard: Arc<AtomicU64>) {
    // Where it is cut off nothing more is heard.
    while listener.heard().await.is_ok() {
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

async fn lap(connections: &mut [Connection], lap: usize, waker: Option<&Waker>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let lanes = connections
        .iter_mut()
        .enumerate()
        .map(|(lane, connection)| enqueue_in_turn(connection, (lap * CONNECTIONS + lane) * JOBS_EACH, waker));
    try_join_all(lanes).await?;
    Ok(began.elapsed())
}

async fn enqueue_in_turn(
    connection: &mut Connection,
    first: usize,
    waker: Option<&Waker>,
) -> anyhow::Result<()> {
    for number in first..first + JOBS_EACH {
        enqueue(connection, number).await?;
        if let Some(waker) = waker {
            waker.job_enqueued();
        }
    }
    Ok(())
}
