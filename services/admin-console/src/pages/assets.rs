//! Style, script and icon; the only things that anybody may fetch.

use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, resource},
};

/// Short, because the files change with the service and keep their names.
const CACHE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/console.css").route(get().to(style)))
        .service(resource("/console.js").route(get().to(script)))
        .service(resource("/icon.svg").route(get().to(icon)));
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", include_str!("../../assets/console.css"))
}

async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", include_str!("../../assets/console.js"))
}

async fn icon() -> HttpResponse {
    file("image/svg+xml", include_str!("../../assets/icon.svg"))
}

fn file(content_type: &str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).insert_header(CACHE).body(body)
}
