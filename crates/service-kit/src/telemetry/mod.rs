//! Logs, traces and figures of one process.
//!
//! Logs are JSON lines on stdout. Traces leave over OTLP only where the standard variables name an endpoint; ids are
//! made all the same, so that log lines of several services can be joined. Figures wait at `/metrics`.

mod connections;
mod json_lines;
mod metrics;
mod promise;
mod propagation;

use std::{panic, time::Duration};

pub use connections::{Connections, show_connections};
pub use metrics::{meter, render_metrics};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
pub use promise::{PromiseFigures, Promised};
pub(crate) use propagation::adopt_parent_from_headers;
pub use propagation::{adopt_parent, current_traceparent, link_to, record_trace_id, record_wait};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::settings::TelemetrySettings;

/// How long the last spans may take to leave; a collector that is away must not hold up a shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("RUST_LOG: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("telemetry was started twice in one process: {0}")]
    StartedTwice(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps telemetry alive; dropping it sends what is buffered, for at most three seconds.
#[derive(Debug)]
#[must_use = "dropping the guard ends tracing"]
pub struct TelemetryGuard {
    traces: SdkTracerProvider,
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Err(error) = self.traces.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// Starts logs, traces and the panic log of this process. Call it once, before the async runtime: the exporter
/// brings threads of its own.
///
/// # Errors
/// A filter or an exporter that cannot be built, or a second call.
pub fn start(service_name: &str, settings: &TelemetrySettings) -> Result<TelemetryGuard, TelemetryError> {
    crate::tls::install_crypto_provider();
    let service_name = settings.service_name.as_deref().unwrap_or(service_name).to_owned();
    let traces = tracer_provider(&service_name, settings.export_traces)?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_tracer_provider(traces.clone());

    // Spans of level INFO stay even where RUST_LOG asks for warnings only: they carry the ids of those lines.
    let ids = filter_fn(|metadata| metadata.is_span() && *metadata.level() <= tracing::Level::INFO);
    let lines = json_lines::JsonLines::new(service_name.clone(), std::io::stdout)
        .with_filter(EnvFilter::try_new(&settings.log_filter)?.or(ids));
    let spans = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer(service_name))
        .with_location(false)
        .with_threads(false)
        .with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(spans).with(lines).try_init()?;
    panic::set_hook(Box::new(|panic| tracing::error!(panic = %panic, "panicked")));
    Ok(TelemetryGuard { traces })
}

fn tracer_provider(service_name: &str, export: bool) -> Result<SdkTracerProvider, TelemetryError> {
    let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    if !export {
        return Ok(builder.build());
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    Ok(builder.with_batch_exporter(exporter).build())
}
