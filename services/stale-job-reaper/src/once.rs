//! `--once`: for operators and for schedulers of their own.

use anyhow::ensure;
use serde::Serialize;
use service_kit::settings::Settings;
use tokio_util::sync::CancellationToken;

use crate::{
    app::pool,
    sweeps::{Context, PAGES_MAX, Sweep},
    swept::Swept,
};

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    swept: Swept,
    failed_sweeps: Vec<&'static str>,
}

/// Gives every sweep one turn and prints what they did as one JSON line. A sweep's error does not keep the others.
///
/// # Errors
/// A setting that cannot be used, or a sweep that failed; the line is printed all the same.
pub async fn sweep_once(settings: &Settings, stopping: CancellationToken) -> anyhow::Result<()> {
    let context = Context::new(settings, pool(settings)?, stopping)?;
    let mut report = Report { swept: Swept::default(), failed_sweeps: Vec::new() };
    let mut errors = Vec::new();
    for mut sweep in Sweep::all() {
        if let Err(error) = sweep.turn(&context, PAGES_MAX, &mut report.swept).await {
            report.failed_sweeps.push(sweep.name());
            errors.push(format!("{}: {error}", sweep.name()));
        }
    }
    println!("{}", serde_json::to_string(&report)?);
    ensure!(errors.is_empty(), "{}", errors.join("; "));
    Ok(())
}
