//! The page as a browser uses it, with the real processes under it.

use std::time::{Duration, Instant};

use pipeline_tests::{Pipeline, PipelineOptions, Program, Provider};
use reqwest::StatusCode;
use test_support::{TestDatabase, factories::Shop};

use super::*;

/// Bounds every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody at the page.
struct Visitor {
    page: Breakage,
    http: reqwest::Client,
}

impl Visitor {
    async fn at(pipeline: Pipeline) -> Self {
        let http = pipeline.http().clone();
        Self { page: Breakage::serve(pipeline).await.unwrap(), http }
    }

    async fn text(&self) -> String {
        self.http.get(self.page.url()).send().await.unwrap().text().await.unwrap()
    }

    async fn state(&self, program: &str) -> String {
        let row = format!("data-program=\"{program}\" data-state=\"");
        self.text().await.split_once(&row).unwrap().1.split('"').next().unwrap().to_owned()
    }

    /// The buttons of one process, by the words of their addresses.
    async fn offers(&self, program: &str) -> Vec<String> {
        let (text, form) = (self.text().await, format!("action=\"/break/{program}/"));
        text.split(&form).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }

    async fn press(&self, program: &str, action: &str) -> reqwest::Response {
        self.http.post(format!("{}/{program}/{action}", self.page.url())).send().await.unwrap()
    }
}

#[tokio::test]
async fn what_is_killed_is_shown_as_ended_and_an_order_waits_until_it_is_started_again() {
    let database = TestDatabase::create().await;
    let shop = Shop::open(&database).await;
    let tea = shop.variant(50_000, 5).await;
    let pipeline = Pipeline::start(PipelineOptions::new(database.url())).await.unwrap();
    let shopper = pipeline.shopper("asha").await.unwrap();
    shopper.put_in_cart(&tea, 1).await.unwrap();
    let visitor = Visitor::at(pipeline).await;

    assert_eq!(visitor.offers("order-worker-0").await, ["kill", "freeze"]);
    assert_eq!(visitor.press("order-worker-0", "kill").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(visitor.state("order-worker-0").await, "ended");
    assert_eq!(visitor.offers("order-worker-0").await, ["start"]);
    let again = visitor.press("order-worker-0", "kill").await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(again.text().await.unwrap().contains("order-worker-0 does not run"));

    let checkout = shopper.checkout(Provider::Esewa).await.unwrap();
    assert!(shopper.pay(&checkout).await.unwrap().status.is_success());
    let orders = shop.client.query_one("SELECT count(*) FROM orders", &[]).await.unwrap();
    assert_eq!(orders.get::<_, i64>(0), 0, "nobody is there to make it");
    assert_eq!(visitor.press("order-worker-0", "start").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(visitor.state("order-worker-0").await, "running");
    shopper.await_status(&checkout.payment_intent_id, "confirmed", PATIENCE).await.unwrap();
    assert_eq!(visitor.press("order-worker-0", "start").await.status(), StatusCode::CONFLICT);
    visitor.page.stop().await.unwrap();
    database.assert_no_violations().await;
}

#[tokio::test]
async fn what_is_frozen_answers_again_when_it_goes_on_and_can_be_stopped_while_it_is() {
    let database = TestDatabase::create().await;
    let pipeline = Pipeline::start(PipelineOptions::new(database.url())).await.unwrap();
    let callback = format!("{}/livez", pipeline.callback_url());
    let visitor = Visitor::at(pipeline).await;
    let answers = async || {
        let asked = visitor.http.get(&callback).timeout(Duration::from_millis(300)).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    };
    assert!(answers().await);
    assert_eq!(visitor.press("payment-callback", "freeze").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(visitor.state("payment-callback").await, "frozen");
    assert_eq!(visitor.offers("payment-callback").await, ["go-on", "kill"]);
    // The kernel stops its threads one by one, each when it runs next.
    let began = Instant::now();
    while answers().await {
        assert!(began.elapsed() < PATIENCE, "a frozen process goes on answering");
    }
    assert_eq!(visitor.press("payment-callback", "go-on").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(visitor.state("payment-callback").await, "running");
    let began = Instant::now();
    while !answers().await {
        assert!(began.elapsed() < PATIENCE, "it never answers again");
    }
    // The demo ends in order also while something is frozen.
    visitor.press("payment-callback", "freeze").await;
    visitor.page.stop().await.unwrap();
}

#[tokio::test]
async fn no_other_origin_presses_the_buttons_and_nothing_else_can_be_named() {
    let database = TestDatabase::create().await;
    let pipeline = Pipeline::start(PipelineOptions::new(database.url())).await.unwrap();
    let visitor = Visitor::at(pipeline).await;
    let worker = format!("{}/{}/kill", visitor.page.url(), Program::OrderWorker(0));
    let foreign =
        visitor.http.post(&worker).header("Origin", "https://elsewhere.example").send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert_eq!(visitor.state("order-worker-0").await, "running");
    for (program, action) in [("sandbox", "kill"), ("order-worker-7", "kill"), ("order-worker-0", "erase")] {
        assert_eq!(
            visitor.press(program, action).await.status(),
            StatusCode::NOT_FOUND,
            "{program} {action}"
        );
    }
    let answer = visitor.http.get(visitor.page.url()).send().await.unwrap();
    let policy = answer.headers().get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    visitor.page.stop().await.unwrap();
}
