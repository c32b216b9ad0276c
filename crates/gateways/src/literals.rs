//! JSON objects whose values keep the spelling they arrived in.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A JSON object. Numbers stay text: `1000.0` is not `1000` to a signature, and no amount passes through a float.
#[derive(Debug, Clone)]
pub(crate) struct Literals(BTreeMap<String, Box<RawValue>>);

impl Literals {
    /// Fails for whatever is not a JSON object in UTF-8.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body).map(Self)
    }

    /// The content of a string, or a number as it was written; `None` for everything else.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let literal = self.0.get(name)?.get();
        match literal.bytes().next()? {
            b'"' => serde_json::from_str(literal).ok(),
            b'-' | b'0'..=b'9' => Some(literal.to_owned()),
            _ => None,
        }
    }

    /// As [`Self::text`], with blank read as absent.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    /// The content of a string; a number is not one.
    pub(crate) fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    /// Whether the value is the word `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|literal| literal.get() == "true")
    }

    /// Field and message of every value that is a text or a list of texts, in the order of the names.
    pub(crate) fn messages(&self) -> Vec<(&str, String)> {
        let read = |literal: &RawValue| -> Option<String> {
            let listed = serde_json::from_str::<Vec<String>>(literal.get()).map(|list| list.join(" "));
            listed.or_else(|_| serde_json::from_str::<String>(literal.get())).ok()
        };
        self.0.iter().filter_map(|(name, literal)| Some((name.as_str(), read(literal)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_spelling_they_arrived_in() {
        let body = br#"{"a": 1000.0, "b":"2,640.0","c":null,"d":[1],"e":0.10,"f":12345678901234567890.01}"#;
        let literals = Literals::parse(body).unwrap();
        let texts: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].map(|name| literals.text(name)).into();
        let found: Vec<_> = texts.iter().map(Option::as_deref).collect();
        let expected = [Some("1000.0"), Some("2,640.0"), None, None, Some("0.10")];
        assert_eq!(found, [&expected[..], &[Some("12345678901234567890.01"), None]].concat());
        assert_eq!(literals.string("a"), None);
    }

    #[test]
    fn whatever_is_not_an_object_is_refused() {
        for body in ["", "[]", "1", "null", "\"x\"", "{\"a\":1", "<html>", "{\"a\":1} x"] {
            assert!(Literals::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Literals::parse(b"{\"a\":\"\xff\"}").is_err());
    }
}
