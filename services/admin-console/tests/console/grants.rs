//! The console without an identity provider.

use std::time::Duration;

use domain::grants::GrantedRole;
use reqwest::Method;
use sha2::{Digest, Sha256};

use crate::world::{world, world_with};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_the_console_as_far_as_its_role_goes_and_is_kept_as_a_digest() {
    let world = world_with(&[("ADMIN__AUDIENCE", ""), ("AUTH__JWKS_URL", ""), ("AUTH__ISSUER", "")]).await;
    for (role, word) in [(GrantedRole::Viewer, "viewer"), (GrantedRole::Operator, "operator")] {
        let (_, token) = world.grant(role, HOUR).await;
        let answer = world.stranger().send_form("/admin/session", &[("token", &token)], &[]).await;
        assert_eq!(answer.code, 303, "{}", answer.text);
        let who = world.holding(&token).get("/admin/api/session").await.json();
        assert_eq!((who["operator"].as_str(), who["role"].as_str()), (Some("gita"), Some(word)));
        let digest = Sha256::digest(&token).to_vec();
        let stored = world.database.client().await;
        let found =
            stored.query("SELECT role FROM admin_grants WHERE token_sha256 = $1", &[&digest]).await.unwrap();
        assert_eq!(found[0].get::<_, String>(0), word);
        let audited = "SELECT count(*) FROM admin_audit_log WHERE action = 'granted' AND after->>'role' = $1
                        AND operator = 'root, as a test' AND strpos(admin_audit_log::text, $2) = 0";
        let audited = stored.query_one(audited, &[&word, &token]).await.unwrap();
        assert_eq!(audited.get::<_, i64>(0), 1, "who gave it is written down, the token is not");
    }
    let foreign = world.token_of("hari", "operator").await;
    let answer = world.stranger().send_form("/admin/session", &[("token", &foreign)], &[]).await;
    assert_eq!(answer.code, 401);
    assert!(answer.text.contains("takes grants only"), "{}", answer.text);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_changes_nothing_at_once_and_soon_sees_nothing() {
    let world = world().await;
    let (id, token) = world.grant(GrantedRole::Operator, HOUR).await;
    let (other, _) = world.grant(GrantedRole::Viewer, HOUR).await;
    let browser = world.holding(&token);
    let csrf = browser.get("/admin").await.csrf();
    let operator = world.signed_in("hari", "operator").await;
    assert_eq!(operator.submit(&format!("/admin/grants/{id}/revoke"), &[("reason", "lost")]).await.code, 303);

    let path = format!("/admin/grants/{other}/revoke");
    let refused =
        browser.send_form(&path, &[("reason", "x"), ("csrf", &csrf)], &[("origin", &world.url)]).await;
    assert_eq!(refused.code, 401);
    let left = "SELECT count(*) FROM admin_grants WHERE revoked_at IS NULL";
    assert_eq!(world.figure(left).await, 1, "the other grant stands");
    world.wait_for(&browser, "/admin", |answer| answer.code == 303).await;
    assert_eq!(world.stranger().send_form("/admin/session", &[("token", &token)], &[]).await.code, 401);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_ends_by_itself() {
    let world = world().await;
    let (_, token) = world.grant(GrantedRole::Operator, Duration::from_millis(1500)).await;
    let browser = world.holding(&token);
    world.wait_for(&browser, "/admin", |answer| answer.code == 303).await;
    let answer = world.stranger().send_form("/admin/session", &[("token", &token)], &[]).await;
    assert_eq!(answer.code, 401);
    assert!(answer.text.contains("has ended"), "{}", answer.text);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_with_a_provider_may_refuse_grants() {
    let world = world_with(&[("ADMIN__GRANTS_ACCEPTED", "false")]).await;
    let (_, token) = world.grant(GrantedRole::Operator, HOUR).await;
    let answer = world.stranger().send_form("/admin/session", &[("token", &token)], &[]).await;
    assert_eq!(answer.code, 401);
    assert!(answer.text.contains("accepts no grants"), "{}", answer.text);
    let request = world.stranger().request(Method::GET, "/admin/api/session").bearer_auth(&token);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(world.signed_in("hari", "operator").await.get("/admin").await.code, 200);
    world.finish().await;
}
