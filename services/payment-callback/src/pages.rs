//! HTML for browsers. Nothing of the request but the intent's stored facts is ever written into a page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use domain::{money::Rupees, nepal_time::NepalTime, payments::gateway::Provider};
use service_kit::http::Problem;
use url::Url;

use crate::{
    answer::Standing,
    language::Language,
    refusal::Refusal,
    words::{Labels, Notice, Words, gateway_name, look_again_seconds},
};

/// Our own script and style, our own addresses, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The address of the status page among the routes.
pub(crate) const STATUS_PAGE: &str = "/payment/status/{payment_intent_id}";
/// A return that was fetched ahead is loaded once more when it is shown.
const ATTEND_AFTER_SECONDS: u64 = 1;

#[derive(Template)]
#[template(path = "payment.html")]
struct PaymentPage<'a> {
    root: String,
    language: Language,
    labels: &'static Labels,
    words: Words,
    look_again_seconds: Option<u64>,
    payment_intent_id: &'a str,
    status: &'static str,
    gateway: &'static str,
    amount: Rupees,
    order_number: Option<&'a str>,
    /// RFC 3339, for programs.
    since: String,
    since_in_nepal: String,
    /// What keeps the language that the reader chose.
    query: &'static str,
    shop: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    root: String,
    language: Language,
    labels: &'static Labels,
    words: Words,
    reload_seconds: Option<u64>,
    status_of: Option<&'a str>,
    /// Only a status page may be asked for again in another language: a return would be brought a second time.
    has_other_language: bool,
}

/// The page that follows a payment.
pub(crate) fn payment(
    request: &HttpRequest,
    standing: &Standing,
    shop: Option<&Url>,
) -> Result<HttpResponse, Problem> {
    let provider: Provider = standing.intent.provider.parse().map_err(Problem::internal)?;
    let language = Language::of(request);
    let status = &standing.status;
    let page = PaymentPage {
        root: root_of(request),
        language,
        labels: language.labels(),
        words: language.payment(status.status, provider),
        look_again_seconds: look_again_seconds(status.status),
        payment_intent_id: &standing.intent.payment_intent_id,
        status: status.status.as_str(),
        gateway: gateway_name(provider),
        amount: Rupees(standing.intent.amount_minor),
        order_number: status.order_number.as_deref(),
        since: status.updated_at.to_rfc3339(),
        since_in_nepal: language.time(NepalTime::from(status.updated_at)),
        query: match Language::chosen(request.query_string()) {
            Some(Language::English) => "?lang=en",
            Some(Language::Nepali) => "?lang=ne",
            None => "",
        },
        shop: shop.map(Url::as_str),
    };
    html(standing.code(), None, language, &page)
}

/// The page instead of an answer. One that can be tried again tries by itself.
pub(crate) fn refusal(request: &HttpRequest, refusal: &Refusal) -> Result<HttpResponse, Problem> {
    let notice = match refusal {
        Refusal::UnknownIntent => Notice::UnknownIntent,
        Refusal::CallbackInvalid { .. } => Notice::CallbackInvalid,
        Refusal::TooMany { .. } => Notice::TooMany,
        Refusal::Unavailable { .. } => Notice::Unavailable,
        Refusal::Internal { .. } => Notice::Internal,
    };
    let status_of = match refusal {
        Refusal::CallbackInvalid { .. } => request.match_info().get("payment_intent_id"),
        Refusal::UnknownIntent
        | Refusal::TooMany { .. }
        | Refusal::Unavailable { .. }
        | Refusal::Internal { .. } => None,
    };
    let retry_after_seconds = refusal.retry_after_seconds();
    let page = notice_page(request, notice, retry_after_seconds, status_of);
    html(refusal.code().status(), retry_after_seconds, page.language, &page)
}

/// The page for whoever fetched a return without looking at it: it changes nothing, and once it is looked at it
/// loads the return.
pub(crate) fn unattended(request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let page = notice_page(request, Notice::Unattended, Some(ATTEND_AFTER_SECONDS), None);
    html(StatusCode::OK, None, page.language, &page)
}

fn notice_page<'a>(
    request: &HttpRequest,
    notice: Notice,
    reload_seconds: Option<u64>,
    status_of: Option<&'a str>,
) -> NoticePage<'a> {
    let language = Language::of(request);
    NoticePage {
        root: root_of(request),
        language,
        labels: language.labels(),
        words: language.notice(notice),
        reload_seconds,
        status_of,
        has_other_language: request.match_pattern().as_deref() == Some(STATUS_PAGE),
    }
}

fn html(
    code: StatusCode,
    retry_after_seconds: Option<u64>,
    language: Language,
    page: &impl Template,
) -> Result<HttpResponse, Problem> {
    let body = page.render().map_err(Problem::internal)?;
    let mut response = HttpResponse::build(code);
    response.content_type("text/html; charset=utf-8");
    response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
    response.insert_header((header::VARY, "Accept, Accept-Language"));
    if let Some(seconds) = retry_after_seconds {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    Ok(response.body(body))
}

/// The way from the request's address up to `/payment/`: pages also work behind a proxy that adds a prefix.
fn root_of(request: &HttpRequest) -> String {
    let segments = request.path().split('/').filter(|segment| !segment.is_empty()).count();
    "../".repeat(segments.saturating_sub(2))
}
