//! What every `main` does around its service.

use std::{future::Future, process::ExitCode, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    settings::{Settings, SettingsError},
    shutdown, telemetry, tls,
};

/// The settings do not allow a start; a supervisor need not try again.
const EXIT_SETTINGS: u8 = 2;
/// What tasks that nobody waits for may still use.
const RUNTIME_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads the settings, starts telemetry, and runs `service` until it returns. The token is cancelled by SIGTERM and
/// SIGINT. Whatever stops the start is one line on stderr; where it is a setting, the line begins with its variable
/// and the exit status is 2.
pub fn run<S, F>(service_name: &str, service: S) -> ExitCode
where
    S: FnOnce(Settings, CancellationToken) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    tls::install_crypto_provider();
    let settings = match Settings::load() {
        Ok(settings) => settings,
        Err(error) => return refused(&error),
    };
    let guard = match telemetry::start(service_name, settings.telemetry()) {
        Ok(guard) => guard,
        Err(error) => return stopped(service_name, &error, EXIT_SETTINGS),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return stopped(service_name, &error, 1),
    };
    let outcome = runtime.block_on(async { service(settings, shutdown::on_signal()?).await });
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    drop(guard);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // A setting that only this service needs is missed by it, not when the settings are read.
        Err(error) => match error.downcast_ref::<SettingsError>() {
            Some(error) => refused(error),
            None => stopped(service_name, &format_args!("{error:#}"), 1),
        },
    }
}

fn refused(error: &SettingsError) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(EXIT_SETTINGS)
}

/// Goes to stderr, not to the log: it is what a person reads when a service does not start.
fn stopped(service_name: &str, reason: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("{service_name}: {reason}");
    ExitCode::from(code)
}
