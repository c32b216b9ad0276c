//! A pipeline of which one service reaches the database through a fault proxy.

use std::time::Duration;

use pipeline_tests::{
    Differences, Pipeline, PipelineOptions, Program, compare_books, fault_proxy::FaultProxy,
};
use test_support::{TestDatabase, factories::Shop};
use tokio::time::{Instant, sleep};

/// Bounds every wait for something that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_millis(10);

/// Jobs run when the test says so, and whoever loses one gets it back in a second.
const SETTINGS: [(&str, &str); 7] = [
    ("RECONCILE__SCHEDULE_SECONDS", "3600"),
    ("WORKER__LEASE_SECONDS", "1"),
    // One question at a time: no claim runs beside the flow's own.
    ("WORKER__CONCURRENCY", "1"),
    ("WORKER__POLL_INTERVAL_MS", "150"),
    ("REAPER__INTERVAL_SECONDS", "0.2"),
    ("GATEWAY__TIMEOUT_MS", "3000"),
    ("JOB__BACKOFF_BASE_MS", "50"),
];

pub(crate) struct Stage {
    pub(crate) proxy: FaultProxy,
    // Dropped before the database: it goes after those who use it.
    pub(crate) pipeline: Pipeline,
    pub(crate) shop: Shop,
    pub(crate) database: TestDatabase,
}

impl Stage {
    /// Starts the pipeline with `suspect` behind the proxy, and with settings beside, or instead of, the usual ones.
    pub(crate) async fn start(suspect: Program, settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::before(database.url()).await.unwrap();
        let options = PipelineOptions::new(database.url()).database_url_of(suspect, proxy.url());
        let options = SETTINGS
            .iter()
            .chain(settings)
            .fold(options, |options, (name, value)| options.setting(name, value));
        let pipeline = Pipeline::start(options).await.unwrap();
        let shop = Shop::open(&database).await;
        let view = "SELECT pg_get_viewdef('invariant_violations')";
        let promises: String = shop.client.query_one(view, &[]).await.unwrap().get(0);
        let without_grace = promises.replace("'00:01:00'", "'00:00:00'");
        assert_ne!(promises, without_grace, "the view has another grace than a minute");
        let make = format!("CREATE TEMP VIEW violations_without_grace AS {without_grace}");
        shop.client.batch_execute(&make).await.unwrap();
        Self { proxy, pipeline, shop, database }
    }

    /// From now on jobs of this type are not due when they are enqueued: see [`Stage::release`].
    pub(crate) async fn hold_new(&self, job_type: &str) {
        let make = format!(
            "CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN NEW.run_at := clock_timestamp() + interval '1 day'; RETURN NEW; END $$;
             CREATE TRIGGER held BEFORE INSERT ON job_queue
                 FOR EACH ROW WHEN (NEW.job_type = '{job_type}') EXECUTE FUNCTION put_off()"
        );
        self.shop.client.batch_execute(&make).await.unwrap();
    }

    /// Makes an intent's pending job due, and does something at the very moment before it is.
    pub(crate) async fn release(&self, job_type: &str, payment_intent_id: &str, just_before: impl FnOnce()) {
        let mut client = self.database.client().await;
        let transaction = client.transaction().await.unwrap();
        let release = "UPDATE job_queue SET run_at = clock_timestamp()
            WHERE idempotency_key = $1 || ':' || $2 AND status = 'pending'";
        let released = transaction.execute(release, &[&job_type, &payment_intent_id]).await.unwrap();
        assert_eq!(released, 1, "{job_type} of {payment_intent_id} is not pending");
        just_before();
        transaction.commit().await.unwrap();
        self.shop.client.batch_execute("SELECT pg_notify('job_queue', '')").await.unwrap();
    }

    /// Moves time for an intent's jobs: what would be due in seconds or hours is due.
    pub(crate) async fn hurry(&self, payment_intent_id: &str) {
        let hurry = "UPDATE job_queue SET run_at = clock_timestamp()
            WHERE payload ->> 'payment_intent_id' = $1 AND status = 'pending' AND run_at > clock_timestamp()";
        self.shop.client.execute(hurry, &[&payment_intent_id]).await.unwrap();
    }

    /// Asserts that every promise is kept, without the minute that some of them allow.
    pub(crate) async fn assert_no_violations(&self) {
        let ask = "SELECT invariant || ' of ' || subject || ': ' || detail FROM violations_without_grace";
        let rows = self.shop.client.query(ask, &[]).await.unwrap();
        let violations: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(violations, Vec::<String>::new());
    }

    /// A value from the database.
    pub(crate) async fn value<T: for<'a> tokio_postgres::types::FromSql<'a>>(
        &self,
        ask: &str,
        of: &str,
    ) -> T {
        self.shop.client.query_one(ask, &[&of]).await.unwrap().get(0)
    }

    /// Ends the flow: the gateways' books agree with ours, payment by payment.
    pub(crate) async fn close(self) {
        let differences = compare_books(&self.shop.client, &self.pipeline.sandbox(), &[]).await.unwrap();
        assert_eq!(differences, Differences::default());
        self.pipeline.stop().await.unwrap();
    }
}

/// Waits, within bounds, until the probe finds something.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        sleep(PROBE_INTERVAL).await;
    }
}
