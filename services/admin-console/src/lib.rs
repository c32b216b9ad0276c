#![doc = include_str!("../README.md")]

mod arguments;
mod cases;
mod resolve;
mod story;
mod text;

pub use arguments::Arguments;
use arguments::Command;
use domain::{Connection, PoolSettings, pool};
use secrecy::ExposeSecret;
use service_kit::settings::Settings;

/// Runs one command and prints what it found or did.
///
/// # Errors
/// A setting that is missing, a database that is away, an intent that is not there, or a decision that would break a law.
pub async fn run(settings: &Settings, arguments: Arguments) -> anyhow::Result<()> {
    let mut connection = connect(settings).await?;
    let job_attempts_max = i32::from(settings.job()?.max_attempts);
    let Arguments { json, command } = arguments;
    match command {
        Command::Story { payment_intent_id } => story::show(&mut connection, &payment_intent_id, json).await,
        Command::Cases { all } => cases::show(&mut connection, all, json).await,
        Command::Resolve(resolution) => {
            resolve::resolve(&mut connection, &resolution, job_attempts_max, json).await
        }
    }
}

async fn connect(settings: &Settings) -> anyhow::Result<Connection> {
    let settings = PoolSettings {
        url: settings.database()?.url.expose_secret().to_owned(),
        role: Some("admin_console"),
        application_name: "admin-console",
        size_max: 1,
    };
    Ok(pool::connect(&settings).await?)
}
