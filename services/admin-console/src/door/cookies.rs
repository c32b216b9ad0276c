//! The two cookies: the session, and a notice for the next page.

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderMap, HeaderValue},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use service_kit::{
    auth::Operator,
    http::{Code, Problem},
};

const SESSION: &str = "admin_session";
const NOTICE: &str = "admin_notice";
/// Only for the console's own pages, never for scripts, never over plain HTTP, never on a request that another site
/// caused.
const ATTRIBUTES: &str = "Path=/admin; HttpOnly; Secure; SameSite=Strict";
/// Browsers drop cookies above 4096 bytes, name and attributes included.
const TOKEN_BYTES_MAX: usize = 3800;
/// A notice is for the page that comes next.
const NOTICE_SECONDS: u32 = 60;
const NOTICE_CHARS_MAX: usize = 500;

/// The token that a browser's session holds.
pub(super) fn session_token(headers: &HeaderMap) -> Option<String> {
    value_of(headers, SESSION)
}

/// Keeps a verified token in the browser until it ends. The cookie is the whole session: nothing is stored here, so
/// it outlives restarts and is good at every replica.
///
/// # Errors
/// A token that no browser would keep.
pub(crate) fn start_session(
    response: &mut HttpResponse,
    token: &str,
    operator: &Operator,
) -> Result<(), Problem> {
    let too_large = || {
        let detail =
            format!("A session's token may have {TOKEN_BYTES_MAX} bytes; ask for one with fewer claims.");
        Problem::new(Code::PayloadTooLarge, detail)
    };
    if token.len() > TOKEN_BYTES_MAX {
        return Err(too_large());
    }
    let ends_at = DateTime::from_timestamp(operator.ends_at_seconds, 0)
        .ok_or_else(|| Problem::new(Code::Unauthenticated, "The token's end is no time."))?;
    let expires = ends_at.format("%a, %d %b %Y %H:%M:%S GMT");
    set(response, &format!("{SESSION}={token}; Expires={expires}; {ATTRIBUTES}"))
}

/// Takes the session out of the browser. The token itself stays good until its end.
pub(crate) fn end_session(response: &mut HttpResponse) -> Result<(), Problem> {
    set(response, &format!("{SESSION}=; Max-Age=0; {ATTRIBUTES}"))
}

/// Leaves a line for the next page to show once.
pub(crate) fn leave_notice(response: &mut HttpResponse, text: &str) -> Result<(), Problem> {
    let text: String = text.chars().take(NOTICE_CHARS_MAX).collect();
    let text = URL_SAFE_NO_PAD.encode(text);
    set(response, &format!("{NOTICE}={text}; Max-Age={NOTICE_SECONDS}; {ATTRIBUTES}"))
}

/// The line that was left for this page.
pub(super) fn notice(headers: &HeaderMap) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(value_of(headers, NOTICE)?).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// The notice was shown.
pub(super) fn forget_notice(headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(&format!("{NOTICE}=; Max-Age=0; {ATTRIBUTES}")) {
        headers.append(header::SET_COOKIE, value);
    }
}

fn set(response: &mut HttpResponse, cookie: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(cookie).map_err(Problem::internal)?;
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_notice_comes_back_as_it_was_left() {
        let mut response = HttpResponse::Ok().finish();
        leave_notice(&mut response, "पूरा भयो; \"done\"").unwrap();
        let cookie = response.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
        let pair = cookie.split(';').next().unwrap();
        let request = TestRequest::default()
            .insert_header((header::COOKIE, format!("other=1; {pair}")))
            .to_http_request();
        assert_eq!(notice(request.headers()).as_deref(), Some("पूरा भयो; \"done\""));
        assert_eq!(session_token(request.headers()), None);
    }
}
