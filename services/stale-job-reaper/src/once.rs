//! `--once`: for operators and for schedulers of their own.

use anyhow::ensure;
use serde::Serialize;
use service_kit::settings::Settings;
use tokio_util::sync::CancellationToken;

use crate::{
    app::pool,
    sweeps::{Context, PAGES_MAX, Sweep, invariants::check_whole},
    swept::Swept,
};

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    swept: Swept,
    /// Promises that are broken; absent where the check failed.
    violations_open: Option<usize>,
    failed_sweeps: Vec<&'static str>,
}

/// Gives every sweep one turn, the invariants' one over everything, and prints what they did as one JSON line. A sweep's
/// error does not keep the others.
///
/// # Errors
/// A setting that cannot be used, a sweep that failed, or a promise that is broken; the line is printed all the same.
pub async fn sweep_once(settings: &Settings, stopping: CancellationToken) -> anyhow::Result<()> {
    let context = Context::new(settings, pool(settings)?, stopping)?;
    let mut report = Report { swept: Swept::default(), violations_open: None, failed_sweeps: Vec::new() };
    let mut errors = Vec::new();
    for mut sweep in Sweep::all() {
        let ended = if matches!(sweep, Sweep::Invariants(_)) {
            let open = check_whole(&context, &mut report.swept).await;
            open.map(|open| report.violations_open = Some(open))
        } else {
            sweep.turn(&context, PAGES_MAX, &mut report.swept).await
        };
        if let Err(error) = ended {
            report.failed_sweeps.push(sweep.name());
            errors.push(format!("{}: {error}", sweep.name()));
        }
    }
    let open = report.violations_open.unwrap_or_default();
    if open > 0 {
        errors.push(format!("{open} promises are broken: SELECT * FROM invariant_violations says which"));
    }
    println!("{}", serde_json::to_string(&report)?);
    ensure!(errors.is_empty(), "{}", errors.join("; "));
    Ok(())
}
