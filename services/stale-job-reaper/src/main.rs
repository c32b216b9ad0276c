use std::process::ExitCode;

use clap::Parser;
use stale_job_reaper::{Application, sweep_once};

/// Rescues jobs whose worker died, expires unpaid intents, owes what was lost, forgets what is finished, checks invariants.
#[derive(Parser)]
#[command(name = "stale-job-reaper", version)]
struct Arguments {
    /// Run every sweep once, print one JSON line, and exit: 0, or 1 where a sweep failed or a promise is broken.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    service_kit::run("stale-job-reaper", async move |settings, shutdown| {
        if arguments.once {
            return sweep_once(&settings, shutdown).await;
        }
        Application::build(&settings, shutdown)?.run_until_stopped().await
    })
}
