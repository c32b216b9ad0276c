//! The fault proxy does to connections what it says, before a real Postgres.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking where it did")]

use std::{sync::Arc, time::Duration};

use pipeline_tests::fault_proxy::{ArmedCut, Cut, FaultProxy, Injected, Message, MessageKind, Side, Weather};
use test_support::TestDatabase;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::{Client, NoTls};

const SOON: Duration = Duration::from_secs(30);
const PROBE_INTERVAL: Duration = Duration::from_millis(10);
/// Far above what a statement takes, far below [`SOON`].
const A_WHILE: Duration = Duration::from_millis(300);
const WRITE: &str = "INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ($1, 'Himal')";

struct Bench {
    proxy: FaultProxy,
    database: TestDatabase,
}

impl Bench {
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::before(database.url()).await.unwrap();
        Self { proxy, database }
    }

    async fn client(&self) -> Client {
        let mut config: tokio_postgres::Config = self.proxy.url().parse().unwrap();
        let (client, connection) = config.application_name("bench").connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn arm(
        &self,
        side: Side,
        nth: u64,
        which: impl Fn(&Message) -> bool + Send + Sync + 'static,
    ) -> ArmedCut {
        self.proxy.arm(Cut { which: Arc::new(which), nth, side, again: false })
    }

    async fn rows(&self) -> i64 {
        let client = self.database.client().await;
        client.query_one("SELECT count(*) FROM vendor_profiles", &[]).await.unwrap().get(0)
    }

    /// Returns when the server has let go of everybody who came through the proxy.
    async fn settled(&self) {
        let deadline = Instant::now() + SOON;
        while self.proxy.connections() > 0 {
            assert!(Instant::now() < deadline, "connections are still open after {SOON:?}");
            sleep(PROBE_INTERVAL).await;
        }
    }
}

/// Writes one row in a transaction of three round trips.
async fn write(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN").await?;
    client.execute(WRITE, &[&"in-a-transaction"]).await?;
    client.batch_execute("COMMIT").await
}

#[tokio::test]
async fn a_commit_that_is_cut_before_it_arrives_never_happens() {
    let bench = Bench::new().await;
    let cut = bench.arm(Side::Before, 1, Message::is_commit);
    assert!(write(&bench.client().await).await.unwrap_err().is_closed());
    bench.settled().await;
    assert_eq!(bench.rows().await, 0);
    assert_eq!((cut.counted(), cut.fired()), (1, 1));
    assert_eq!(bench.proxy.injected(), Injected { cuts_before: 1, ..Injected::default() });
}

#[tokio::test]
async fn a_commit_that_is_cut_after_it_arrived_has_happened_though_nobody_is_told() {
    let bench = Bench::new().await;
    let cut = bench.arm(Side::After, 1, Message::is_commit);
    assert!(write(&bench.client().await).await.unwrap_err().is_closed());
    bench.settled().await;
    assert_eq!(bench.rows().await, 1);
    assert_eq!(cut.at().unwrap().application_name.as_ref(), "bench");
    assert_eq!(bench.proxy.injected(), Injected { cuts_after: 1, ..Injected::default() });
}

#[tokio::test]
async fn a_server_that_still_waits_for_a_lock_is_given_its_time() {
    let bench = Bench::new().await;
    let client = bench.client().await;
    let write = client.prepare(WRITE).await.unwrap();
    let holder = bench.database.client().await;
    holder.batch_execute("BEGIN; LOCK TABLE vendor_profiles IN EXCLUSIVE MODE").await.unwrap();
    bench.arm(Side::After, 1, |message| message.executes && message.kind == MessageKind::Sync);
    assert!(client.execute(&write, &[&"waits"]).await.unwrap_err().is_closed());
    assert_eq!(bench.proxy.connections(), 1);
    holder.batch_execute("ROLLBACK").await.unwrap();
    drop((write, client));
    bench.settled().await;
    assert_eq!(bench.rows().await, 1);
}

#[tokio::test]
async fn a_statement_by_itself_is_three_messages_and_happens_with_the_last() {
    for (nth, side, rows) in [
        (1, Side::After, 0),
        (2, Side::After, 0),
        (3, Side::Before, 0),
        (3, Side::After, 1),
        (4, Side::Before, 1),
    ] {
        let bench = Bench::new().await;
        let client = bench.client().await;
        let statement = client.prepare(WRITE).await.unwrap();
        let cut = bench.arm(side, nth, |message| message.executes && message.binds("by-itself"));
        let is_closed =
            client.execute(&statement, &[&"by-itself"]).await.is_err_and(|error| error.is_closed());
        drop((statement, client));
        bench.settled().await;
        assert_eq!((cut.fired(), is_closed), if nth > 3 { (0, false) } else { (1, true) }, "{side:?} {nth}");
        assert_eq!(bench.rows().await, rows, "{side:?} {nth}");
        if nth <= 3 {
            assert_eq!(cut.at().unwrap().sql.as_ref(), WRITE);
        }
    }
}

#[tokio::test]
async fn every_nth_message_can_be_cut_at_and_a_cut_can_be_taken_back() {
    let bench = Bench::new().await;
    let which = Arc::new(Message::is_commit);
    let cut = bench.proxy.arm(Cut { which, nth: 2, side: Side::Before, again: true });
    let commit = async || bench.client().await.batch_execute("COMMIT").await.is_ok();
    assert_eq!([commit().await, commit().await, commit().await, commit().await], [true, false, true, false]);
    bench.proxy.disarm();
    assert_eq!([commit().await, commit().await], [true, true]);
    assert_eq!((cut.counted(), cut.fired()), (4, 2));
}

#[tokio::test]
async fn latency_delays_both_ways() {
    let bench = Bench::new().await;
    let client = bench.client().await;
    let fixed = Duration::from_millis(100);
    bench.proxy.set_weather(Weather::Latency { fixed, jitter: fixed, seed: 7 });
    let asked = Instant::now();
    client.batch_execute("SELECT 1").await.unwrap();
    assert!(asked.elapsed() >= 2 * fixed, "answered after {:?}", asked.elapsed());
    assert!(bench.proxy.injected().delays >= 2);
}

#[tokio::test]
async fn a_black_hole_swallows_until_it_ends() {
    let bench = Bench::new().await;
    let client = bench.client().await;
    bench.proxy.set_weather(Weather::BlackHole);
    let mut write = std::pin::pin!(client.execute(WRITE, &[&"swallowed"]));
    assert!(timeout(A_WHILE, &mut write).await.is_err());
    assert_eq!(bench.rows().await, 0);
    assert!(bench.proxy.injected().held_back >= 1);
    bench.proxy.set_weather(Weather::Clear);
    timeout(SOON, write).await.unwrap().unwrap();
    assert_eq!(bench.rows().await, 1);
}

#[tokio::test]
async fn what_a_black_hole_swallowed_is_lost_with_its_connection() {
    let bench = Bench::new().await;
    let client = bench.client().await;
    bench.proxy.set_weather(Weather::BlackHole);
    let mut write = std::pin::pin!(client.execute(WRITE, &[&"swallowed"]));
    assert!(timeout(A_WHILE, &mut write).await.is_err());
    bench.proxy.reset_connections();
    assert!(timeout(SOON, write).await.unwrap().is_err());
    bench.proxy.set_weather(Weather::Clear);
    bench.client().await.batch_execute("SELECT 1").await.unwrap();
    assert_eq!(bench.rows().await, 0);
    assert_eq!(bench.proxy.injected().resets, 1);
}

#[tokio::test]
async fn a_reset_is_seen_as_one_by_the_client() {
    let bench = Bench::new().await;
    let mut raw = TcpStream::connect(bench.proxy.address()).await.unwrap();
    // SSLRequest, declined by the proxy itself.
    raw.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    let mut answer = [0; 1];
    raw.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"N");
    bench.proxy.reset_connections();
    let ended = timeout(SOON, raw.read(&mut answer)).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}
