//! The one feed behind every stream.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use std::time::Duration;

use domain::{
    PoolSettings,
    client_status::{self, ClientStatus, FeedSettings, PaymentStatus, StatusFeed, Watch},
};
use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Bounds every wait of these tests.
const PATIENCE: Duration = Duration::from_secs(10);

struct Stage {
    database: TestDatabase,
    shop: Shop,
    feed: StatusFeed,
    stop: DropGuard,
}

impl Stage {
    async fn set(poll_interval: Duration) -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let stop = CancellationToken::new();
        let listener = PoolSettings {
            url: database.url().to_owned(),
            role: Some("payment_callback"),
            application_name: "test",
            size_max: 1,
        };
        let settings = FeedSettings { poll_interval, ..FeedSettings::new(listener) };
        let feed = StatusFeed::start(database.pool_as("payment_callback"), settings, stop.clone());
        Self { database, shop, feed, stop: stop.drop_guard() }
    }

    async fn intent(&self) -> Intent {
        let tea = self.shop.variant(10_000, 5).await;
        let cart = self.shop.cart(&[(&tea, 1)]).await;
        self.shop.intent(Provider::Esewa, &cart).await
    }

    /// Waits until the feed hears wake-ups.
    async fn listens(&self) {
        let listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        let listens = async {
            while self.shop.client.query_one(listening, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listens).await.unwrap();
    }

    /// Lets the shopper's browser come back.
    async fn returned(&self, intent: &Intent) {
        let returned =
            "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload)
            VALUES ($1, 'esewa', 'return', 'accepted', '')";
        self.shop.client.execute(returned, &[&intent.payment_intent_id]).await.unwrap();
    }

    async fn notify(&self, told: &str) {
        self.shop.client.execute("SELECT pg_notify('payment_intents', $1)", &[&told]).await.unwrap();
    }

    async fn seen(&self, intent: &Intent) -> PaymentStatus {
        let mut connection = self.database.pool().connection().await.unwrap();
        client_status::get(&mut connection, &intent.payment_intent_id).await.unwrap().unwrap()
    }
}

async fn next(watch: &mut Watch) -> Option<ClientStatus> {
    let changed = tokio::time::timeout(PATIENCE, watch.changed()).await.unwrap();
    changed.map(|status| status.status)
}

#[tokio::test]
async fn a_watcher_that_comes_late_is_told_what_it_missed() {
    let stage = Stage::set(Duration::from_millis(20)).await;
    let intent = stage.intent().await;
    let before = stage.seen(&intent).await;
    let mut first = stage.feed.watch(before.clone()).unwrap();
    stage.shop.verify(&intent).await;
    assert_eq!(next(&mut first).await, Some(ClientStatus::Paid));
    // It read the status before the change and began to watch after everybody else had been told.
    let mut late = stage.feed.watch(before).unwrap();
    assert_eq!(next(&mut late).await, Some(ClientStatus::Paid));
}

#[tokio::test]
async fn a_wake_up_is_heard_long_before_the_next_look() {
    let stage = Stage::set(Duration::from_secs(3600)).await;
    let intent = stage.intent().await;
    stage.listens().await;
    let seen = stage.seen(&intent).await;
    let mut watch = stage.feed.watch(seen).unwrap();
    stage.returned(&intent).await;
    stage.notify("").await;
    assert_eq!(next(&mut watch).await, Some(ClientStatus::Verifying));
    // The looks that connecting and watching cause are over: only a wake-up is left to tell of this one.
    stage.shop.verify(&intent).await;
    stage.notify("").await;
    assert_eq!(next(&mut watch).await, Some(ClientStatus::Paid));
}

#[tokio::test]
async fn a_wake_up_that_names_others_is_no_reason_to_look() {
    let stage = Stage::set(Duration::from_secs(3600)).await;
    let (intent, other) = (stage.intent().await, stage.intent().await);
    stage.listens().await;
    let mut watch = stage.feed.watch(stage.seen(&intent).await).unwrap();
    let mut others = stage.feed.watch(stage.seen(&other).await).unwrap();
    // The looks that connecting and watching cause are over once both were told of something.
    for (intent, watch) in [(&intent, &mut watch), (&other, &mut others)] {
        stage.returned(intent).await;
        stage.notify(&intent.payment_intent_id).await;
        assert_eq!(next(watch).await, Some(ClientStatus::Verifying));
    }
    stage.shop.verify(&intent).await;
    stage.shop.verify(&other).await;
    stage.notify(&other.payment_intent_id).await;
    assert_eq!(next(&mut others).await, Some(ClientStatus::Paid));
    let told = tokio::time::timeout(Duration::from_millis(100), watch.changed()).await;
    assert!(told.is_err(), "a look at one payment was a look at all");
    stage.notify(&format!("pi_of_nobody,{}", intent.payment_intent_id)).await;
    assert_eq!(next(&mut watch).await, Some(ClientStatus::Paid));
}

#[tokio::test]
async fn a_feed_that_stops_tells_its_watchers() {
    let stage = Stage::set(Duration::from_millis(20)).await;
    let intent = stage.intent().await;
    let seen = stage.seen(&intent).await;
    let mut watch = stage.feed.watch(seen).unwrap();
    drop(stage.stop);
    assert_eq!(next(&mut watch).await, None);
}
