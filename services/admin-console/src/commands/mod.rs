//! Commands for people with a shell beside the database.

mod arguments;
mod cases;
mod grant;
mod resolve;
mod story;
mod text;

pub use arguments::Arguments;
use arguments::Command;
use domain::{Connection, PoolSettings, pool};
use secrecy::ExposeSecret;
use service_kit::settings::Settings;
use tokio_util::sync::CancellationToken;

use crate::{Application, app::ROLE};

/// Serves the pages, or runs one command and prints what it found or did.
///
/// # Errors
/// A setting that is missing, a port that is taken, a database that is away, an intent that is not there, or a
/// decision that would break a law.
pub async fn run(
    settings: &Settings,
    arguments: Arguments,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Arguments { json, command } = arguments;
    match command.unwrap_or(Command::Serve) {
        Command::Serve => Application::build(settings, shutdown)?.run_until_stopped().await,
        Command::Story { payment_intent_id } => {
            story::show(&mut connect(settings).await?, &payment_intent_id, json).await
        }
        Command::Cases { all } => cases::show(&mut connect(settings).await?, all, json).await,
        Command::Resolve(resolution) => {
            let job_attempts_max = i32::from(settings.job()?.max_attempts);
            resolve::resolve(&mut connect(settings).await?, &resolution, job_attempts_max, json).await
        }
        Command::Grant(wanted) => grant::make(&mut connect(settings).await?, &wanted, json).await,
        Command::Revoke(wanted) => grant::revoke(&mut connect(settings).await?, &wanted, json).await,
        Command::Grants => grant::list(&mut connect(settings).await?, json).await,
    }
}

async fn connect(settings: &Settings) -> anyhow::Result<Connection> {
    let settings = PoolSettings {
        url: settings.database()?.url.expose_secret().to_owned(),
        role: Some(ROLE),
        application_name: "admin-console",
        size_max: 1,
    };
    Ok(pool::connect(&settings).await?)
}
