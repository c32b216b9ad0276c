//! Viewers see everything and change nothing.

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn a_viewer_sees_every_page_without_a_button_and_is_refused_by_the_api() {
    let server = Server::start().await;
    let (intent, case, _) = server.late_payment().await;
    let failed = server.job("failed", Some("x")).await;
    let pending = server.job("pending", None).await;
    let id = intent.payment_intent_id.as_str();
    for page in [
        "/admin/jobs?state=failed".to_owned(),
        "/admin/jobs/failures".to_owned(),
        "/admin/jobs/retry".to_owned(),
        format!("/admin/jobs/{failed}"),
        format!("/admin/jobs/{pending}"),
        "/admin/payments".to_owned(),
        format!("/admin/payments/{id}"),
        "/admin/cases".to_owned(),
        format!("/admin/cases/{case}"),
        "/admin/orders".to_owned(),
        "/admin/stock".to_owned(),
    ] {
        let shown = server.get_as("viewer", &page).await;
        let posts = shown.ok().matches("method=\"post\"").count();
        assert_eq!(posts, 1, "{page} has more than the button to sign out: {}", shown.text);
        assert!(!shown.text.contains("Retry…") && !shown.text.contains("Retry these"), "{page}");
    }
    let act = json!({ "lease_no": 7, "reason": "x" });
    let many = json!({ "count": 1, "counted_at": "2026-01-01T00:00:00Z", "oldest_id": 0, "reason": "x" });
    let decision = json!({ "resolution": "dismissed", "reason": "x" });
    for (path, body) in [
        (format!("/admin/api/jobs/{failed}/retry"), &act),
        (format!("/admin/api/jobs/{pending}/cancel"), &act),
        (format!("/admin/api/jobs/{pending}/run-now"), &act),
        ("/admin/api/jobs/retry".to_owned(), &many),
        (format!("/admin/api/payments/{id}/ask"), &json!({ "reason": "x" })),
        (format!("/admin/api/cases/{case}/resolve"), &decision),
    ] {
        server.post_as("viewer", &path, body).await.refused(403, "Changes need the role `operator`");
    }
    assert_eq!(server.count("SELECT count(*) FROM admin_audit_log").await, 0);
    assert_eq!(server.job_state(failed).await, "failed");
}
