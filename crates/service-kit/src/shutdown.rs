//! SIGTERM and SIGINT, as a token every task can watch.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell reports for a process ended by SIGINT.
const ABORTED: i32 = 130;

/// Watches for signals from this call on. The first cancels the token; the second ends the process at once.
///
/// # Errors
/// The operating system refuses to deliver signals.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    tokio::spawn(watch(signals, token.clone()));
    Ok(token)
}

async fn watch((mut terminate, mut interrupt): (Signal, Signal), token: CancellationToken) {
    next(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping");
    token.cancel();
    next(&mut terminate, &mut interrupt).await;
    tracing::warn!("told to stop twice: aborting");
    std::process::exit(ABORTED);
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
