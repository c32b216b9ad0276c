//! HTML for browsers. Nothing of the request but the intent's stored facts is ever written into a page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use domain::{money::Rupees, payments::gateway::Provider};
use service_kit::http::Problem;
use url::Url;

use crate::{
    answer::Standing,
    refusal::Refusal,
    words::{Words, gateway_name, words},
};

/// Our own script and style, our own addresses, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A return that was fetched ahead is loaded once more when it is shown.
const ATTEND_AFTER_SECONDS: u64 = 1;

#[derive(Template)]
#[template(path = "payment.html")]
struct PaymentPage<'a> {
    root: String,
    words: Words,
    payment_intent_id: &'a str,
    status: &'static str,
    gateway: &'static str,
    amount: Rupees,
    order_number: Option<&'a str>,
    shop: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    root: String,
    heading: &'a str,
    text: &'a str,
    reload_seconds: Option<u64>,
    status_of: Option<&'a str>,
}

/// The page that follows a payment.
pub(crate) fn payment(
    request: &HttpRequest,
    standing: &Standing,
    shop: Option<&Url>,
) -> Result<HttpResponse, Problem> {
    let provider: Provider = standing.intent.provider.parse().map_err(Problem::internal)?;
    let page = PaymentPage {
        root: root_of(request),
        words: words(standing.status.status, provider),
        payment_intent_id: &standing.intent.payment_intent_id,
        status: standing.status.status.as_str(),
        gateway: gateway_name(provider),
        amount: Rupees(standing.intent.amount_minor),
        order_number: standing.status.order_number.as_deref(),
        shop: shop.map(Url::as_str),
    };
    html(standing.code(), None, &page)
}

/// The page instead of an answer. One that can be tried again tries by itself.
pub(crate) fn refusal(request: &HttpRequest, refusal: &Refusal) -> Result<HttpResponse, Problem> {
    let (heading, text) = match refusal {
        Refusal::UnknownIntent => {
            ("We know no such payment", "Please check the address, or go back to the shop you came from.")
        }
        Refusal::CallbackInvalid { .. } => (
            "This address cannot be read",
            "What brought you here is damaged or belongs to another payment, so it changed nothing. Your own \
             payment is not affected by it.",
        ),
        Refusal::TooMany { .. } => {
            ("Please wait a moment", "This address was opened too often. The page tries again by itself.")
        }
        Refusal::Unavailable { .. } => (
            "One moment, please",
            "We cannot look at your payment right now. Nothing is lost: this page tries again by itself, and you \
             need not pay again.",
        ),
        Refusal::Internal { .. } => (
            "Something went wrong on our side",
            "Nothing is lost and you need not pay again. Please open this page again in a few minutes.",
        ),
    };
    let status_of = match refusal {
        Refusal::CallbackInvalid { .. } => request.match_info().get("payment_intent_id"),
        Refusal::UnknownIntent
        | Refusal::TooMany { .. }
        | Refusal::Unavailable { .. }
        | Refusal::Internal { .. } => None,
    };
    let retry_after_seconds = refusal.retry_after_seconds();
    let page =
        NoticePage { root: root_of(request), heading, text, reload_seconds: retry_after_seconds, status_of };
    html(refusal.code().status(), retry_after_seconds, &page)
}

/// The page for whoever fetched a return without looking at it: it changes nothing, and once it is looked at it
/// loads the return.
pub(crate) fn unattended(request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let page = NoticePage {
        root: root_of(request),
        heading: "Checking your payment",
        text: "This page goes on by itself.",
        reload_seconds: Some(ATTEND_AFTER_SECONDS),
        status_of: None,
    };
    html(StatusCode::OK, None, &page)
}

fn html(
    code: StatusCode,
    retry_after_seconds: Option<u64>,
    page: &impl Template,
) -> Result<HttpResponse, Problem> {
    let body = page.render().map_err(Problem::internal)?;
    let mut response = HttpResponse::build(code);
    response.content_type("text/html; charset=utf-8");
    response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response.insert_header((header::VARY, "Accept"));
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
