//! How pages leave the sandbox: as HTML that runs nothing but our own files.

use actix_web::{
    HttpResponse,
    error::ErrorInternalServerError,
    http::{StatusCode, header},
    web,
};
use askama::Template;

pub(crate) type Page = Result<HttpResponse, actix_web::Error>;

/// No `form-action`: browsers hold redirects after a form to it, and a gateway sends shoppers to any shop.
fn policy(script_calls: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; \
         connect-src 'self' {script_calls}; base-uri 'none'; frame-ancestors 'none'"
    )
}

pub(crate) fn page(code: StatusCode, template: &impl Template) -> Page {
    page_that_calls("", code, template)
}

/// A page whose scripts also call this origin.
pub(crate) fn page_that_calls(origin: &str, code: StatusCode, template: &impl Template) -> Page {
    let text = template.render().map_err(ErrorInternalServerError)?;
    let mut response = HttpResponse::build(code);
    response.content_type("text/html; charset=utf-8");
    response.insert_header((header::CONTENT_SECURITY_POLICY, policy(origin)));
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.body(text))
}

/// A file of ours that pages load.
pub(crate) fn asset(content_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(content)
}

pub(crate) const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

pub(crate) fn asset_routes(config: &mut web::ServiceConfig) {
    config
        .route("/sandbox.css", web::get().to(style))
        .route("/mark.svg", web::get().to(mark))
        .route("/sign-in.js", web::get().to(sign_in_script));
}

async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", include_str!("../assets/sandbox.css"))
}

async fn mark() -> HttpResponse {
    asset("image/svg+xml", include_str!("../assets/mark.svg"))
}

async fn sign_in_script() -> HttpResponse {
    asset(JAVASCRIPT, include_str!("../assets/sign-in.js"))
}
