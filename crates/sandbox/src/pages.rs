//! What a person sees: the payment pages, with the same actions as `/control`.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use serde::Deserialize;

use crate::{
    actions::Action,
    amount::rupee_text,
    clock,
    control::action_status,
    deliveries::{ActionError, ActionRequest, Delivered, perform},
    html::{Page, page},
    payment::Payment,
    provider::Provider,
    state::State,
};

const LISTED_PAYMENTS_MAX: usize = 50;

struct Row {
    reference: String,
    gateway: &'static str,
    amount: String,
    status: String,
    url: String,
}

impl Row {
    fn of(payment: &Payment) -> Self {
        let reference = payment.request.reference.clone();
        Self {
            gateway: gateway_name(payment.request.provider),
            amount: rupee_text(payment.request.amount_minor),
            status: format!("{:?}", payment.status),
            url: page_url(payment.request.provider, &reference),
            reference,
        }
    }
}

struct Button {
    word: &'static str,
    label: String,
    summary: &'static str,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage {
    payment: Row,
    path: String,
    buttons: Vec<Button>,
}

#[derive(Template)]
#[template(path = "returns.html")]
struct ReturnsPage {
    payment: Row,
    redirects: Vec<String>,
    held: usize,
    /// The shopper closed the tab instead of coming back.
    left: bool,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    heading: &'static str,
    detail: String,
}

fn gateway_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Esewa => "eSewa",
        Provider::Khalti => "Khalti",
        Provider::Identity => "identity provider",
    }
}

fn page_url(provider: Provider, reference: &str) -> String {
    match provider {
        Provider::Esewa | Provider::Identity => format!("/esewa/pay/{reference}"),
        Provider::Khalti => format!("/khalti/pay?pidx={reference}"),
    }
}

fn html(template: &impl Template) -> Page {
    page(StatusCode::OK, template)
}

fn refused(status: StatusCode, heading: &'static str, detail: String) -> Page {
    page(status, &RefusedPage { heading, detail })
}

fn not_found() -> Page {
    let detail = "The sandbox keeps payments in memory: after a restart it knows none of the earlier ones.";
    refused(StatusCode::NOT_FOUND, "No such payment", detail.to_owned())
}

/// `GET /`
pub(crate) async fn index(state: web::Data<State>) -> Page {
    let rows = state.ledger().all(clock::now()).take(LISTED_PAYMENTS_MAX).map(Row::of).collect();
    html(&IndexPage { rows })
}

/// `GET /esewa/pay/{transaction_uuid}`
pub(crate) async fn esewa_page(state: web::Data<State>, reference: web::Path<String>) -> Page {
    pay_page(&state, Provider::Esewa, &reference)
}

#[derive(Deserialize)]
pub(crate) struct KhaltiLink {
    pidx: String,
}

/// `GET /khalti/pay?pidx=…`
pub(crate) async fn khalti_page(state: web::Data<State>, link: web::Query<KhaltiLink>) -> Page {
    pay_page(&state, Provider::Khalti, &link.pidx)
}

fn pay_page(state: &State, provider: Provider, reference: &str) -> Page {
    let payment = state.ledger().find(provider, reference, clock::now()).map(|payment| Row::of(payment));
    let Some(payment) = payment else { return not_found() };
    let path = match provider {
        Provider::Esewa | Provider::Identity => format!("/esewa/pay/{}", payment.reference),
        Provider::Khalti => format!("/khalti/pay/{}", payment.reference),
    };
    let buttons = Action::ALL
        .iter()
        .filter(|action| action.offered_by(provider))
        .map(|action| Button { word: action.word(), label: label(*action), summary: action.summary() })
        .collect();
    html(&PayPage { payment, path, buttons })
}

/// `pay_late` as a person would read it on a button.
fn label(action: Action) -> String {
    if action == Action::Leave {
        return "Close the tab".to_owned();
    }
    let words = action.word().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `POST /esewa/pay/{transaction_uuid}/{action}`
pub(crate) async fn esewa_button(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> Page {
    let (reference, word) = path.into_inner();
    press(&state, Provider::Esewa, &reference, &word, leaves(&body))
}

/// `POST /khalti/pay/{pidx}/{action}`
pub(crate) async fn khalti_button(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> Page {
    let (reference, word) = path.into_inner();
    press(&state, Provider::Khalti, &reference, &word, leaves(&body))
}

/// Whether the button also closes the tab.
fn leaves(body: &[u8]) -> bool {
    url::form_urlencoded::parse(body).any(|(name, value)| name == "then" && value == "leave")
}

/// Sends the browser on if there is one way to go; otherwise shows the ways there are.
fn press(state: &State, provider: Provider, reference: &str, word: &str, left: bool) -> Page {
    let Some(action) = Action::from_word(word) else { return not_found() };
    let request = ActionRequest { provider, key: reference, action, amount_minor: None };
    let Delivered { payment: _, redirects } = match perform(state, &request) {
        Ok(delivered) => delivered,
        Err(ActionError::UnknownPayment) => return not_found(),
        Err(error) => return refused(action_status(&error), "That is not possible", error.to_string()),
    };
    if let [redirect] = redirects.as_slice()
        && !left
    {
        return Ok(HttpResponse::Found().insert_header((header::LOCATION, redirect.as_str())).finish());
    }
    let after = state
        .ledger()
        .find(provider, reference, clock::now())
        .map(|payment| (Row::of(payment), payment.redirects_held.len()));
    let Some((payment, held)) = after else { return not_found() };
    html(&ReturnsPage { payment, redirects, held, left })
}
