//! What a caller wants to be answered with.

use actix_web::{
    HttpRequest,
    http::header::{Accept, Header, HeaderMap},
};

/// What the `Accept` header prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preference {
    Page,
    Json,
    /// Neither is named: it says `*/*`, or nothing.
    Unsaid,
}

impl Preference {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let ranked = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
        let named = ranked.iter().find_map(|kind| match kind.essence_str() {
            "text/html" | "application/xhtml+xml" => Some(Self::Page),
            "application/json" | "application/problem+json" => Some(Self::Json),
            _ => None,
        });
        named.unwrap_or(Self::Unsaid)
    }
}

/// Whether a browser fetches ahead of a person who may never come.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().flat_map(|name| headers.get_all(*name)).any(
        |value| {
            let value = value.as_bytes().to_ascii_lowercase();
            [&b"prefetch"[..], b"prerender", b"preview"]
                .iter()
                .any(|word| value.windows(word.len()).any(|part| part == *word))
        },
    )
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn browsers_get_pages_and_programs_get_what_they_ask_for() {
        let of = |accept: &str| {
            Preference::of(&TestRequest::default().insert_header(("accept", accept)).to_http_request())
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert_eq!(of(browser), Preference::Page);
        assert_eq!(of("application/json"), Preference::Json);
        assert_eq!(of("application/json, text/plain, */*"), Preference::Json);
        assert_eq!(of("text/html;q=0.5, application/json"), Preference::Json);
        assert_eq!(of("*/*"), Preference::Unsaid);
        assert_eq!(of("nonsense"), Preference::Unsaid);
        assert_eq!(Preference::of(&TestRequest::default().to_http_request()), Preference::Unsaid);
    }

    #[test]
    fn what_is_fetched_ahead_is_recognised() {
        let of = |name: &'static str, value: &'static str| {
            is_prefetch(TestRequest::default().insert_header((name, value)).to_http_request().headers())
        };
        assert!(of("sec-purpose", "prefetch;anonymous-client-ip"));
        assert!(of("sec-purpose", "prefetch;prerender"));
        assert!(of("purpose", "Prefetch"));
        assert!(of("x-moz", "prefetch"));
        assert!(!of("sec-fetch-mode", "navigate"));
    }
}
