//! Services that nobody asks anything: how soon they are ready, what they hold, what they burn.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::Context;
use pipeline_tests::{Pipeline, PipelineOptions, Program};
use tokio::time::sleep;

use crate::{
    cluster::Cluster,
    machine::Memory,
    report::{Row, Target},
    rounds::Samples,
    say,
};

const SERVICES: [Program; 5] = [
    Program::CheckoutApi,
    Program::PaymentCallback,
    Program::OrderWorker(0),
    Program::StaleJobReaper,
    Program::AdminConsole,
];
/// Long enough for every sweep of the reaper to have its turn.
const WATCHED: Duration = Duration::from_secs(10);
/// Linux counts a process's time in these, on every architecture that this runs on.
const TICKS_PER_SECOND: f64 = 100.0;
const READY_SECONDS_MOST: f64 = 2.0;
const RESIDENT_MIB_MOST: f64 = 30.0;
const PERCENT_OF_A_CORE_MOST: f64 = 1.0;

#[derive(Default)]
struct Cost {
    ready_seconds: Samples,
    resident_mib: Samples,
    percent_of_a_core: Samples,
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("idle").await?;
    let mut pipeline = Pipeline::start(PipelineOptions::new(&url)).await?;
    pipeline.restart(Program::AdminConsole).await?;
    let mut costs = SERVICES.map(|program| (program, Cost::default()));
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: started anew, then {WATCHED:?} of nothing", cluster.rounds));
        for (program, cost) in &mut costs {
            pipeline.terminate(*program).await?;
            let began = Instant::now();
            pipeline.restart(*program).await?;
            cost.ready_seconds.push(began.elapsed().as_secs_f64());
        }
        // The work of starting is not idling.
        sleep(WATCHED).await;
        let mut before = Vec::new();
        for (program, _) in &costs {
            before.push(processor_seconds(pipeline.pid(*program)?)?);
        }
        sleep(WATCHED).await;
        for ((program, cost), before) in costs.iter_mut().zip(before) {
            let pid = pipeline.pid(*program)?;
            let burnt = processor_seconds(pid)? - before;
            cost.percent_of_a_core.push(burnt / WATCHED.as_secs_f64() * 100.0);
            cost.resident_mib.push(Memory::of(pid)?.resident_mib);
        }
    }
    pipeline.stop().await?;
    let rows = costs.into_iter().flat_map(|(program, cost)| {
        let Cost { ready_seconds, resident_mib, percent_of_a_core } = cost;
        [
            Row::new(format!("{program}: from start to ready"), "s", ready_seconds)
                .target(Target::AtMost(READY_SECONDS_MOST)),
            Row::new(format!("{program}: resident while idle"), "MiB", resident_mib)
                .target(Target::AtMost(RESIDENT_MIB_MOST)),
            Row::new(format!("{program}: of a core while idle"), "%", percent_of_a_core)
                .target(Target::AtMost(PERCENT_OF_A_CORE_MOST)),
        ]
    });
    Ok(rows.collect())
}

/// Seconds of a processor that a process has used so far.
fn processor_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let ticks = |index: usize| -> anyhow::Result<f64> {
        Ok(fields.split_whitespace().nth(index).context("no time in stat")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}
