//! One JSON object a log line: the event's fields and those of its spans side by side, so that `request_id`,
//! `trace_id`, `payment_intent_id` or `job_id` are found under the same name whoever logs.

use std::{error::Error, fmt, io::Write};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    fmt::{
        MakeWriter,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::Context,
    registry::LookupSpan,
};

pub(crate) struct JsonLines<W> {
    service: String,
    writer: W,
}

impl<W> JsonLines<W> {
    pub(crate) const fn new(service: String, writer: W) -> Self {
        Self { service, writer }
    }
}

/// The fields a span was given so far.
struct SpanFields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Map::new();
        attributes.record(&mut Collector(&mut fields));
        span.extensions_mut().insert(SpanFields(fields));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(&mut Collector(&mut fields.0));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), timestamp().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("service".to_owned(), self.service.as_str().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<SpanFields>() {
                line.extend(fields.0.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Collector(&mut line));
        let mut bytes = Value::Object(line).to_string().into_bytes();
        bytes.push(b'\n');
        // A closed stdout leaves nobody to tell, and is no reason to stop taking money.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(&bytes);
    }
}

fn timestamp() -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

struct Collector<'map>(&'map mut Map<String, Value>);

impl Collector<'_> {
    /// `otel.…` fields steer the exporter and say nothing to a reader of logs.
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        if !field.name().starts_with("otel.") {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Collector<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            cause = error.source();
        }
        self.put(field, chain);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> Value {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let lines = JsonLines::new("checkout-api".to_owned(), move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let bytes = buffer.0.lock().unwrap().clone();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1, "one event is one line");
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_line_carries_the_fields_of_its_spans_and_its_own() {
        let line = logged(|| {
            let request =
                tracing::info_span!("request", request_id = "r-1", trace_id = tracing::field::Empty);
            request.record("trace_id", "abc");
            let _request = request.entered();
            let _intent =
                tracing::info_span!("intent", payment_intent_id = "pi_1", otel.kind = "server").entered();
            tracing::warn!(attempts = 3, "slow\nanswer");
        });
        for (name, expected) in [
            ("request_id", "r-1"),
            ("trace_id", "abc"),
            ("payment_intent_id", "pi_1"),
            ("level", "WARN"),
            ("service", "checkout-api"),
            ("message", "slow\nanswer"),
        ] {
            assert_eq!(line[name], expected);
        }
        assert_eq!(line["attempts"], 3);
        assert!(line.get("otel.kind").is_none());
    }
}
