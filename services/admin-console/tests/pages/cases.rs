use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn a_case_shows_its_evidence_offers_what_is_legal_and_is_resolved_once() {
    let server = Server::start().await;
    let (intent, case, variant) = server.late_payment().await;
    let list = server.get("/admin/cases").await;
    assert!(
        list.ok().contains(&format!("href=\"/admin/cases/{case}\"")) && list.text.contains("late_payment")
    );
    let page = format!("/admin/cases/{case}");
    let shown = server.get(&page).await;
    for told in [
        "What we expected",
        "What the gateway said",
        "stock is short",
        "Rs 500.00",
        "stock is never negative",
        "no refund call",
    ] {
        assert!(shown.ok().contains(told), "{told}: {}", shown.text);
    }
    assert!(
        shown.text.contains("<button>Dismiss</button>") && !shown.text.contains("<button>Fulfil</button>")
    );

    server.shop.client.execute("SELECT set_stock($1, 1, 'found one')", &[&variant]).await.unwrap();
    let (first, second) = server.press_twice(&page, &format!("{page}/resolve"), "Fulfil").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303), "{}{}", first.text, second.text);
    assert_eq!(server.shop.status(&intent).await, "verified");
    assert_eq!(server.shop.stock(&variant).await, (0, 1, 0));
    assert_eq!(server.count("SELECT count(*) FROM admin_audit_log WHERE action = 'fulfilled'").await, 1);
    let after = server.get(&page).await;
    assert!(after.ok().contains("fulfilled by hari") && !after.text.contains("<button>Fulfil</button>"));
    let dismiss = json!({ "resolution": "dismissed", "reason": "too late" });
    let refused = server.post(&format!("/admin/api/cases/{case}/resolve"), &dismiss).await;
    refused.refused(409, "a case is resolved once: hari resolved it as fulfilled");
    server.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_refund_made_by_hand_is_recorded_with_its_portal_reference_in_rupees() {
    let server = Server::start().await;
    let (intent, case, _) = server.late_payment().await;
    let page = format!("/admin/cases/{case}");
    let (action, verb) = (format!("{page}/resolve"), "Record a refund made by hand");
    let too_much = [("portal_reference", "ESW-1"), ("amount_rupees", "500.01")];
    server.press(&page, &action, verb, &too_much).await.refused(409, "refunds never exceed what was paid");
    let no_amount = [("portal_reference", "ESW-1"), ("amount_rupees", "five hundred")];
    server.press(&page, &action, verb, &no_amount).await.refused(422, "is not an amount in rupees");
    let whole = [("portal_reference", "ESW-1"), ("amount_rupees", "500.00")];
    assert_eq!(server.press(&page, &action, verb, &whole).await.status.as_u16(), 303);
    assert_eq!(server.shop.status(&intent).await, "refunded");
    server.database.assert_no_violations().await;
}

#[tokio::test]
async fn cases_are_filtered_and_paged_and_wrong_ones_are_not_there() {
    let server = Server::start().await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(server.late_payment().await.1);
    }
    let dismiss = json!({ "resolution": "dismissed", "reason": "no such shopper" });
    server.post(&format!("/admin/api/cases/{}/resolve", cases[1]), &dismiss).await.json();
    let ids = |answer: serde_json::Value| -> Vec<i64> {
        answer["cases"].as_array().unwrap().iter().map(|case| case["id"].as_i64().unwrap()).collect()
    };
    let first = server.get("/admin/api/cases?limit=1").await.json();
    assert_eq!(first["next_cursor"], cases[0]);
    assert_eq!(ids(first), [cases[0]]);
    let rest = server.get(&format!("/admin/api/cases?limit=1&after={}", cases[0])).await.json();
    assert_eq!(rest["next_cursor"], serde_json::Value::Null);
    assert_eq!(ids(rest), [cases[2]]);
    for (query, expected) in [
        ("state=resolved", vec![cases[1]]),
        ("state=all", cases.clone()),
        ("kind=late_payment", vec![cases[0], cases[2]]),
        ("kind=reversed", vec![]),
        ("age_hours=1", vec![]),
    ] {
        assert_eq!(ids(server.get(&format!("/admin/api/cases?{query}")).await.json()), expected, "{query}");
    }
    server.get("/admin/cases/404404").await.refused(404, "There is no review case 404404");
    server.get("/admin/cases?kind=bad").await.refused(422, "not a known review case kind");
    let nonsense = json!({ "resolution": "explode", "reason": "x" });
    server
        .post(&format!("/admin/api/cases/{}/resolve", cases[0]), &nonsense)
        .await
        .refused(422, "is one of fulfilled");
    server
        .post("/admin/api/cases/404404/resolve", &dismiss)
        .await
        .refused(404, "There is no review case 404404");
}
