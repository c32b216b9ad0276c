use std::collections::BTreeSet;

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn an_operator_finds_a_failed_job_reads_why_and_retries_it_once() {
    let server = Server::start().await;
    let job = server.job("failed", Some("no shoes in box 7\nat line 2")).await;
    let list = server.get("/admin/jobs?state=failed").await;
    assert!(
        list.ok().contains(&format!("<a href=\"/admin/jobs/{job}\">"))
            && list.text.contains("no shoes in box 7")
    );
    let page = format!("/admin/jobs/{job}");
    assert!(server.get(&page).await.ok().contains("at line 2"));
    let (first, second) = server.press_twice(&page, &format!("{page}/retry"), "Retry").await;
    for answer in [&first, &second] {
        assert_eq!(
            (answer.status.as_u16(), answer.location.as_deref()),
            (303, Some(page.as_str())),
            "{}",
            answer.text
        );
    }
    assert_eq!(server.job_state(job).await, "pending");
    let audited = "SELECT count(*) FROM admin_audit_log WHERE operator = 'hari' AND action = 'job_retried' AND reason = 'because of a test'";
    assert_eq!(server.count(audited).await, 1);
    assert!(server.get(&page).await.ok().contains("because of a test"));
}

#[tokio::test]
async fn a_pending_job_is_run_now_and_cancelled_and_refusals_name_their_rule() {
    let server = Server::start().await;
    let job = server.job("pending", None).await;
    let page = format!("/admin/jobs/{job}");
    assert_eq!(server.press(&page, &format!("{page}/run-now"), "Run now", &[]).await.status.as_u16(), 303);
    assert_eq!(server.press(&page, &format!("{page}/cancel"), "Cancel", &[]).await.status.as_u16(), 303);
    assert_eq!(server.job_state(job).await, "cancelled");
    let order = json!({ "lease_no": 7, "reason": "again" });
    let api = format!("/admin/api/jobs/{job}");
    assert_eq!(server.post(&format!("{api}/cancel"), &order).await.json()["is_repetition"], true);
    server.post(&format!("{api}/retry"), &order).await.refused(409, "only a failed job can be retried");
    let stale = json!({ "lease_no": 6, "reason": "again" });
    server.post(&format!("{api}/cancel"), &stale).await.refused(409, "the job has moved on");
    let reasonless = json!({ "lease_no": 7, "reason": " " });
    server.post(&format!("{api}/cancel"), &reasonless).await.refused(422, "a decision has a reason");
    server.post(&format!("{api}/explode"), &order).await.refused(404, "no such action");
    server.post("/admin/api/jobs/404404/retry", &order).await.refused(404, "There is no job 404404");
}

#[tokio::test]
async fn failures_are_grouped_and_retried_together_with_the_count_that_was_shown() {
    let server = Server::start().await;
    for box_number in 0..3 {
        server.job("failed", Some(&format!("no shoes in box {box_number} \"& more\""))).await;
    }
    let other = server.job("failed", Some("no laces")).await;
    let kinds = server.get("/admin/api/jobs/failures").await.json();
    assert_eq!(kinds["kinds"][0]["count"], 3);
    assert_eq!(kinds["kinds"][0]["error_kind"], "no shoes in box # \"& more\"");
    let failures = server.get("/admin/jobs/failures").await;
    let retry = failures.ok().split("href=\"").find(|link| link.starts_with("/admin/jobs/retry?")).unwrap();
    let retry = retry.split('"').next().unwrap().replace("&#38;", "&");
    let (first, second) = server.press_twice(&retry, "/admin/jobs/retry", "Retry 3 jobs").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303), "{}{}", first.text, second.text);
    assert_eq!(server.count("SELECT count(*) FROM job_queue WHERE status = 'pending'").await, 3);
    assert_eq!(server.count("SELECT count(*) FROM admin_audit_log").await, 3);
    assert_eq!(server.job_state(other).await, "failed");

    let counted = server.get("/admin/api/jobs/retry?error=laces").await.json();
    assert_eq!(counted["count"], 1);
    let order = json!({
        "error": "laces", "count": counted["count"], "counted_at": counted["counted_at"],
        "oldest_id": counted["oldest_id"], "reason": "laces are here",
    });
    assert_eq!(server.post("/admin/api/jobs/retry", &order).await.json()["retried"], 1);
    let repeated = server.post("/admin/api/jobs/retry", &order).await.json();
    assert_eq!((repeated["retried"].clone(), repeated["moved_on"].clone()), (json!(0), json!(1)));
}

#[tokio::test]
async fn pages_of_jobs_walk_all_of_them_once_while_jobs_are_added() {
    let server = Server::start().await;
    let many = "INSERT INTO job_queue (job_type, run_at) SELECT 'sole', now() + n * interval '1 second' FROM generate_series(1, 120) n";
    server.shop.client.execute(many, &[]).await.unwrap();
    for address in ["/admin/jobs?state=pending", "/admin/jobs?type=sole"] {
        let (mut walked, mut next) = (Vec::new(), Some(address.to_owned()));
        while let Some(page) = next {
            let shown = server.get(&page).await;
            let rows = shown.ok().split("<th scope=\"row\"><a href=\"/admin/jobs/").skip(1);
            walked.extend(rows.map(|row| row.split('"').next().unwrap().to_owned()));
            let link = shown.text.split("<a rel=\"next\" href=\"").nth(1);
            next = link.map(|link| link.split('"').next().unwrap().replace("&#38;", "&"));
            server.job("pending", None).await;
            assert!(walked.len() < 300, "the walk does not end");
        }
        let once: BTreeSet<&String> = walked.iter().collect();
        assert_eq!(once.len(), walked.len(), "{address}");
        assert!(walked.len() >= 120, "{address}: {}", walked.len());
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_said_and_wrong_ids_are_pages_that_are_not_there() {
    let server = Server::start().await;
    for (address, status, says) in [
        ("/admin/jobs?state=stuck", 422, "not a known job status"),
        ("/admin/jobs?after=x", 422, "not a cursor"),
        ("/admin/jobs?age_minutes=-1", 422, "age_minutes"),
        ("/admin/jobs?colour=red", 422, "colour"),
        ("/admin/jobs/404404", 404, "There is no job 404404"),
        ("/admin/jobs/x", 404, "There is no such page"),
        ("/admin/jobs/99999999999999999999", 404, "There is no such page"),
    ] {
        let answer = server.get(address).await;
        answer.refused(status, says);
        assert!(answer.text.starts_with("<!doctype html>"), "{address}: {}", answer.text);
    }
}
