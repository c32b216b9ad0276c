//! Which page a request comes from, as the browser says; scripts and forms cannot forge these headers.

use actix_web::http::header::{self, HeaderMap, HeaderName};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a change comes from one of our own pages. Whatever the browser says must agree, and it must say
/// something. The host is compared, not the scheme: TLS may end before us.
pub(super) fn comes_from_our_own_page(headers: &HeaderMap) -> bool {
    let site = text(headers, &SEC_FETCH_SITE).map(|site| site == "same-origin");
    let origin = text(headers, &header::ORIGIN).map(|origin| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| text(headers, &header::HOST) == Some(host))
    });
    match (site, origin) {
        (None, None) => false,
        (site, origin) => site.unwrap_or(true) && origin.unwrap_or(true),
    }
}

/// Whether another site caused a request; then the browser has kept the session's cookie back.
pub(crate) fn comes_from_another_site(headers: &HeaderMap) -> bool {
    text(headers, &SEC_FETCH_SITE) == Some("cross-site")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // A header that is no text is there all the same, and equals nothing we would believe.
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_ours(lines: &[(&str, &str)]) -> bool {
        let request = lines
            .iter()
            .fold(TestRequest::default(), |request, (name, value)| request.insert_header((*name, *value)));
        comes_from_our_own_page(request.to_http_request().headers())
    }

    #[test]
    fn only_our_own_pages_are_believed() {
        let host = ("host", "console.example:8082");
        assert!(is_ours(&[host, ("origin", "https://console.example:8082")]));
        assert!(is_ours(&[host, ("origin", "http://console.example:8082")]));
        assert!(is_ours(&[host, ("sec-fetch-site", "same-origin")]));
        for wrong in [
            &[host][..],
            &[host, ("origin", "null")],
            &[host, ("origin", "https://console.example")],
            &[host, ("origin", "https://console.example:8082.evil.example")],
            &[host, ("origin", "ftp://console.example:8082")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("sec-fetch-site", "cross-site"), ("origin", "https://console.example:8082")],
            &[host, ("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
        ] {
            assert!(!is_ours(wrong), "{wrong:?}");
        }
    }
}
