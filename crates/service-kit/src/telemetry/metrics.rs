use std::sync::LazyLock;

use opentelemetry::{
    global,
    metrics::{Meter, MeterProvider},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

/// The one registry of a process; counters are process-wide by nature.
static FIGURES: LazyLock<Figures> = LazyLock::new(Figures::new);

struct Figures {
    registry: Registry,
    provider: SdkMeterProvider,
}

impl Figures {
    fn new() -> Self {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .build();
        let mut provider = SdkMeterProvider::builder();
        match exporter {
            Ok(exporter) => provider = provider.with_reader(exporter),
            Err(error) => tracing::error!(%error, "no figures will be shown at /metrics"),
        }
        let provider = provider.build();
        global::set_meter_provider(provider.clone());
        Self { registry, provider }
    }
}

/// Makes counters, histograms and gauges that `/metrics` shows. Works before and without [`super::start`].
///
/// Names are written with underscores or dots; the exporter appends the unit and `_total`.
pub fn meter() -> Meter {
    FIGURES.provider.meter("order-pipeline")
}

/// Every figure in Prometheus' text format.
///
/// # Errors
/// A figure that the format cannot express.
pub fn render_metrics() -> Result<String, prometheus::Error> {
    TextEncoder::new().encode_to_string(&FIGURES.registry.gather())
}
