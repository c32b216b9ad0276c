//! Signing in and out.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Query, ServiceConfig, delete, get, post, resource},
};
use askama::Template;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::json;
use service_kit::{
    auth::Operator,
    http::{Code, Problem},
};
use url::Url;

use crate::{
    app::State,
    door::{Form, Purpose, SESSION_PATH, Session, comes_from_another_site, end_session, start_session},
    view::{Frame, html},
};

const HOME: &str = "/admin";

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            resource("/session").route(get().to(sign_in)).route(post().to(start)).route(delete().to(end)),
        )
        .service(resource("/session/end").route(post().to(end)))
        .service(resource("/api/session").route(get().to(who)));
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    next: &'a str,
    provider: Option<&'a str>,
    refusal: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "onward.html")]
struct OnwardPage<'a> {
    frame: Frame,
    next: &'a str,
}

/// Fields of the sign-in page's address; what it does not know it leaves alone, because providers add their own.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    next: Option<String>,
}

async fn sign_in(state: Data<State>, wanted: Query<Wanted>) -> Result<HttpResponse, Problem> {
    let next = local_path(wanted.next.as_deref());
    sign_in_page(&state, &next, None)
}

fn sign_in_page(state: &State, next: &str, refusal: Option<&Problem>) -> Result<HttpResponse, Problem> {
    let provider = state.door.sign_in_url(next);
    let page = SignInPage {
        frame: Frame::outside(),
        next,
        provider: provider.as_ref().map(Url::as_str),
        refusal: refusal.map(Problem::detail),
    };
    html(refusal.map_or(StatusCode::OK, |refusal| refusal.code().status()), &page)
}

#[derive(Debug, Deserialize)]
struct Credentials {
    token: String,
    next: Option<String>,
}

/// Starts a session with a token from a form. The form may stand on the identity provider's page: a token proves its
/// holder wherever it is posted from, and what somebody signs in with is theirs to choose.
async fn start(
    request: HttpRequest,
    state: Data<State>,
    credentials: Form<Credentials>,
) -> Result<HttpResponse, Problem> {
    let Form(Credentials { token, next }) = credentials;
    let (token, next) = (token.trim(), local_path(next.as_deref()));
    let operator = match state.door.verify(token, Purpose::Change).await {
        Ok(operator) => operator,
        Err(problem) if [Code::Unauthenticated, Code::Forbidden].contains(&problem.code()) => {
            return sign_in_page(&state, &next, Some(&problem));
        }
        Err(problem) => return Err(problem),
    };
    let mut response = if comes_from_another_site(request.headers()) {
        knock_again(&next)?
    } else {
        HttpResponse::SeeOther().insert_header((header::LOCATION, next)).finish()
    };
    start_session(&mut response, token, &operator)?;
    tracing::info!(operator = operator.name, role = ?operator.role, "session started");
    Ok(response)
}

async fn end(session: Session) -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::SeeOther().insert_header((header::LOCATION, SESSION_PATH)).finish();
    end_session(&mut response)?;
    tracing::info!(operator = session.operator.name, "session ended");
    Ok(response)
}

/// Who is signed in, and what a script of ours must send with a change.
async fn who(session: Session) -> HttpResponse {
    let Session { operator: Operator { name, ends_at_seconds, .. }, csrf, .. } = &session;
    HttpResponse::Ok().json(json!({
        "operator": name, "role": session.role(), "csrf_token": csrf,
        "ends_at": DateTime::from_timestamp(*ends_at_seconds, 0),
    }))
}

/// A page of ours that goes on to `next` by itself. Browsers keep the session back from a request that another site
/// caused, and bring it along on the one that this page makes.
pub(crate) fn knock_again(next: &str) -> Result<HttpResponse, Problem> {
    html(StatusCode::OK, &OnwardPage { frame: Frame::outside(), next })
}

/// The sign-in page that leads back to `wanted`.
pub(crate) fn sign_in_address(wanted: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
    format!("{SESSION_PATH}?{query}")
}

/// Where to go after signing in: one of our own pages, whatever was asked for.
fn local_path(wanted: Option<&str>) -> String {
    // Only a base to read paths against; nothing is ever sent there.
    const BASE: &str = "http://console.invalid";
    let wanted = wanted.unwrap_or(HOME);
    let resolved = Url::parse(BASE).and_then(|base| base.join(wanted));
    let Ok(url) = resolved.map_err(|error| tracing::debug!(%error, "no address to go on to")) else {
        return HOME.to_owned();
    };
    let path = url.path();
    let is_ours = url.origin().ascii_serialization() == BASE
        && (path == HOME || path.starts_with("/admin/"))
        && !path.starts_with(SESSION_PATH)
        && !path.starts_with("/admin/api/")
        && wanted.starts_with('/');
    match (is_ours, url.query()) {
        (false, _) => HOME.to_owned(),
        (true, None) => path.to_owned(),
        (true, Some(query)) => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_a_page_of_the_console_and_nothing_else() {
        for page in ["/admin", "/admin/jobs", "/admin/jobs?status=failed&after=12"] {
            assert_eq!(local_path(Some(page)), page);
        }
        for elsewhere in [
            "",
            "//evil.example/admin",
            "https://evil.example/admin",
            "/\\evil.example/admin",
            "/api",
            "/administration",
            "/admin/../secret",
            "/admin/%2e%2e/secret",
            "\t//evil.example/admin",
            "javascript:alert(1)",
            "admin",
            "/admin/session",
            "/admin/session/end",
            "/admin/api/jobs",
            "http:/admin",
        ] {
            assert_eq!(local_path(Some(elsewhere)), HOME, "{elsewhere}");
        }
        assert_eq!(local_path(None), HOME);
    }
}
