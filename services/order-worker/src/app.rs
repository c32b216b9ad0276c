//! The service as `main` and tests start it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use domain::{
    Pool, PoolSettings,
    payments::{Gateways, QuestionPolicy, verify::Questions},
    queue::{RetryPolicy, Waker, WorkerId},
    readiness::{self, SchemaCheck},
    refunds::RefundTerms,
};
use gateways::{Addresses, Configured};
use service_kit::{
    health::Health,
    server::{Server, Surface},
    settings::Settings,
};
use tokio::task::{JoinHandle, JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;

use crate::{
    context::Context,
    figures, heartbeat,
    held::HeldLeases,
    lanes::{finalize_order, refund_payment, verify_payment},
    metrics::{self, Metrics},
    pools::Pools,
    pulse::Pulse,
    wake_ups::WakeUps,
};

const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8083);
/// NOT_FOUND where eSewa, the only gateway that says so, is off.
const NOT_FOUND_GRACE_DEFAULT: Duration = Duration::from_secs(900);
/// What is left when the grace is over has this long to give its jobs back.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// order-worker, bound and ready to work.
#[derive(Debug)]
pub struct Application {
    server: Server,
    surface: Surface,
    context: Arc<Context>,
    questions: Arc<Questions>,
    listening: PoolSettings,
    pulses: Pulses,
    slots: u32,
    shutdown_grace: Duration,
}

#[derive(Debug, Clone)]
struct Pulses {
    finalize_order: Pulse,
    verify_payment: Pulse,
    refund_payment: Pulse,
}

impl Application {
    /// Builds the service and binds its port; the database may be away. Needs a tokio runtime.
    ///
    /// # Errors
    /// A setting that is missing or cannot be used, named; or a port that is taken.
    pub fn build(settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let metrics = Metrics::new();
        let gateways = Gateways::new(Configured::new(settings.gateways()?, Addresses::default())?.gateways());
        Self::assemble(settings, gateways, metrics, shutdown)
    }

    /// The same with gateways of the caller's: other implementations of the port.
    ///
    /// # Errors
    /// As [`Application::build`].
    pub fn with_gateways(
        settings: &Settings,
        gateways: Gateways,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        Self::assemble(settings, gateways, Metrics::new(), shutdown)
    }

    fn assemble(
        settings: &Settings,
        gateways: Gateways,
        metrics: Metrics,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        let worker = settings.worker()?;
        let pools = Pools::new(&settings.database()?)?;
        let server = Server::bind(&settings.http(DEFAULT_ADDR)?)?;
        let pulses = Pulses {
            finalize_order: Pulse::new(worker.poll_interval),
            verify_payment: Pulse::new(worker.poll_interval),
            refund_payment: Pulse::new(worker.poll_interval),
        };
        metrics::show_pool("control", &pools.control);
        metrics::show_pool("work", &pools.work);
        let questions = Questions { pool: pools.work.clone(), gateways, policy: question_policy(settings)? };
        let surface = Surface::new(health(pools.control.clone(), &pulses));
        let context = Context {
            worker_id: WorkerId::unique("order-worker"),
            control: pools.control,
            work: pools.work,
            schema: SchemaCheck::default(),
            lease: worker.lease,
            poll_interval: worker.poll_interval,
            refund_terms: RefundTerms::of_all_gateways(i32::from(settings.job()?.max_attempts)),
            retry: RetryPolicy { base: settings.job()?.backoff_base },
            held: HeldLeases::default(),
            wake_ups: WakeUps::default(),
            waker: Waker::default(),
            metrics,
            stopping: shutdown,
            grace_is_over: CancellationToken::new(),
        };
        Ok(Self {
            server,
            surface,
            context: Arc::new(context),
            questions: Arc::new(questions),
            listening: pools.listening,
            pulses,
            slots: u32::try_from(worker.concurrency)?,
            shutdown_grace: worker.shutdown_grace,
        })
    }

    /// The port of its health server.
    pub const fn port(&self) -> u16 {
        self.server.addr().port()
    }

    /// Works until the token given to [`Application::build`] is cancelled; then claims nothing more, lets what runs
    /// finish within the grace, and gives back or leaves to the reaper what does not.
    ///
    /// # Errors
    /// The listener fails, or a part of the worker ends that never should.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        // Transactions are driven on one thread: their futures are not made to move between threads.
        LocalSet::new().run_until(self.work()).await
    }

    async fn work(self) -> anyhow::Result<()> {
        let Self { server, surface, context, questions, listening, pulses, slots, shutdown_grace } = self;
        tracing::info!(worker_id = context.worker_id.as_str(), "working");
        // Outlives the lanes: what drains still needs heartbeats, and orchestrators still ask.
        let closing = CancellationToken::new();
        let mut background = JoinSet::new();
        background.spawn_local({
            let (context, stop) = (Arc::clone(&context), closing.clone());
            async move { heartbeat::beat(&context, &stop).await }
        });
        background.spawn_local({
            let (context, stop) = (Arc::clone(&context), closing.clone());
            async move { context.wake_ups.listen(&listening, &stop).await }
        });
        background.spawn_local({
            let (context, stop) = (Arc::clone(&context), closing.clone());
            async move { figures::sample(&context, &stop).await }
        });
        background.spawn_local(context.waker.clone().run(context.control.clone(), closing.clone()));
        let serving = tokio::task::spawn_local(server.run(surface, closing.clone()));
        let lanes = tokio::task::spawn_local({
            let orders = finalize_order::run(Arc::clone(&context), pulses.finalize_order);
            let refunds =
                refund_payment::run(Arc::clone(&context), Arc::clone(&questions), pulses.refund_payment);
            let answers = verify_payment::run(Arc::clone(&context), questions, slots, pulses.verify_payment);
            async { tokio::join!(orders, answers, refunds) }
        });
        let ended = until_drained(&context, lanes, &mut background, shutdown_grace).await;
        closing.cancel();
        serving.await.context("the health server panicked")??;
        while let Some(joined) = background.join_next().await {
            joined.context("a part of the worker panicked")?;
        }
        ended
    }
}

/// Waits for the stop and then for the lanes, at most for the grace and their last writes. Handlers are never
/// aborted: one may be inside a transaction.
async fn until_drained(
    context: &Context,
    mut lanes: JoinHandle<((), (), ())>,
    background: &mut JoinSet<()>,
    grace: Duration,
) -> anyhow::Result<()> {
    tokio::select! {
        ended = &mut lanes => { ended.context("a lane panicked")?; }
        Some(ended) = background.join_next() => bail!("a part of the worker ended by itself: {ended:?}"),
        () = context.stopping.cancelled() => {}
    }
    if lanes.is_finished() {
        return Ok(());
    }
    tracing::info!(jobs = context.held.count(), "finishing what runs");
    if let Ok(ended) = tokio::time::timeout(grace, &mut lanes).await {
        ended.context("a lane panicked")?;
        return Ok(());
    }
    context.grace_is_over.cancel();
    match tokio::time::timeout(LAST_WRITES, &mut lanes).await {
        Ok(ended) => {
            ended.context("a lane panicked")?;
        }
        Err(_elapsed) => tracing::warn!(jobs = context.held.count(), "jobs are left to the reaper"),
    }
    Ok(())
}

fn question_policy(settings: &Settings) -> anyhow::Result<QuestionPolicy> {
    let reconcile = settings.reconcile()?;
    let esewa = settings.gateways()?.esewa;
    Ok(QuestionPolicy {
        first_ages: reconcile.schedule,
        give_up_age: reconcile.give_up,
        not_found_grace: esewa.map_or(NOT_FOUND_GRACE_DEFAULT, |esewa| esewa.not_found_grace),
        job_attempts_max: i32::from(settings.job()?.max_attempts),
    })
}

fn health(pool: Pool, pulses: &Pulses) -> Health {
    let Pulses { finalize_order, verify_payment, refund_payment } = pulses.clone();
    Health::new()
        .probe("database", move || {
            let pool = pool.clone();
            async move { readiness::database(&pool).await.map_err(|problem| problem.to_string()) }
        })
        .probe("finalize_order", move || std::future::ready(finalize_order.check()))
        .probe("verify_payment", move || std::future::ready(verify_payment.check()))
        .probe("refund_payment", move || std::future::ready(refund_payment.check()))
}
