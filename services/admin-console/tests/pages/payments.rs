use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn a_payment_is_found_and_its_whole_story_told_with_nothing_personal() {
    let server = Server::start().await;
    let intent = server.payment().await;
    let id = intent.payment_intent_id.as_str();
    let callback = "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload)
        VALUES ($1, 'esewa', 'return', 'accepted', 'data=abc&mobile=9800000001')";
    server.shop.client.execute(callback, &[&id]).await.unwrap();
    for known in [id, &intent.gateway_reference] {
        let found = server.get(&format!("/admin/payments?q={known}")).await;
        assert!(found.ok().contains(&format!("href=\"/admin/payments/{id}\"")), "{known}: {}", found.text);
    }
    assert!(server.get("/admin/payments?q=nobody").await.ok().contains("Nothing is known by this name"));
    let page = server.get(&format!("/admin/payments/{id}")).await;
    for told in [
        "The shopper chose to pay through esewa",
        "Rs 500.00",
        "A browser or relay came back",
        "[masked]",
        "Stock moved: reserved",
    ] {
        assert!(page.ok().contains(told), "{told}: {}", page.text);
    }
    let json = server.get(&format!("/admin/api/payments/{id}")).await;
    assert_eq!(json.json()["payment"]["amount_minor"], 50_000);
    for hidden in ["9800000001", "Sita Rai", "Pokhara"] {
        assert!(!page.text.contains(hidden) && !json.text.contains(hidden), "{hidden} is shown");
    }
    server.get("/admin/payments/pi_esewa_nowhere").await.refused(404, "There is no payment pi_esewa_nowhere");
    server.get("/admin/api/payments/pi_esewa_nowhere").await.refused(404, "\"code\":\"not_found\"");
}

#[tokio::test]
async fn verify_again_now_brings_the_question_forward_once_and_is_refused_in_words() {
    let server = Server::start().await;
    let intent = server.payment().await;
    let page = format!("/admin/payments/{}", intent.payment_intent_id);
    let (first, second) = server.press_twice(&page, &format!("{page}/ask"), "Verify again now").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303), "{}", second.text);
    assert_eq!(server.count("SELECT count(*) FROM job_queue WHERE run_at <= now()").await, 1);
    assert_eq!(
        server.count("SELECT count(*) FROM admin_audit_log WHERE action = 'payment_asked_again'").await,
        1
    );
    let asked = "UPDATE payment_intents SET last_asked_at = clock_timestamp() + interval '1 minute'";
    server.shop.client.execute(asked, &[]).await.unwrap();
    let later = "UPDATE job_queue SET run_at = now() + interval '1 hour'";
    server.shop.client.execute(later, &[]).await.unwrap();
    let api = format!("/admin/api/payments/{}/ask", intent.payment_intent_id);
    let refused = server.post(&api, &json!({ "reason": "the shopper called" })).await;
    refused.refused(409, "at least two seconds apart");
}
