//! The middleware in front of everything below `/admin`.

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use service_kit::http::{Code, Problem};

use super::{
    Purpose, SESSION_PATH, Session, cookies, csrf,
    origin::{comes_from_another_site, comes_from_our_own_page},
    submitted::{CSRF_FIELD, Submitted},
    work,
};
use crate::{
    app::State,
    pages::{self, session::sign_in_address},
    view,
};

/// Where scripts put the proof that forms carry in a field.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// Sent by our own script when it looks again by itself: no person reads a notice then.
const LIVE_HEADER: HeaderName = HeaderName::from_static("x-live");
/// Open to everybody: what a sign-in page is made of.
const PUBLIC_PATHS: [&str; 3] = ["/admin/console.css", "/admin/console.js", "/admin/icon.svg"];

/// Lets a request in with its [`Session`], or answers it here. What comes back is made a page for browsers; what is
/// below `/admin/api` stays JSON.
pub(crate) async fn admit<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_api = is_api(request.path());
    if request.method() == Method::HEAD {
        // The same answer as to GET; the server leaves the body away.
        request.head_mut().method = Method::GET;
    }
    match enter(&mut request).await {
        Ok(None) => {
            let notice_was_shown = notice_is_shown(&request);
            let mut response = next.call(request).await?.map_into_boxed_body();
            if notice_was_shown && response.status() == StatusCode::OK {
                cookies::forget_notice(response.headers_mut());
            }
            Ok(if is_api { response } else { with_page(response) })
        }
        Ok(Some(answer)) => Ok(request.into_response(answer)),
        Err(problem) => {
            let response = request.into_response(HttpResponse::from_error(problem));
            Ok(if is_api { response } else { with_page(response) })
        }
    }
}

/// `None`: come in. `Some`: an answer that is no failure of anybody.
async fn enter(request: &mut ServiceRequest) -> Result<Option<HttpResponse>, Problem> {
    let changes_something = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let submitted = if changes_something { Submitted::read(request).await? } else { None };
    if let Some(submitted) = &submitted {
        request.extensions_mut().insert(submitted.clone());
    }
    if is_open(request) {
        return Ok(None);
    }
    let (token, is_cookie) = match bearer(request.headers()) {
        Some(token) => (token, false),
        None => match cookies::session_token(request.headers()) {
            Some(token) => (token, true),
            None => return turn_away(request, submitted.as_ref(), no_session()),
        },
    };
    let state = request.app_data::<Data<State>>().cloned();
    let state = state.ok_or_else(|| Problem::internal("no state in this application"))?;
    let purpose = if changes_something { Purpose::Change } else { Purpose::Read };
    let operator = match state.door.verify(&token, purpose).await {
        Ok(operator) => operator,
        Err(problem) if problem.code() == Code::Unauthenticated => {
            return turn_away(request, submitted.as_ref(), problem);
        }
        Err(problem) => return Err(problem),
    };
    let notice = cookies::notice(request.headers()).filter(|_| notice_is_shown(request));
    let session = Session { operator, csrf: csrf::proof_of(&token)?, notice };
    if changes_something {
        let ends_session = request.path().starts_with(SESSION_PATH);
        if !ends_session {
            session.operator.require_changes()?;
        }
        if is_cookie && let Some(answer) = refuse_strangers(request, &token, submitted.as_ref(), &session)? {
            return Ok(Some(answer));
        }
    }
    request.extensions_mut().insert(session);
    Ok(None)
}

/// A cookie goes along with whatever request a browser makes; a change must also come from our own page, made for
/// this very session.
fn refuse_strangers(
    request: &ServiceRequest,
    token: &str,
    submitted: Option<&Submitted>,
    session: &Session,
) -> Result<Option<HttpResponse>, Problem> {
    if !comes_from_our_own_page(request.headers()) {
        let detail =
            "Changes are made from the console's own pages only: Origin or Sec-Fetch-Site names another.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let header = request.headers().get(CSRF_HEADER).map(|value| value.to_str().unwrap_or_default());
    let presented = header.or_else(|| submitted.and_then(|submitted| submitted.value(CSRF_FIELD)));
    match presented {
        Some(presented) if csrf::is_proof_of(token, presented)? => Ok(None),
        Some(_) | None => match submitted {
            Some(submitted) if !is_api(request.path()) => {
                work::again(request.path(), submitted, session).map(Some)
            }
            Some(_) | None => {
                let detail = "The change carries no CSRF token of this session; load the page again.";
                Err(Problem::new(Code::Forbidden, detail))
            }
        },
    }
}

/// No session, or one that has ended: programs are told, people are asked to sign in, and what they wrote is kept.
fn turn_away(
    request: &ServiceRequest,
    submitted: Option<&Submitted>,
    problem: Problem,
) -> Result<Option<HttpResponse>, Problem> {
    if is_api(request.path()) {
        return Err(problem);
    }
    if let Some(submitted) = submitted {
        return work::kept(request.path(), submitted).map(Some);
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Err(problem);
    }
    let wanted = request.uri().path_and_query().map_or("/admin", |wanted| wanted.as_str());
    // The session may well be there: a link on another site does not bring it along, our own page does.
    if comes_from_another_site(request.headers()) {
        return pages::session::knock_again(wanted).map(Some);
    }
    Ok(Some(HttpResponse::SeeOther().insert_header((header::LOCATION, sign_in_address(wanted))).finish()))
}

fn no_session() -> Problem {
    let challenge = HeaderValue::from_static("Bearer");
    Problem::new(Code::Unauthenticated, "Sign in, or send `Authorization: Bearer` with an operator's token.")
        .header(header::WWW_AUTHENTICATE, challenge)
}

/// A program's token. One that is no text is a wrong token, not none: the cookie must not answer for it.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim().to_owned() } else { String::new() })
}

fn is_open(request: &ServiceRequest) -> bool {
    let begins_session = [Method::GET, Method::HEAD, Method::POST].contains(request.method());
    PUBLIC_PATHS.contains(&request.path()) || (request.path() == SESSION_PATH && begins_session)
}

fn is_api(path: &str) -> bool {
    path == "/admin/api" || path.starts_with("/admin/api/")
}

fn notice_is_shown(request: &ServiceRequest) -> bool {
    let is_looked_at = request.method() == Method::GET && !request.headers().contains_key(LIVE_HEADER);
    is_looked_at
        && !is_open(request)
        && !is_api(request.path())
        && cookies::notice(request.headers()).is_some()
}

/// Makes a page of a refusal that has none yet.
fn with_page(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(problem) = problem_of(&response) else { return response };
    if let Some(cause) = problem.cause() {
        // The answer that leaves has a body of its own, and with it the boundary no longer sees the cause.
        tracing::warn!(cause, code = %problem.code(), "a page could not be shown");
    }
    let session = response.request().extensions().get::<Session>().cloned();
    match view::problem_page(&problem, session.as_ref()) {
        Ok(page) => {
            let (request, refusal) = response.into_parts();
            let mut answer = page;
            for (name, value) in refusal.headers() {
                if !answer.headers().contains_key(name) {
                    answer.headers_mut().append(name.clone(), value.clone());
                }
            }
            ServiceResponse::new(request, answer)
        }
        Err(_unwritable) => response,
    }
}

fn problem_of(response: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        return Some(problem.clone());
    }
    let is_bare = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    match response.status() {
        StatusCode::NOT_FOUND if is_bare => Some(Problem::new(Code::NotFound, "There is no such page.")),
        StatusCode::METHOD_NOT_ALLOWED if is_bare => {
            Some(Problem::new(Code::MethodNotAllowed, "This address exists, but not for this method."))
        }
        _ => None,
    }
}
