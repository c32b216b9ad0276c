//! What a collector receives of a purchase, and what a purchase notices of a collector that is away.

mod collector;

use std::{
    net::{Ipv4Addr, TcpListener},
    time::{Duration, Instant},
};

use pipeline_tests::{Program, Provider};

use self::collector::{Collector, Received};
use crate::world::{SOON, World, pay, until};

/// Spans leave soon after they end.
const SCHEDULE_DELAY: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "100");
/// From the intent to the order, on a machine that does other things too.
const PURCHASE_MAX: Duration = Duration::from_secs(15);
const CHECKOUT: &str = "POST /api/checkout/order-intents";

/// The spans of one purchase, in the order in which they cause each other.
struct Purchase {
    checkout: Received,
    request: Received,
    callback: Received,
    queued: Received,
    order: Received,
}

/// The purchase of an intent, once all of it has arrived.
fn purchase_of(spans: &[Received], payment_intent_id: &str) -> Option<Purchase> {
    let is_about = |span: &&Received| span.attribute("payment_intent_id") == Some(payment_intent_id);
    let callback = spans.iter().filter(is_about).find(|span| span.is("payment-callback", "callback"))?;
    let order = spans.iter().filter(is_about).find(|span| span.is("order-worker", "finalize_order"))?;
    let find = |wanted: &dyn Fn(&&Received) -> bool| spans.iter().find(wanted).cloned();
    Some(Purchase {
        checkout: find(&|span| span.is("checkout-api", CHECKOUT) && callback.is_child_of(span))?,
        request: find(&|span| span.service == "payment-callback" && span.links_to_trace_of(callback))?,
        queued: find(&|span| span.is("order-worker", "queued") && span.is_child_of(callback))?,
        callback: callback.clone(),
        order: order.clone(),
    })
}

impl Received {
    fn links_to_trace_of(&self, other: &Self) -> bool {
        self.span.trace_id != other.span.trace_id
            && self.span.links.iter().any(|link| link.trace_id == other.span.trace_id)
    }
}

#[tokio::test]
async fn a_purchase_is_one_trace_from_checkout_through_the_callback_and_the_queue_to_the_order() {
    let collector = Collector::start();
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()), SCHEDULE_DELAY];
    let world = World::start_with(&settings).await;
    for provider in Provider::ALL {
        let bought = world.buy(provider).await;
        let what = format!("the spans of a purchase through {provider:?} arrive");
        let Purchase { checkout, request, callback, queued, order } =
            until(&what, async || purchase_of(&collector.spans(), &bought.payment_intent_id)).await;
        assert!(checkout.span.parent_span_id.is_empty(), "{checkout:?}");
        assert!(callback.links_to(&request), "{callback:?}");
        assert!(request.span.name.starts_with("GET /payment/callback/"), "{request:?}");
        assert!(order.is_child_of(&callback), "{order:?}");
        // What was waited in the queue is to be seen between the callback's work and the order's.
        assert!(queued.span.start_time_unix_nano <= queued.span.end_time_unix_nano);
        assert!(queued.span.end_time_unix_nano <= order.span.end_time_unix_nano, "{queued:?} {order:?}");
        assert!(checkout.span.start_time_unix_nano < callback.span.start_time_unix_nano);
        assert!(callback.span.start_time_unix_nano < order.span.start_time_unix_nano);
    }
    let (_, unpaid) = world.checkout(Provider::Esewa).await;
    until("a question that is asked again is a trace of its own, linked to checkout's", async || {
        let spans = collector.spans();
        let is_about = |span: &&Received| {
            span.is("order-worker", "verify_payment")
                && span.attribute("payment_intent_id") == Some(&unpaid.payment_intent_id)
        };
        let questions: Vec<&Received> = spans.iter().filter(is_about).collect();
        let first = questions.iter().find(|span| span.span.links.is_empty())?;
        let checkout = spans.iter().find(|span| first.is_child_of(span))?;
        let again = questions.iter().find(|span| span.links_to_trace_of(first))?;
        (checkout.is("checkout-api", CHECKOUT) && again.span.parent_span_id.is_empty()).then_some(())
    })
    .await;
    world.close().await;
}

#[tokio::test]
async fn a_purchase_whose_worker_died_is_one_trace_across_four_services() {
    let collector = Collector::start();
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()), SCHEDULE_DELAY];
    let mut world = World::start_with(&settings).await;
    world.pipeline.terminate(Program::OrderWorker(0)).await.unwrap();
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    pay(&shopper, &checkout).await;
    // What a worker leaves that dies right after its claim.
    let die_with_it =
        "UPDATE job_queue SET status = 'processing', locked_by = 'died', lease_no = lease_no + 1,
            attempts = attempts + 1, locked_until = now() - interval '1 second', updated_at = now()
        WHERE job_type = 'finalize_order' AND status = 'pending'";
    let client = world.database.client().await;
    until("the callback owes an order", async || {
        (client.execute(die_with_it, &[]).await.unwrap() == 1).then_some(())
    })
    .await;
    world.pipeline.restart(Program::OrderWorker(0)).await.unwrap();
    shopper.await_status(&checkout.payment_intent_id, "confirmed", SOON).await.unwrap();
    until("the order and its rescue are in the trace of the checkout", async || {
        let spans = collector.spans();
        let checkout = spans.iter().find(|span| span.is("checkout-api", CHECKOUT))?;
        let in_trace = |service: &str, name: &str| {
            spans.iter().find(|span| span.is(service, name) && span.span.trace_id == checkout.span.trace_id)
        };
        let callback = in_trace("payment-callback", "callback")?;
        let rescue = in_trace("stale-job-reaper", "rescue")?;
        let order = in_trace("order-worker", "finalize_order")?;
        assert!(rescue.is_child_of(callback) && order.is_child_of(callback), "{rescue:?} {order:?}");
        assert!(rescue.span.end_time_unix_nano <= order.span.start_time_unix_nano, "{rescue:?} {order:?}");
        Some(())
    })
    .await;
    world.close().await;
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_purchase_and_no_orderly_end() {
    // Accepts connections, by the kernel's grace, and never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let black_hole = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in [black_hole.as_str(), "http://127.0.0.1:9"] {
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), SCHEDULE_DELAY];
        let world = World::start_with(&settings).await;
        let mut slowest = Duration::ZERO;
        for index in 0..6 {
            let began = Instant::now();
            world.buy(Provider::ALL[index % 2]).await;
            slowest = slowest.max(began.elapsed());
        }
        println!("collector away ({endpoint}): 6 of 6 purchases confirmed, the slowest after {slowest:?}");
        assert!(slowest < PURCHASE_MAX, "{slowest:?}");
        let began = Instant::now();
        world.close().await;
        println!("  and every service ended within {:?}", began.elapsed());
    }
}
