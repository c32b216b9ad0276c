use std::{fs, path::Path, process::Stdio};

use pipeline_tests::Program;
use tempfile::TempDir;
use tokio::process::Command;

use crate::world::{SERVICES, World, until};

/// What a service shows once it has worked: the last to appear are figures that are read from the database.
const READ_FROM_THE_DATABASE: [(Program, &str); 4] = [
    (Program::OrderWorker(0), "job_queue_expired_leases{"),
    (Program::AdminConsole, "overview_jobs{"),
    (Program::AdminConsole, "overview_invariants_checked_age_seconds "),
    (Program::AdminConsole, "overview_paid_to_order_seconds{"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_rules_tests_dashboard_and_docs_is_exported() {
    let world = World::start().await;
    for (program, figure) in READ_FROM_THE_DATABASE {
        until(&format!("{program} shows {figure}"), async || {
            let page = page(&world, program).await;
            if page.contains(&format!("\n{figure}")) { Ok(()) } else { Err(page) }
        })
        .await;
    }
    let folder = TempDir::new().unwrap();
    for (job, program) in SERVICES {
        fs::write(folder.path().join(format!("{job}.txt")), page(&world, program).await).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/check-alerts.py");
    let checked =
        Command::new(script).arg("--scrape").arg(folder.path()).stdin(Stdio::null()).output().await.unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    world.pipeline.stop().await.unwrap();
}

async fn page(world: &World, program: Program) -> String {
    let url = format!("http://{}/metrics", world.pipeline.address(program).unwrap());
    let answer = pipeline_tests::http_client().unwrap().get(url).send().await.unwrap();
    answer.text().await.unwrap()
}
