use std::collections::HashMap;

use super::SettingsError;

/// Both names switch trace export on; the second wins for traces.
const ENDPOINT_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
const PROTOCOL_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"];
const PROTOCOL: &str = "http/protobuf";
const LOG_FILTER_DEFAULT: &str = "info";

/// What the standard variables ask for. The exporter reads its own (`OTEL_EXPORTER_OTLP_…`, `OTEL_TRACES_SAMPLER`,
/// `OTEL_BSP_…`, `OTEL_RESOURCE_ATTRIBUTES`) from the process environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// `RUST_LOG`, else `info`.
    pub log_filter: String,
    /// An OTLP endpoint is named and `OTEL_SDK_DISABLED` is not `true`.
    pub export_traces: bool,
    /// `OTEL_SERVICE_NAME`, where it overrides the binary's own name.
    pub service_name: Option<String>,
}

impl TelemetrySettings {
    pub(crate) fn read(environment: &HashMap<String, String>) -> Result<Self, SettingsError> {
        let text = |name: &str| environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        for name in PROTOCOL_VARIABLES {
            if text(name).is_some_and(|protocol| protocol != PROTOCOL) {
                return Err(SettingsError::invalid(name, format_args!("only {PROTOCOL} is spoken here")));
            }
        }
        for name in ENDPOINT_VARIABLES {
            if let Some(Err(error)) = text(name).map(url::Url::parse) {
                return Err(SettingsError::invalid(name, format_args!("is not a URL: {error}")));
            }
        }
        let log_filter = text("RUST_LOG").unwrap_or(LOG_FILTER_DEFAULT).to_owned();
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&log_filter) {
            return Err(SettingsError::invalid("RUST_LOG", error));
        }
        let disabled = text("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        Ok(Self {
            log_filter,
            export_traces: !disabled && ENDPOINT_VARIABLES.iter().any(|name| text(name).is_some()),
            service_name: text("OTEL_SERVICE_NAME").map(str::to_owned),
        })
    }
}
