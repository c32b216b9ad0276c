//! What operators do in the console when something went wrong.

use browser_tests::{Duty, FailedJob, Role, Window, WindowOptions, World, until};
use serde_json::json;

use crate::accessibility::assert_fit;

/// Markup in what others wrote is text.
const HOSTILE: &str = "<script>document.title='taken over'</script><b>bold</b>";
const FULL: &str = "the disk is full";

async fn world_with_failed_job(product: &str, user_id: &str, error: &str) -> (World, FailedJob) {
    let mut world = World::start_with(&[("JOB__MAX_ATTEMPTS", "2")]).await;
    world.open_console().await;
    let failed = world.failed_job(product, user_id, error).await;
    (world, failed)
}

async fn click(window: &Window, role: Role, name: &str) {
    window.by_role(role, name).await.unwrap().click().await.unwrap();
}

async fn main_text(window: &Window) -> String {
    window.find("main").await.unwrap().text().await.unwrap()
}

async fn await_text(window: &Window, wanted: &str) {
    until(&format!("the page says {wanted}"), async || {
        let main = window.find("main").await.ok()?;
        main.text().await.ok()?.contains(wanted).then_some(())
    })
    .await;
}

async fn type_reason(window: &Window, verb: &str, reason: &str) {
    let field = window.by_role(Role::Field, &format!("Reason for “{verb}”")).await.unwrap();
    field.type_text(reason).await.unwrap();
}

#[tokio::test]
async fn an_operator_finds_a_failed_job_reads_why_and_retries_it_to_completion() {
    let (world, FailedJob { id, checkout }) = world_with_failed_job("Ilam tea", "asha", FULL).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    world.enter_console(&window, Duty::Operator, "/admin").await;
    click(&window, Role::Link, "Jobs").await;
    click(&window, Role::Link, "Failures by kind of error").await;
    await_text(&window, FULL).await;
    click(&window, Role::Link, &id.to_string()).await;
    await_text(&window, "Last error").await;
    assert!(main_text(&window).await.contains(FULL));

    type_reason(&window, "Retry", "the disk has room again").await;
    click(&window, Role::Button, "Retry").await;
    until("the job is completed, on the page as it is", async || {
        let state = window.find("#job").await.ok()?.text().await.ok()?;
        state.contains("completed").then_some(())
    })
    .await;
    let number = world.order_number(&checkout).await;
    await_text(&window, "the disk has room again").await;

    click(&window, Role::Link, &checkout.payment_intent_id).await;
    await_text(&window, &number).await;
    assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new());
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn a_viewer_sees_no_button_and_is_refused_by_page_and_api() {
    let (world, FailedJob { id, .. }) = world_with_failed_job("Ilam tea", "asha", FULL).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    let page = format!("/admin/jobs/{id}");
    world.enter_console(&window, Duty::Viewer, &page).await;
    await_text(&window, FULL).await;
    let buttons = window.all("main button, main input[type=submit]").await.unwrap();
    assert_eq!(buttons.len(), 0);

    // The same form that an operator's page sends, made up by hand in the viewer's own session.
    let send = "const done = arguments[arguments.length - 1];
        const body = new URLSearchParams({ csrf: document.querySelector('[name=csrf]').value, reason: 'why not', lease_no: '1' });
        fetch(arguments[0], { method: 'POST', body }).then(answer => done(answer.status), error => done(String(error)));";
    let answered = window.script_with_callback(send, &[json!(format!("{page}/retry"))]).await.unwrap();
    assert_eq!(answered, 403);

    let api = world.console_url(&format!("/admin/api/jobs/{id}/retry"));
    let token = world.operators_token(Duty::Viewer, 600).await;
    let asked = json!({ "reason": "why not", "lease_no": 1 });
    let answer = world.pipeline.http().post(api).bearer_auth(token).json(&asked).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem.get("code"), Some(&json!("forbidden")));

    let state = "SELECT status FROM job_queue WHERE id = $1";
    let state: String = world.shop.client.query_one(state, &[&id]).await.unwrap().get(0);
    assert_eq!(state, "failed");
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn a_review_case_is_resolved_with_the_evidence_in_sight() {
    let mut world = World::start().await;
    world.open_console().await;
    world.payment_that_is("under_review").await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    world.enter_console(&window, Duty::Operator, "/admin").await;
    click(&window, Role::Link, "Review cases").await;
    await_text(&window, "amount_mismatch").await;
    window.find("tbody th a").await.unwrap().click().await.unwrap();
    await_text(&window, "What the gateway said").await;
    let evidence = main_text(&window).await;
    assert!(evidence.contains("Rs 1,25,000.00") && evidence.contains("Rs 1,24,999.00"), "{evidence}");

    type_reason(&window, "Refund", "a rupee is missing").await;
    click(&window, Role::Button, "Refund").await;
    await_text(&window, "refunded by operator@shop.example").await;
    let offers = window.all("form.action").await.unwrap();
    assert_eq!(offers.len(), 0, "a resolved case offers something");
    assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new());
    window.close().await.unwrap();
    world.close().await;
}

/// Long enough to sign in and to begin, on a machine that is busy with tests.
const SHORT_GRANT: &str = "20s";

#[tokio::test]
async fn a_session_that_runs_out_in_the_middle_loses_no_work() {
    let (world, FailedJob { id, checkout }) = world_with_failed_job("Ilam tea", "asha", FULL).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.console_url(&format!("/admin/jobs/{id}"))).await.unwrap();
    world.sign_in_with(&window, &world.grant(Duty::Operator, SHORT_GRANT).await).await;
    type_reason(&window, "Retry", "thought about for an hour").await;
    let valid = "SELECT count(*) FROM admin_grants WHERE expires_at > now()";
    until("the grant's time is over", async || {
        let left: i64 = world.shop.client.query_one(valid, &[]).await.unwrap().get(0);
        (left == 0).then_some(())
    })
    .await;
    click(&window, Role::Button, "Retry").await;
    await_text(&window, "Your session has ended").await;
    assert!(main_text(&window).await.contains("thought about for an hour"));

    let work = window.tabs().await.unwrap().remove(0);
    let sign_in = window.find("main ol a").await.unwrap().property("href").await.unwrap();
    window.new_tab().await.unwrap();
    window.go(&sign_in).await.unwrap();
    world.sign_in_with(&window, &world.operators_token(Duty::Operator, 600).await).await;
    window.switch_to(&work).await.unwrap();
    click(&window, Role::Button, "I have signed in: go on").await;
    await_text(&window, "Send this again?").await;
    click(&window, Role::Button, "Send").await;
    until("the job's page", async || window.find("#job").await.ok()).await;

    world.order_number(&checkout).await;
    await_text(&window, "thought about for an hour").await;
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn markup_that_others_wrote_stays_text_in_the_console() {
    let (world, FailedJob { id, checkout }) = world_with_failed_job(
        &format!("Tea {HOSTILE}"),
        &format!("asha {HOSTILE}"),
        &format!("full {HOSTILE}"),
    )
    .await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    world.enter_console(&window, Duty::Operator, "/admin").await;
    let pages = [
        (format!("/admin/jobs/{id}"), "full "),
        ("/admin/jobs?state=failed".to_owned(), "full "),
        ("/admin/jobs/failures".to_owned(), "full "),
        (format!("/admin/payments/{}", checkout.payment_intent_id), "Tea "),
        (format!("/admin/payments/{}", checkout.payment_intent_id), "asha "),
        ("/admin/stock".to_owned(), "Tea "),
        ("/admin/cases".to_owned(), ""),
    ];
    for (page, before) in pages {
        window.go(&world.console_url(&page)).await.unwrap();
        if !before.is_empty() {
            assert!(
                main_text(&window).await.contains(&format!("{before}{HOSTILE}")),
                "{page}: {}",
                main_text(&window).await
            );
        }
        assert!(!window.title().await.unwrap().contains("taken over"), "{page}");
        assert_eq!(window.all("main script, main b").await.unwrap().len(), 0, "{page}");
        assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new(), "{page}");
    }
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn every_page_of_the_console_is_fit_for_everybody() {
    let (world, FailedJob { id, checkout }) = world_with_failed_job("Ilam tea", "asha", FULL).await;
    let bought = world.payment_that_is("confirmed").await;
    let number = world.order_number(&bought).await;
    let case = "SELECT id FROM review_cases WHERE payment_intent_id = $1";
    let case: i64 = world.shop.client.query_one(case, &[&checkout.payment_intent_id]).await.unwrap().get(0);
    let variant = "SELECT variant_id FROM inventory LIMIT 1";
    let variant: String = world.shop.client.query_one(variant, &[]).await.unwrap().get(0);
    let pages = [
        "/admin".to_owned(),
        "/admin/jobs".to_owned(),
        "/admin/jobs/failures".to_owned(),
        "/admin/jobs/retry".to_owned(),
        format!("/admin/jobs/{id}"),
        "/admin/payments".to_owned(),
        format!("/admin/payments/{}", bought.payment_intent_id),
        "/admin/cases".to_owned(),
        format!("/admin/cases/{case}"),
        "/admin/orders".to_owned(),
        format!("/admin/orders/{number}"),
        "/admin/stock".to_owned(),
        format!("/admin/stock/{variant}"),
        "/admin/audit".to_owned(),
    ];
    for options in [WindowOptions::DESK, WindowOptions::PHONE] {
        let window = Window::open(options).await.unwrap();
        world.enter_console(&window, Duty::Operator, "/admin").await;
        for page in &pages {
            assert_fit(&window, &world.console_url(page), page).await;
        }
        window.close().await.unwrap();
    }
    world.close().await;
}
