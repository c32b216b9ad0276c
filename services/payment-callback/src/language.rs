//! Which of our languages a reader wants.

use std::cmp::Reverse;

use actix_web::{HttpRequest, http::header};
use url::form_urlencoded;

/// More ranges than any browser sends; what follows them is not read.
const RANGES_MAX: usize = 32;

/// A language that our pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Nepali,
}

impl Language {
    /// What is chosen where a reader takes both alike.
    const ALL: [Self; 2] = [Self::English, Self::Nepali];

    /// As `lang`, `Content-Language` and `?lang=` spell it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Nepali => "ne",
        }
    }

    /// The one this page can be had in instead.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::English => Self::Nepali,
            Self::Nepali => Self::English,
        }
    }

    /// The one that the address names with `lang`, else the one that the browser prefers, else English.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self::chosen(request.query_string()).unwrap_or_else(|| {
            let headers = request.headers().get_all(header::ACCEPT_LANGUAGE);
            let texts: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).collect();
            Self::preferred(&texts.join(","))
        })
    }

    /// The one that a query names.
    pub(crate) fn chosen(query: &str) -> Option<Self> {
        let (_, tag) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "lang")?;
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    fn preferred(accept_language: &str) -> Self {
        let ranges: Vec<Range<'_>> =
            accept_language.split(',').take(RANGES_MAX).filter_map(Range::read).collect();
        let rank = |language: Self| {
            let named = ranges.iter().position(|range| range.language.eq_ignore_ascii_case(language.tag()));
            let place = named.or_else(|| ranges.iter().position(|range| range.language == "*"))?;
            let weight = ranges.get(place)?.weight_thousandths;
            (weight > 0).then_some((weight, Reverse(place)))
        };
        // Of equals the last would be taken, and English is the one to fall back on.
        Self::ALL.into_iter().rev().max_by_key(|language| rank(*language)).unwrap_or(Self::English)
    }
}

/// One `ne-NP;q=0.8` of an `Accept-Language` header, whatever its region.
struct Range<'a> {
    language: &'a str,
    weight_thousandths: u16,
}

impl<'a> Range<'a> {
    /// `None` for what no browser sends.
    fn read(text: &'a str) -> Option<Self> {
        let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
        let language = tag.trim().split(['-', '_']).next().filter(|language| !language.is_empty())?;
        let weight_thousandths = match parameters.trim().strip_prefix("q=") {
            Some(weight) => thousandths(weight.trim())?,
            None => 1000,
        };
        Some(Self { language, weight_thousandths })
    }
}

/// `0.8` is 800; `None` outside of 0 to 1.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_s_first_choice_among_ours_is_taken() {
        for (accept_language, language) in [
            ("", Language::English),
            ("ne", Language::Nepali),
            ("ne-NP,ne;q=0.9,en-US;q=0.8,en;q=0.7", Language::Nepali),
            ("en-US,en;q=0.9,ne;q=0.8", Language::English),
            ("hi-IN,hi;q=0.9,ne;q=0.5,en;q=0.4", Language::Nepali),
            ("de, fr;q=0.5", Language::English),
            ("en;q=0.5, ne", Language::Nepali),
            ("NE-np", Language::Nepali),
            ("ne, en", Language::Nepali),
            ("en, ne", Language::English),
            ("*", Language::English),
            ("ne;q=0.2, *;q=0.1", Language::Nepali),
            ("en;q=0, *", Language::Nepali),
            ("ne;q=0", Language::English),
            ("ne;q=0, *;q=0.5", Language::English),
            ("ne;q=1.000, en;q=0.999", Language::Nepali),
            ("ne;q=7, en;q=0.1", Language::English),
            ("ne;q=0.8888, en;q=0.1", Language::English),
            ("nepal", Language::English),
            (";;;,,q=1,-", Language::English),
        ] {
            assert_eq!(Language::preferred(accept_language), language, "{accept_language}");
        }
    }

    #[test]
    fn the_address_can_name_a_language_and_nothing_else() {
        assert_eq!(Language::chosen("lang=ne"), Some(Language::Nepali));
        assert_eq!(Language::chosen("pidx=abc&lang=en&status=x"), Some(Language::English));
        for query in ["", "lang=", "lang=de", "lang=NE", "language=ne", "data=lang%3Dne"] {
            assert_eq!(Language::chosen(query), None, "{query}");
        }
    }
}
