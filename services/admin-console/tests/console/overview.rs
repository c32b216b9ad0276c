//! The overview's figures against rows that the test knows.

use serde_json::Value;
use test_support::factories::{Provider, Shop};

use crate::world::{World, world};

/// The overview as programs read it, once it is as wanted.
async fn overview(world: &World, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let browser = world.signed_in("hari", "viewer").await;
    world
        .wait_for(&browser, "/admin/api/overview", |answer| answer.code == 200 && is_wanted(&answer.json()))
        .await
        .json()
}

fn card<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!(r#"<li id="card-{id}">"#)).expect("there is no such card");
    rest.split("</li>").next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_counted_by_type_and_state_and_the_oldest_due_one_is_named() {
    let world = world().await;
    let seed = "INSERT INTO job_queue (job_type, status, run_at, priority, completed_at, failed_at, locked_by, locked_until)
        SELECT t, s, now() + due * interval '1 second', priority, CASE WHEN s = 'completed' THEN now() END,
               CASE WHEN s = 'failed' THEN now() END, CASE WHEN s = 'processing' THEN 'worker' END,
               CASE WHEN s = 'processing' THEN now() + interval '1 hour' END
          FROM (VALUES ('verify_payment', 'pending', 5, 3600, 100), ('verify_payment', 'pending', 2, -40, 100),
                       ('finalize_order', 'pending', 1, -90, 200), ('finalize_order', 'pending', 1, -5, 10),
                       ('finalize_order', 'failed', 3, 0, 10), ('refund_payment', 'processing', 2, 0, 10),
                       ('refund_payment', 'completed', 4, 0, 10), ('refund_payment', 'cancelled', 1, 0, 10))
               AS seed (t, s, n, due, priority), generate_series(1, n)";
    world.database.client().await.batch_execute(seed).await.unwrap();
    let told =
        overview(&world, |told| told["right_now"]["figures"]["jobs"]["unfinished"][0].is_object()).await;
    let jobs = &told["right_now"]["figures"]["jobs"];
    let of = |status: &str, job_type: &str| {
        let rows = jobs["unfinished"].as_array().unwrap();
        let row = rows.iter().find(|row| row["status"] == status && row["job_type"] == job_type).unwrap();
        (row["count"].as_i64().unwrap(), row["due"].as_i64().unwrap())
    };
    assert_eq!(of("pending", "verify_payment"), (7, 2));
    assert_eq!(of("pending", "finalize_order"), (2, 2));
    assert_eq!((of("failed", "finalize_order").0, of("processing", "refund_payment").0), (3, 2));
    let oldest = &jobs["oldest_due"];
    assert_eq!(oldest["job_type"], "finalize_order");
    assert!(oldest["age_seconds"].as_f64().unwrap() >= 90.0, "{oldest}");

    let browser = world.signed_in("hari", "viewer").await;
    overview(&world, |told| told["surroundings"]["figures"]["finished"][0].is_object()).await;
    let page = browser.get("/admin").await.text;
    assert!(
        card(&page, "oldest-due").contains("1 min") && card(&page, "oldest-due").contains("finalize_order")
    );
    assert!(
        card(&page, "failed-jobs").contains(r#"<p class="figure bad">3</p>"#),
        "{}",
        card(&page, "failed-jobs")
    );
    let (_, refunds) = page.split_once(r#"<th scope="row">refund_payment</th>"#).unwrap();
    let figures: Vec<&str> = refunds.split("</tr>").next().unwrap().split("</td>").collect();
    let figures: Vec<&str> =
        figures.iter().filter_map(|cell| cell.rsplit('>').next()).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(
        figures,
        ["0", "0", "2", "0", "4", "1"],
        "due, later, processing, failed, completed, cancelled"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_without_an_outcome_is_summed_until_it_has_one() {
    let world = world().await;
    let shop = Shop::open(&world.database).await;
    let variant = shop.variant(50_000, 10).await;
    let mut intents = Vec::new();
    for _ in 0..3 {
        let cart = shop.cart(&[(&variant, 2)]).await;
        let intent = shop.intent(Provider::Esewa, &cart).await;
        shop.verify(&intent).await;
        intents.push(intent);
    }
    let review = "WITH moved AS (UPDATE payment_intents SET status = 'under_review', status_cause = 'x',
                                        reservation = 'released' WHERE payment_intent_id = $1),
                       freed AS (UPDATE inventory SET available = available + 2, reserved = reserved - 2, version = version + 1),
                       noted AS (INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
                                 SELECT variant_id, 2, -2, 0, 'released', $1 FROM inventory)
                  INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'undecided', '[]')";
    shop.client.execute(review, &[&intents[0].payment_intent_id]).await.unwrap();
    let unpaid = shop.intent(Provider::Khalti, &shop.cart(&[(&variant, 1)]).await).await;
    let case =
        "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'unknown_status', '[]')";
    shop.client.execute(case, &[&unpaid.payment_intent_id]).await.unwrap();
    shop.client
        .batch_execute("INSERT INTO invariant_check_results (invariant, subject_kind, subject, detail, cleared_at) VALUES ('books_agree', 'intent', 'pi_x', '<script>alert(1)</script>', NULL), ('books_agree', 'intent', 'pi_y', 'whole again', now()); UPDATE invariant_check_progress SET checked_at = now()")
        .await
        .unwrap();

    let told = overview(&world, |told| told["right_now"]["figures"]["violations"][0].is_object()).await;
    let figures = &told["right_now"]["figures"];
    let sum = |name: &str| {
        let sum = &figures["money"][name];
        (sum["count"].as_i64().unwrap(), sum["amount_minor"].as_i64().unwrap())
    };
    assert_eq!(
        (sum("owed_orders"), sum("under_review"), sum("refunds")),
        ((2, 200_000), (1, 100_000), (0, 0))
    );
    let cases = figures["cases"]["open"].as_array().unwrap();
    let kinds: Vec<&str> = cases.iter().map(|case| case["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["undecided", "unknown_status"]);

    let browser = world.signed_in("hari", "viewer").await;
    let page = browser.get("/admin").await.text;
    let undecided = card(&page, "undecided");
    assert!(undecided.contains("Rs 3,000.00") && undecided.contains("3 payments"), "{undecided}");
    assert!(card(&page, "open-cases").contains(">2</p>") && card(&page, "violations").contains(">1</p>"));
    assert!(page.contains("books_agree") && !page.contains("<script>alert"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_counts_from_the_proof_of_payment_and_answers_are_counted_by_outcome() {
    let world = world().await;
    let shop = Shop::open(&world.database).await;
    let variant = shop.variant(50_000, 100).await;
    let answer = "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause, created_at)
                  VALUES ($1, 'gateway_answered', $2, 'asked', now() - $3::bigint * interval '1 minute')";
    for seconds in 1..=20_i64 {
        let intent = shop.intent(Provider::Khalti, &shop.cart(&[(&variant, 1)]).await).await;
        shop.verify(&intent).await;
        let id = &intent.payment_intent_id;
        let order = "SET session_replication_role = replica;
            UPDATE payment_gateway_verifications SET created_at = now() - {s} * interval '1 second' WHERE payment_intent_id = '{id}';
            INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor,
                                shipping_address, created_at)
            SELECT 'ORD-234567892' || substr('ABCDEFGHJKMNPQRSTVWX', {s}, 1), payment_intent_id, user_id, cart_id, cart_round, amount_minor, amount_minor,
                   '{}', now() FROM payment_intents WHERE payment_intent_id = '{id}';
            SET session_replication_role = DEFAULT";
        let order = order.replace("{s}", &seconds.to_string()).replace("{id}", id);
        shop.client.batch_execute(&order).await.unwrap();
    }
    let asked = shop.intent(Provider::Esewa, &shop.cart(&[(&variant, 1)]).await).await;
    for (outcome, minutes_ago) in [("unknown", 5_i64), ("unknown", 6), ("undecided", 90)] {
        shop.client.execute(answer, &[&asked.payment_intent_id, &outcome, &minutes_ago]).await.unwrap();
    }
    let told = overview(&world, |told| {
        told["last_hour"]["figures"]["whole"]["orders"] == 20
            && told["surroundings"]["figures"]["gateway_answers"]
                .as_array()
                .is_some_and(|rows| rows.len() == 2)
    })
    .await;
    let whole = &told["last_hour"]["figures"]["whole"];
    let quantile = |name: &str| whole[name].as_f64().unwrap();
    assert!((quantile("p50_seconds") - 10.5).abs() < 0.01, "{whole}");
    assert!((quantile("p95_seconds") - 19.05).abs() < 0.01, "{whole}");
    assert!((quantile("p99_seconds") - 19.81).abs() < 0.01, "{whole}");
    let mut connection = world.database.pool_as("admin_console").connection().await.unwrap();
    let day =
        domain::overview::look_at_speed(&mut connection, domain::overview::Period::LastDay).await.unwrap();
    assert_eq!(day.figures.whole.unwrap().orders, 20);
    assert_eq!(day.figures.parts.iter().map(|part| part.orders).sum::<i64>(), 20);
    let answers = &told["surroundings"]["figures"]["gateway_answers"];
    let rows: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["provider"].as_str().unwrap(),
                row["outcome"].as_str().unwrap(),
                row["count"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [("esewa", "unknown", 2), ("khalti", "paid", 20)], "of the last hour");

    let browser = world.signed_in("hari", "viewer").await;
    let page = browser.get("/admin").await.text;
    assert!(card(&page, "paid-to-order").contains("19.1 s"), "{}", card(&page, "paid-to-order"));
    assert_eq!(page.matches("<svg ").count(), 4);
    assert!(page.contains("highest 20"), "the chart says its highest bar");
    assert!(page.contains("As a table") && page.len() < 60 * 1024, "{} bytes", page.len());
    let metrics = world.stranger().get("/metrics").await.text;
    let line = metrics.lines().find(|line| {
        line.starts_with("overview_paid_to_order_seconds{")
            && line.contains(r#"period="hour""#)
            && line.contains(r#"quantile="0.5""#)
    });
    assert!(line.is_some(), "{metrics}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_costs_the_database_nothing_and_goes_on_without_it() {
    let world = world().await;
    let browser = world.signed_in("hari", "viewer").await;
    let page = world.wait_for(&browser, "/admin", |page| page.text.contains(r#"id="tables""#)).await;
    assert!(!page.text.contains("could not be taken anew"));
    let name: String =
        world.database.client().await.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let (server, _) = world.database.url().rsplit_once('/').unwrap();
    let (elsewhere, connection) =
        tokio_postgres::connect(&format!("{server}/postgres"), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    elsewhere.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await.unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    elsewhere.execute(others, &[&name]).await.unwrap();

    let page = world.wait_for(&browser, "/admin", |page| page.text.contains("could not be taken anew")).await;
    assert!(page.code == 200 && page.text.contains(r#"id="tables""#), "the figures of before stay");
    let audit = browser.get("/admin/audit").await;
    assert_eq!((audit.code, audit.header("retry-after")), (503, "2"));
    assert!(audit.text.contains("Load this page again in a few seconds"), "{}", audit.text);

    elsewhere.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await.unwrap();
    world.wait_for(&browser, "/admin", |page| !page.text.contains("could not be taken anew")).await;
    world.finish().await;
}
