//! Fences of prepared statements are not taken out of the sources one by one: the copy is given a switch for each, is
//! compiled once, and its tests are run with one switch after the other.

use std::ops::Range;

use anyhow::Context;

/// Names the fence that a test program of the copy works without.
pub(crate) const WITHOUT_FENCE: &str = "TEST_WITHOUT_FENCE";

/// Where the copy's statements are put together.
pub(crate) const STATEMENTS: &str = "crates/schema/src/statement.rs";
/// The last arm of the macro that takes a statement's pieces, and the arm that a switch needs before it.
const LAST_ARM: &str = "    ($self:ident, $out:ident, $text:literal) => {";
const SWITCH_ARM: &str =
    "    ($self:ident, $out:ident, (switch $text:literal $($name:literal => $without:literal),+)) => {
        match std::env::var_os(\"TEST_WITHOUT_FENCE\").as_deref().and_then(std::ffi::OsStr::to_str) {
            $(Some($name) => $out.push_sql($without),)+
            _ => $out.push_sql($text),
        }
    };
";

/// A fence inside one piece of a statement: the piece's place in its file, and the piece without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) literal: Range<usize>,
    without: String,
}

/// The string literal that holds the fence, where it is a piece of a `statement!`; other fences have no switch.
pub(crate) fn piece_of(source: &str, fence: &Range<usize>, instead: &str) -> Option<Piece> {
    let literal = literals(source)
        .into_iter()
        .find(|literal| literal.start < fence.start && fence.end < literal.end)?;
    let is_in_a_statement = source.get(..literal.start)?.rsplit("\n}\n").next()?.contains("statement! {");
    let before = source.get(literal.start..fence.start)?;
    let after = source.get(fence.end..literal.end)?;
    is_in_a_statement.then(|| Piece { literal, without: format!("{before}{instead}{after}") })
}

/// The source with a switch in place of each of these pieces, which belong to named fences.
pub(crate) fn with_switches(source: &str, fences: &[(&str, &Piece)]) -> anyhow::Result<String> {
    let mut places: Vec<&Range<usize>> = fences.iter().map(|(_, piece)| &piece.literal).collect();
    places.sort_by_key(|place| place.start);
    places.dedup();
    let mut switched = source.to_owned();
    for place in places.into_iter().rev() {
        let text = source.get(place.clone()).context("a piece outside its file")?;
        let arms = fences.iter().filter(|(_, piece)| piece.literal == *place);
        let arms: Vec<String> = arms.map(|(name, piece)| format!("{name:?} => {}", piece.without)).collect();
        switched.replace_range(place.clone(), &format!("(switch {text} {})", arms.join(", ")));
    }
    Ok(switched)
}

/// The file of the macro, which then knows switches.
pub(crate) fn with_switch_arm(statements: &str) -> anyhow::Result<String> {
    let at =
        statements.find(LAST_ARM).with_context(|| format!("{STATEMENTS} has no piece of text any more"))?;
    let (before, after) = statements.split_at(at);
    // The lint knows that the product reads no variable; the copy is no product.
    Ok(format!("{before}{SWITCH_ARM}{after}"))
}

/// The places of all string literals, quotes included. Knows escapes and line comments, which is all these files use.
fn literals(source: &str) -> Vec<Range<usize>> {
    let (mut found, mut start, mut is_comment) = (Vec::new(), None, false);
    let mut characters = source.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (character, start) {
            ('\n', None) => is_comment = false,
            _ if is_comment => {}
            ('/', None) => is_comment = characters.peek().is_some_and(|(_, next)| *next == '/'),
            ('"', None) => start = Some(at),
            ('\\', Some(_)) => {
                characters.next();
            }
            ('"', Some(from)) => {
                found.push(from..at + 1);
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod unit {
    use super::*;

    const SOURCE: &str = "// says \"so\"\nstatement! {\n    \"WHERE a = \" (a as Text) \" AND \\\"b\\\" AND c\"\n}\n\
        fn f() {\n    g(\"AND c too\");\n}\n";

    fn piece(text: &str, instead: &str) -> Option<Piece> {
        let at = SOURCE.find(text).unwrap();
        piece_of(SOURCE, &(at..at + text.len()), instead)
    }

    #[test]
    fn a_fence_of_a_statement_becomes_a_switch_between_its_pieces() {
        let (first, second) = (piece(" AND c\"", "").is_none(), piece(" AND c", "").unwrap());
        assert!(first, "a fence ends before its piece does");
        let third = piece("AND \\\"b\\\"", "OR true").unwrap();
        let switched = with_switches(SOURCE, &[("no c", &second), ("no b", &third)]).unwrap();
        let expected = "(switch \" AND \\\"b\\\" AND c\" \"no c\" => \" AND \\\"b\\\"\", \"no b\" => \" OR true AND c\")";
        assert!(switched.contains(expected), "{switched}");
    }

    #[test]
    fn a_text_elsewhere_has_no_switch() {
        assert_eq!(piece("AND c too", ""), None);
    }
}
