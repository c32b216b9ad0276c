//! A collector that can be asked: OTLP over HTTP, decoded with the types that it is encoded with.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;

/// Much more than a batch of a test holds.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A span, with the service that sent it.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) service: String,
    pub(super) span: Span,
}

impl Received {
    pub(super) fn is(&self, service: &str, name: &str) -> bool {
        self.service == service && self.span.name == name
    }

    pub(super) fn attribute(&self, key: &str) -> Option<&str> {
        text_of(&self.span.attributes, key)
    }

    pub(super) fn links_to(&self, other: &Received) -> bool {
        self.span.links.iter().any(|link| link.span_id == other.span.span_id)
    }

    pub(super) fn is_child_of(&self, other: &Received) -> bool {
        self.span.trace_id == other.span.trace_id && self.span.parent_span_id == other.span.span_id
    }
}

type Spans = Arc<Mutex<Vec<Received>>>;

/// The running collector; it ends with the value.
pub(super) struct Collector {
    pub(super) url: String,
    spans: Spans,
    server: ServerHandle,
}

impl Collector {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Spans::default();
        let received = web::Data::new(Arc::clone(&spans));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(received.clone())
                .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
                .route("/v1/traces", web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        // The test's own requests notice a server that has ended.
        tokio::spawn(async { drop(server.await) });
        Self { url, spans, server: handle }
    }

    /// What has been received so far.
    pub(super) fn spans(&self) -> Vec<Received> {
        self.spans.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Sends the order at once; nobody waits for its end.
        drop(self.server.stop(false));
    }
}

async fn receive(spans: web::Data<Spans>, body: web::Bytes) -> HttpResponse {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return HttpResponse::BadRequest().finish();
    };
    let mut received = spans.lock().unwrap();
    for of_resource in request.resource_spans {
        let attributes = of_resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = text_of(&attributes, "service.name").unwrap_or_default().to_owned();
        for span in of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans) {
            received.push(Received { service: service.clone(), span });
        }
    }
    HttpResponse::Ok().finish()
}

fn text_of<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.as_str()),
        _ => None,
    }
}
