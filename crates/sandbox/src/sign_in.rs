//! How a person gets into the operator's console during development.

use actix_web::{http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use crate::{
    html::{Page, page},
    identity::operator_token,
    state::State,
};

const NEXT_DEFAULT: &str = "/admin";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    next: String,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage {
    name: String,
    role: &'static str,
    console_url: String,
    token: String,
    next: String,
}

#[derive(Template)]
#[template(path = "no_console.html")]
struct NoConsolePage;

#[derive(Deserialize)]
pub(crate) struct Wish {
    next: Option<String>,
}

/// `GET /sign-in?next=…`
pub(crate) async fn ask(state: web::Data<State>, wish: web::Query<Wish>) -> Page {
    if state.settings.console_url.is_none() {
        return page(StatusCode::NOT_FOUND, &NoConsolePage);
    }
    let next = wish.into_inner().next.unwrap_or_else(|| NEXT_DEFAULT.to_owned());
    page(StatusCode::OK, &SignInPage { next })
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Operator,
    Viewer,
}

#[derive(Deserialize)]
pub(crate) struct Claim {
    name: String,
    role: Role,
    next: String,
}

/// `POST /sign-in`: a page that hands the token to the console, from where the browser goes on to `next`.
pub(crate) async fn hand_over(state: web::Data<State>, claim: web::Form<Claim>) -> Page {
    let Claim { name, role, next } = claim.into_inner();
    let Some(console_url) = state.settings.console_url.as_deref() else {
        return page(StatusCode::NOT_FOUND, &NoConsolePage);
    };
    let role = match role {
        Role::Operator => "operator",
        Role::Viewer => "viewer",
    };
    let token = operator_token(&state, &name, role).map_err(actix_web::error::ErrorInternalServerError)?;
    let console_url = console_url.trim_end_matches('/').to_owned();
    page(StatusCode::OK, &SignedInPage { name, role, console_url, token, next })
}
