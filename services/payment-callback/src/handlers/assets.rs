use actix_web::{HttpResponse, http::header};

/// Short, because the files change with the service and keep their names.
const CACHE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header(CACHE)
        .body(include_str!("../../assets/page.css"))
}

pub(crate) async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header(CACHE)
        .body(include_str!("../../assets/page.js"))
}

pub(crate) async fn mark() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header(CACHE)
        .body(include_str!("../../assets/mark.svg"))
}
