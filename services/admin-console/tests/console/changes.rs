//! What it takes to change something. Revoking a grant stands for every action: they all pass the same door.

use std::time::Duration;

use domain::grants::GrantedRole;
use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, World, world};

const AUDITED: &str = "SELECT count(*) FROM admin_audit_log WHERE action = 'revoked'";
const HOUR: Duration = Duration::from_secs(3600);

/// A grant to be revoked, and where.
async fn something_to_change(world: &World) -> String {
    let (id, _) = world.grant(GrantedRole::Viewer, HOUR).await;
    format!("/admin/grants/{id}/revoke")
}

async fn assert_unchanged(world: &World, why: &str) {
    assert_eq!(world.figure(AUDITED).await, 0, "{why}");
    assert_eq!(
        world.figure("SELECT count(*) FROM admin_grants WHERE revoked_at IS NOT NULL").await,
        0,
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_done_once_written_down_and_said_on_the_next_page() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let browser = world.signed_in("hari", "operator").await;
    assert!(browser.get("/admin/grants").await.text.contains(&format!(r#"action="{path}""#)));

    let answer = browser.submit(&path, &[("reason", "she has left")]).await;
    assert_eq!((answer.code, answer.header("location")), (303, "/admin/grants"));
    let notice = answer.set_cookie("admin_notice").unwrap();
    assert!(notice.contains("HttpOnly") && notice.contains("SameSite=Strict"), "{notice}");
    let audited = "SELECT operator || ' ' || subject || ' ' || reason || ' ' || (before IS NOT NULL)::text \
                   || (after ? 'revoked_at')::text FROM admin_audit_log WHERE action = 'revoked'";
    let row = world.database.client().await.query_one(audited, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "hari grant 1 she has left truetrue");

    let again = browser.submit(&path, &[("reason", "a double click")]).await;
    assert_eq!(again.code, 303, "a second click is no failure");
    assert_eq!(world.figure(AUDITED).await, 1, "and changes nothing");

    let session = world.token_of("hari", "operator").await;
    let pair = notice.split(';').next().unwrap();
    let cookie = format!("admin_session={session}; {pair}");
    let page = world.client.get(format!("{}/admin/grants", world.url)).header("cookie", &cookie);
    let live = Answer::of(page.try_clone().unwrap().header("x-live", "1").send().await.unwrap()).await;
    assert!(!live.text.contains("is revoked.") && live.set_cookie("admin_notice").is_none());
    let page = Answer::of(page.send().await.unwrap()).await;
    assert!(page.text.contains("Grant 1 of gita is revoked."), "{}", page.text);
    assert!(page.set_cookie("admin_notice").unwrap().contains("Max-Age=0"), "it is said once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_sees_no_button_and_is_refused() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let viewer = world.signed_in("maya", "viewer").await;
    let page = viewer.get("/admin/grants").await;
    assert!(page.code == 200 && !page.text.contains("/revoke"), "{}", page.text);

    let refused = viewer.submit(&path, &[("reason", "let me")]).await;
    assert_eq!(refused.code, 403);
    assert!(refused.text.contains("Changes need the role `operator`."), "{}", refused.text);
    let token = world.token_of("maya", "viewer").await;
    let url = format!("{}/admin/api{}", world.url, path.strip_prefix("/admin").unwrap());
    let refused = world.client.post(url).bearer_auth(token).json(&json!({ "reason": "let me" }));
    let refused = Answer::of(refused.send().await.unwrap()).await;
    assert_eq!((refused.code, refused.json()["code"].as_str()), (403, Some("forbidden")));
    assert_unchanged(&world, "a viewer").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_from_any_other_page_is_refused() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let browser = world.signed_in("hari", "operator").await;
    let csrf = browser.get("/admin").await.csrf();
    let fields = [("reason", "click here"), ("csrf", csrf.as_str())];
    let wrong: [&[(&str, &str)]; 7] = [
        &[],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", &world.url), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ];
    for headers in wrong {
        let refused = browser.send_form(&path, &fields, headers).await;
        assert_eq!(refused.code, 403, "{headers:?}");
        assert!(refused.text.contains("Origin or Sec-Fetch-Site"), "{headers:?}: {}", refused.text);
        assert!(!refused.text.contains("click here"), "nothing of it is offered again");
        assert_unchanged(&world, &format!("{headers:?}")).await;
    }
    let done = browser.send_form(&path, &fields, &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(done.code, 303);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_the_sessions_csrf_token_is_not_done() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let browser = world.signed_in("hari", "operator").await;
    let another = world.signed_in("gita", "operator").await.get("/admin").await.csrf();
    let ours = [("origin", world.url.as_str())];
    for csrf in [None, Some(""), Some("AAAA"), Some(another.as_str())] {
        let mut fields = vec![("reason", "why <script>alert(1)</script> not")];
        fields.extend(csrf.map(|csrf| ("csrf", csrf)));
        let shown = browser.send_form(&path, &fields, &ours).await;
        assert_eq!(shown.code, 403, "{csrf:?}");
        assert_unchanged(&world, &format!("{csrf:?}")).await;
        assert!(shown.text.contains("no CSRF token of this session"), "{}", shown.text);
        assert!(!shown.text.contains("<script>alert"), "{}", shown.text);
        assert!(shown.text.contains(&format!(r#"action="{path}""#)), "it can be sent after all");
    }
    let by_script = |csrf: &str| {
        let url = format!("/admin/api{}", path.strip_prefix("/admin").unwrap());
        let request = browser.request(Method::POST, &url).json(&json!({ "reason": "by script" }));
        request.header("origin", &world.url).header("x-csrf-token", csrf.to_owned())
    };
    let refused = Answer::of(by_script(&another).send().await.unwrap()).await;
    assert_eq!((refused.code, refused.json()["code"].as_str()), (403, Some("forbidden")));
    assert_unchanged(&world, "a script with another session's token").await;
    let done = by_script(&browser.get("/admin").await.csrf()).send().await.unwrap();
    assert_eq!(done.status(), 200);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_bearer_token_needs_no_page() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let token = world.token_of("robot", "operator").await;
    let url = format!("{}/admin/api{}", world.url, path.strip_prefix("/admin").unwrap());
    for is_repetition in [false, true] {
        let request = world.client.post(&url).bearer_auth(&token).json(&json!({ "reason": "rotation" }));
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!((answer.code, answer.json()["is_repetition"].as_bool()), (200, Some(is_repetition)));
    }
    assert_eq!(world.figure(AUDITED).await, 1);
    // A wrong token is not made good by the cookie beside it.
    let browser = world.signed_in("hari", "operator").await;
    let request = browser.request(Method::GET, "/admin/api/session").header("authorization", "Basic eDp5");
    assert_eq!(request.send().await.unwrap().status(), 401);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_a_reason_and_something_to_change() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let browser = world.signed_in("hari", "operator").await;
    let too_long = "x".repeat(1001);
    for fields in [&[][..], &[("reason", " ")], &[("reason", &too_long)], &[("reason", "a\0b")]] {
        assert_eq!(browser.submit(&path, fields).await.code, 422, "{fields:?}");
    }
    assert_eq!(browser.submit(&path, &[("reason", "x"), ("more", "y")]).await.code, 422);
    let huge = "x".repeat(100_000);
    assert_eq!(browser.submit(&path, &[("reason", &huge)]).await.code, 413);
    assert_unchanged(&world, "wrong forms").await;
    for nowhere in ["/admin/grants/999/revoke", "/admin/grants/-/revoke"] {
        let missing = browser.submit(nowhere, &[("reason", "x")]).await;
        assert_eq!(missing.code, 404, "{nowhere}");
        assert!(missing.text.contains("<nav"), "it is a page of the console: {}", missing.text);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_loses_no_work() {
    let world = world().await;
    let path = something_to_change(&world).await;
    let before = world.signed_in("hari", "operator").await;
    let old_csrf = before.get("/admin").await.csrf();
    let expired =
        json!({ "sub": "hari", "audience": "operators", "role": "operator", "modes": ["token_expired"] });
    let expired = world.token(expired).await;
    let fields = [("reason", "she \"left\" <b>today</b>"), ("csrf", old_csrf.as_str())];
    let ours = [("origin", world.url.as_str())];

    for browser in [world.holding(&expired), world.stranger()] {
        let kept = browser.send_form(&path, &fields, &ours).await;
        assert_eq!(kept.code, 401);
        assert!(kept.text.contains("Your session has ended"), "{}", kept.text);
        assert!(kept.text.contains("she &#34;left&#34; &#60;b&#62;today"), "{}", kept.text);
        assert!(kept.text.contains(&format!(r#"action="{path}""#)), "{}", kept.text);
        assert!(!kept.text.contains(&old_csrf), "the old proof is dropped");
    }
    assert_unchanged(&world, "an expired session").await;

    let after = world.signed_in("hari", "operator").await;
    let again = after.send_form(&path, &fields[..1], &ours).await;
    assert_eq!(again.code, 403);
    assert!(again.text.contains("she &#34;left&#34; &#60;b&#62;today"), "{}", again.text);
    assert_unchanged(&world, "not sent again yet").await;
    let csrf = again.csrf();
    let done = after.send_form(&path, &[fields[0], ("csrf", &csrf)], &ours).await;
    assert_eq!(done.code, 303);
    let reason = "SELECT reason FROM admin_audit_log WHERE action = 'revoked'";
    let row = world.database.client().await.query_one(reason, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "she \"left\" <b>today</b>");
    world.finish().await;
}
