use actix_web::{HttpResponse, http::StatusCode, http::header, web};
use askama::Template;
use url::form_urlencoded;

use crate::{
    html::{Page, page},
    modes::{Mode, ModeSet, SLOW_MS_MAX},
    provider::Provider,
    state::State,
};

struct Choice {
    word: &'static str,
    summary: &'static str,
    is_on: bool,
}

struct Group {
    title: &'static str,
    modes: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    groups: Vec<Group>,
    slow_ms: String,
    slow_ms_max: u64,
    question_count: String,
    count: usize,
    saved: bool,
}

/// `GET /shop/trouble`
pub(super) async fn show(state: web::Data<State>, query: web::Query<Saved>) -> Page {
    let set = state.ledger().defaults().clone();
    let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let page_now = TroublePage {
        groups: groups(&set),
        slow_ms: text(set.slow_ms),
        slow_ms_max: SLOW_MS_MAX,
        question_count: text(set.question_count),
        count: set.modes.len(),
        saved: query.saved.is_some(),
    };
    page(StatusCode::OK, &page_now)
}

#[derive(serde::Deserialize)]
pub(super) struct Saved {
    saved: Option<String>,
}

/// `POST /shop/trouble`: the same as `PUT /control/defaults`, from a form.
pub(super) async fn save(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let set = read(&body);
    if let Err(error) = set.check_bounds() {
        return HttpResponse::BadRequest().body(error.to_string());
    }
    state.ledger().set_defaults(set);
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/shop/trouble?saved=yes")).finish()
}

fn read(body: &[u8]) -> ModeSet {
    let mut set = ModeSet::default();
    for (name, value) in form_urlencoded::parse(body) {
        match name.as_ref() {
            "everything" => return ModeSet::default(),
            "mode" => set.modes.extend(Mode::ALL.iter().copied().filter(|mode| mode.word() == value)),
            "slow_ms" => set.slow_ms = value.parse().ok(),
            "question_count" => set.question_count = value.parse().ok(),
            _ => {}
        }
    }
    set
}

fn groups(set: &ModeSet) -> Vec<Group> {
    let of = |title, providers: &'static [Provider]| Group {
        title,
        modes: Mode::ALL
            .iter()
            .filter(|mode| mode.providers() == providers)
            .map(|mode| Choice { word: mode.word(), summary: mode.summary(), is_on: set.has(*mode) })
            .collect(),
    };
    vec![
        of("Both gateways", &[Provider::Esewa, Provider::Khalti]),
        of("eSewa", &[Provider::Esewa]),
        of("Khalti", &[Provider::Khalti]),
        of("Identity provider", &[Provider::Identity]),
    ]
}
