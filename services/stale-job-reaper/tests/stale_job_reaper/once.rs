use std::process::Output;

use tokio::process::Command;

use crate::world::World;

async fn once(world: &World) -> Output {
    let mut binary = Command::new(env!("CARGO_BIN_EXE_stale-job-reaper"));
    binary.arg("--once").env_clear().envs(world.environment(&[])).output().await.unwrap()
}

fn report(output: &Output) -> serde_json::Value {
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    let last = printed.lines().last().unwrap_or_else(|| panic!("nothing was printed: {output:?}"));
    serde_json::from_str(last).unwrap()
}

#[tokio::test]
async fn once_gives_every_sweep_a_turn_and_says_what_was_done() {
    let world = World::new().await;
    let output = once(&world).await;
    assert!(output.status.success(), "{output:?}");
    let expected = serde_json::json!({
        "jobs_rescued": 1, "jobs_failed": 1, "intents_expired": 1, "questions_owed": 0, "orders_owed": 1, "refunds_owed": 0,
        "jobs_deleted": 1, "keys_forgotten": 1, "violations_found": 0, "violations_cleared": 0, "violations_open": 0,
        "failed_sweeps": [],
    });
    assert_eq!(report(&output), expected);
    world.assert_swept().await;

    let again = report(&once(&world).await);
    assert!(
        again.as_object().unwrap().values().all(|figure| figure == 0 || figure == &serde_json::json!([]))
    );
}

#[tokio::test]
async fn once_fails_where_a_sweep_fails_and_does_the_others_all_the_same() {
    let world = World::new().await;
    world.set("REVOKE DELETE ON idempotency_keys FROM stale_job_reaper").await;
    let output = once(&world).await;
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    assert_eq!(report["failed_sweeps"], serde_json::json!(["forget"]));
    assert_eq!(report["intents_expired"], 1);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("forget: ") && said.contains("permission denied"), "{said}");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn once_looks_at_everything_and_fails_while_a_promise_is_broken() {
    let world = World::new().await;
    assert!(once(&world).await.status.success());
    // Nothing announces it.
    world.set("UPDATE carts SET round = 7").await;
    let output = once(&world).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (&report(&output)["violations_found"], &report(&output)["violations_open"]),
        (&3.into(), &3.into())
    );
    assert_eq!(said(&output).matches("a promise is broken;").count(), 3, "{}", said(&output));

    let again = once(&world).await;
    assert_eq!(again.status.code(), Some(1), "broken still");
    assert_eq!(said(&again).matches("a promise is broken;").count(), 0, "said before: {}", said(&again));

    world.set("UPDATE carts SET round = 1").await;
    let healed = once(&world).await;
    assert!(healed.status.success(), "{healed:?}");
    assert_eq!(report(&healed)["violations_cleared"], 3);
    assert_eq!(said(&healed).matches("found whole again").count(), 3, "{}", said(&healed));
    assert_eq!(said(&once(&world).await).matches("found whole again").count(), 0);
}

/// Everything that was written.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|written| String::from_utf8_lossy(written).into_owned()).concat()
}
