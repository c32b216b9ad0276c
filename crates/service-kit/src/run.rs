//! What every `main` does around its service.

use std::{future::Future, process::ExitCode, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{settings::Settings, shutdown, telemetry, tls};

/// The settings do not allow a start; a supervisor need not try again.
const EXIT_SETTINGS: u8 = 2;
/// What tasks that nobody waits for may still use.
const RUNTIME_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads the settings, starts telemetry, and runs `service` until it returns. The token is cancelled by SIGTERM and
/// SIGINT. Whatever stops the start is one line on stderr.
pub fn run<S, F, E>(service_name: &str, service: S) -> ExitCode
where
    S: FnOnce(Settings, CancellationToken) -> F,
    F: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    tls::install_crypto_provider();
    let settings = match Settings::load() {
        Ok(settings) => settings,
        Err(error) => return stopped(service_name, &error, EXIT_SETTINGS),
    };
    let guard = match telemetry::start(service_name, settings.telemetry()) {
        Ok(guard) => guard,
        Err(error) => return stopped(service_name, &error, EXIT_SETTINGS),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return stopped(service_name, &error, 1),
    };
    let outcome = runtime.block_on(async {
        let token = shutdown::on_signal().map_err(|error| error.to_string())?;
        service(settings, token).await.map_err(|error| format!("{error:#}"))
    });
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    drop(guard);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => stopped(service_name, &reason, 1),
    }
}

/// Goes to stderr, not to the log: it is what a person reads when a service does not start.
fn stopped(service_name: &str, reason: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("{service_name}: {reason}");
    ExitCode::from(code)
}
