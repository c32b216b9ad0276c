//! The audit page.

use std::collections::BTreeSet;

use crate::world::world;

const WRITE: &str = "INSERT INTO admin_audit_log (operator, action, subject, reason, before, after)
    SELECT CASE WHEN i % 2 = 0 THEN 'hari' ELSE 'maya' END, CASE WHEN i % 3 = 0 THEN 'retried' ELSE 'cancelled' END,
           'job ' || i, 'because ' || i, '{\"status\": \"failed\"}', '{\"status\": \"pending\"}'
      FROM generate_series(1, $1::bigint) i";

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_listed_once_however_many_are_written_meanwhile() {
    let world = world().await;
    let client = world.database.client().await;
    client.execute(WRITE, &[&120_i64]).await.unwrap();
    let browser = world.signed_in("hari", "viewer").await;
    let (mut seen, mut before) = (Vec::new(), String::new());
    for _ in 0..10 {
        let page = browser.get(&format!("/admin/api/audit{before}")).await.json();
        seen.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["id"].as_i64().unwrap()));
        client.execute(WRITE, &[&7_i64]).await.unwrap();
        match page["before"].as_i64() {
            Some(id) => before = format!("?before={id}"),
            None => break,
        }
    }
    let distinct: BTreeSet<i64> = seen.iter().copied().collect();
    assert_eq!((seen.len(), distinct.len()), (120, 120));
    assert!(seen.is_sorted_by(|newer, older| newer > older));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_what_and_to_what_can_be_asked_for() {
    let world = world().await;
    world.database.client().await.execute(WRITE, &[&120_i64]).await.unwrap();
    let browser = world.signed_in("hari", "viewer").await;
    let count = async |query: &str| {
        browser.get(&format!("/admin/api/audit?{query}")).await.json()["entries"].as_array().unwrap().len()
    };
    assert_eq!(count("operator=hari").await, 50);
    assert_eq!(count("operator=hari&action=retried").await, 20);
    assert_eq!(count("subject=job+7").await, 1);
    assert_eq!(count("subject=job+7&operator=hari").await, 0);
    assert_eq!(count("operator=%00").await, 0);
    let page = browser.get("/admin/audit?operator=hari&action=&subject=").await;
    assert!(page.text.contains("/admin/audit?operator=hari&#38;before="), "{}", page.text);
    assert!(page.text.contains("failed → pending") && page.text.contains(r#"href="/admin/jobs/120""#));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_stays_text() {
    let world = world().await;
    let script = "<script>alert(1)</script>";
    let write = "INSERT INTO admin_audit_log (operator, action, subject, reason, before, after)
                 VALUES ($1, $1, $1, $1, to_jsonb($1::text), jsonb_build_object($1::text, $1::text))";
    world.database.client().await.execute(write, &[&script]).await.unwrap();
    let browser = world.signed_in(script, "operator").await;
    for path in ["/admin/audit", "/admin/audit?operator=%3Cscript%3Ealert(1)%3C/script%3E", "/admin"] {
        let page = browser.get(path).await;
        assert_eq!(page.code, 200);
        assert!(!page.text.contains(script), "{path}: {}", page.text);
        assert!(page.text.contains("&#60;script&#62;alert(1)"), "{path}");
    }
    world.finish().await;
}
