//! What strangers wrote stays text, wherever it is shown.

use crate::server::Server;

const SCRIPT: &str = "<script>alert(1)</script>";

#[tokio::test]
async fn scripts_in_names_users_errors_and_answers_stay_text_on_every_page() {
    let server = Server::start().await;
    let (intent, case, variant) = server.late_payment().await;
    let id = intent.payment_intent_id.as_str();
    let plant = format!(
        "SET session_replication_role = replica;
         UPDATE products SET name = '{SCRIPT}'; UPDATE vendor_profiles SET display_name = '{SCRIPT}';
         UPDATE product_variants SET title = '{SCRIPT}', sku = '{SCRIPT}';
         UPDATE payment_intents SET user_id = '{SCRIPT}', status_cause = '{SCRIPT}';
         UPDATE carts SET user_id = '{SCRIPT}';
         UPDATE payment_intent_items SET product_name = '{SCRIPT}', title = '{SCRIPT}', sku = '{SCRIPT}';
         UPDATE payment_gateway_verifications SET raw_response = jsonb_build_object('status', '{SCRIPT}'),
                gateway_transaction_id = '{SCRIPT}';
         UPDATE inventory_movements SET reason = '{SCRIPT}';
         UPDATE review_cases SET detail = jsonb_build_array(jsonb_build_object('why', '{SCRIPT}'));
         INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, reason, raw_payload)
         VALUES ('{id}', 'esewa', 'return', 'invalid', '{SCRIPT}', 'data={SCRIPT}');
         INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause, detail)
         VALUES ('{id}', 'gateway_answered', 'unheard_of', '{SCRIPT}', jsonb_build_object('status', '{SCRIPT}'));
         INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, gateway_reply)
         VALUES ('{id}', 1, 'requested', 'x', '{SCRIPT}', '{SCRIPT}');
         INSERT INTO admin_audit_log (operator, action, subject, reason) VALUES ('{SCRIPT}', '{SCRIPT}', '{id}', '{SCRIPT}');
         INSERT INTO job_queue (job_type, payload, status, failed_at, last_error)
         VALUES ('{SCRIPT}', jsonb_build_object('x', '{SCRIPT}'), 'failed', now(), '{SCRIPT}');
         RESET session_replication_role"
    );
    server.shop.client.batch_execute(&plant).await.unwrap();
    let job = server.count("SELECT max(id) FROM job_queue").await;
    let in_query = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for page in [
        "/admin/jobs".to_owned(),
        format!("/admin/jobs?type={in_query}&error={in_query}&kind={in_query}"),
        "/admin/jobs/failures".to_owned(),
        format!("/admin/jobs/retry?error={in_query}&kind={in_query}"),
        format!("/admin/jobs/{job}"),
        format!("/admin/payments?q={in_query}"),
        format!("/admin/payments/{id}"),
        "/admin/cases".to_owned(),
        format!("/admin/cases/{case}"),
        format!("/admin/orders?q={in_query}"),
        format!("/admin/stock?q={in_query}"),
        format!("/admin/stock/{variant}"),
    ] {
        let shown = server.get(&page).await;
        assert!(!shown.ok().contains("<script>alert"), "{page}: {}", shown.text);
        if page != "/admin/cases" {
            assert!(shown.text.contains("&#60;script&#62;"), "{page} does not show it: {}", shown.text);
        }
    }
    server.get(&format!("/admin/orders/{in_query}")).await.refused(404, "There is no");
}
