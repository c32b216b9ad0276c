//! Every replica of every service restarted in turn, under shoppers who do not stop buying.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pipeline_tests::{Checkout, Program, Provider, Shopper};
use reqwest::{Client, Method, RequestBuilder, Response, header};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{SOON, World};

const SHOPPERS: usize = 4;
const STATUS_POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Of two replicas.
const NOBODY: usize = 2;
/// What `preStop` of the manifests is: between the word that a replica leaves and its SIGTERM, so that whoever has chosen
/// it has also reached it.
const PRE_STOP: Duration = Duration::from_millis(300);
const RESTARTED: [Program; 5] = [
    Program::CheckoutApi,
    Program::PaymentCallback,
    Program::OrderWorker(0),
    Program::StaleJobReaper,
    Program::AdminConsole,
];

/// Both replicas of one service, as an ingress knows them: no request begins at one that is leaving, and whoever refuses
/// the connection is passed over.
#[derive(Clone)]
struct Replicas {
    urls: [String; 2],
    next: Arc<AtomicUsize>,
    leaving: Arc<AtomicUsize>,
}

impl Replicas {
    fn new(urls: [String; 2]) -> Self {
        Self { urls, next: Arc::default(), leaving: Arc::new(AtomicUsize::new(NOBODY)) }
    }

    fn lead_away_from(&self, index: usize) {
        self.leaving.store(index, Ordering::SeqCst);
    }

    /// Sends a request once: only a connection that was never made is tried elsewhere.
    async fn send(&self, request: impl Fn(&str) -> RequestBuilder) -> Response {
        let mut first = self.next.fetch_add(1, Ordering::Relaxed);
        if first % 2 == self.leaving.load(Ordering::SeqCst) {
            first += 1;
        }
        let mut refused = None;
        for index in [first, first + 1] {
            match request(&self.urls[index % 2]).send().await {
                Ok(answer) => {
                    let status = answer.status();
                    assert!(!status.is_server_error(), "{status} from {}", answer.url());
                    return answer;
                }
                Err(error) if error.is_connect() => refused = Some(error),
                Err(error) => panic!("a request was lost: {error:?}"),
            }
        }
        panic!("both replicas refuse: {refused:?}");
    }
}

/// One who buys again and again.
#[derive(Clone)]
struct Regular {
    shopper: Shopper,
    http: Client,
    goods: String,
    checkout: Replicas,
    callback: Replicas,
}

impl Regular {
    /// Buys through whichever replica is there until told to stop; returns how many purchases were confirmed.
    async fn buy_until(self, stop: Arc<AtomicBool>) -> usize {
        let mut confirmed = 0;
        while !stop.load(Ordering::Relaxed) {
            self.buy(Provider::ALL[confirmed % 2]).await;
            confirmed += 1;
        }
        confirmed
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let key = uuid::Uuid::new_v4().to_string();
        let answer = self.checkout.send(|url| {
            let request = self.shopper.clone().at(url).request(method.clone(), path);
            let request = request.header("Idempotency-Key", &key);
            match &body {
                Some(body) => request.json(body),
                None => request,
            }
        });
        let answer = answer.await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn buy(&self, provider: Provider) {
        let line = format!("/api/cart/items/{}", self.goods);
        let cart = self.ask(Method::PUT, &line, Some(json!({ "quantity": 1 }))).await;
        let wanted = json!({
            "provider": provider.word(),
            "cart_version": cart["version"],
            "shipping_address": {
                "full_name": "Asha Gurung", "phone": "9800000000", "line1": "Lakeside 6", "city": "Pokhara",
                "province": "Gandaki", "country": "NP",
            },
        });
        let made = self.ask(Method::POST, "/api/checkout/order-intents", Some(wanted)).await;
        let checkout = Checkout::from_intent(provider, &made).unwrap();
        self.shopper.open_payment_page(&checkout).await.unwrap();
        let redirect = self.shopper.at_gateway(&checkout, "pay").await.unwrap().remove(0);
        let path = redirect.strip_prefix(&self.callback.urls[0]).unwrap();
        let returned = self
            .callback
            .send(|url| self.http.get(format!("{url}{path}")).header(header::ACCEPT, "application/json"));
        assert!(returned.await.status().is_success());
        let path = format!("/api/orders/check-status?payment_intent_id={}", checkout.payment_intent_id);
        let deadline = Instant::now() + SOON;
        loop {
            let told = self.ask(Method::GET, &path, None).await;
            if told["status"] == "confirmed" {
                return;
            }
            assert!(Instant::now() < deadline, "not confirmed: {told}");
            sleep(STATUS_POLL_INTERVAL).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_every_service_under_load_fails_no_purchase() {
    let mut world = World::start_with(&[]).await;
    world.pipeline.restart(Program::AdminConsole).await.unwrap();
    let mut beside = world.pipeline.start_beside().await.unwrap();
    beside.restart(Program::AdminConsole).await.unwrap();
    let url = |pipeline: &pipeline_tests::Pipeline, program| {
        format!("http://{}", pipeline.address(program).unwrap())
    };
    let of = |program| Replicas::new([url(&world.pipeline, program), url(&beside, program)]);
    let (checkout, callback) = (of(Program::CheckoutApi), of(Program::PaymentCallback));
    let stop = Arc::new(AtomicBool::new(false));
    let mut buying = Vec::new();
    for index in 0..SHOPPERS {
        let regular = Regular {
            shopper: world.pipeline.shopper(&format!("regular-{index}")).await.unwrap(),
            http: world.pipeline.http().clone(),
            goods: world.goods.clone(),
            checkout: checkout.clone(),
            callback: callback.clone(),
        };
        buying.push(tokio::spawn(regular.buy_until(Arc::clone(&stop))));
    }
    let began = Instant::now();
    for program in RESTARTED {
        for (index, pipeline) in [&mut world.pipeline, &mut beside].into_iter().enumerate() {
            let replicas = match program {
                Program::CheckoutApi => Some(&checkout),
                Program::PaymentCallback => Some(&callback),
                _ => None,
            };
            if let Some(replicas) = replicas {
                replicas.lead_away_from(index);
                sleep(PRE_STOP).await;
            }
            pipeline.terminate(program).await.unwrap();
            pipeline.restart(program).await.unwrap();
            if let Some(replicas) = replicas {
                replicas.lead_away_from(NOBODY);
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut confirmed = 0;
    for shopper in buying {
        confirmed += shopper.await.unwrap();
    }
    let restarts = RESTARTED.len() * 2;
    println!("{restarts} restarts in {:?}: {confirmed} purchases, every one confirmed", began.elapsed());
    assert!(confirmed > restarts, "only {confirmed} purchases: the restarts met no load");
    beside.stop().await.unwrap();
    world.close().await;
}
