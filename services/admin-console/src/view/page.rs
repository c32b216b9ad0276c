use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use service_kit::http::Problem;

use crate::door::leave_notice;

/// Our own script, style and addresses, and nothing else; nobody frames these pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Browsers hide the origin of a form from its own server under `no-referrer`.
const REFERRER_POLICY: &str = "same-origin";

/// A page as an answer. It is never stored: it shows what one operator may see at one moment.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Problem> {
    let body = page.render().map_err(Problem::internal)?;
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response.insert_header((header::REFERRER_POLICY, REFERRER_POLICY));
    Ok(response.body(body))
}

/// The answer to a form that was carried out: back to a page, which says once what was done.
pub(crate) fn done(path: &str, notice: &str) -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish();
    leave_notice(&mut response, notice)?;
    Ok(response)
}
