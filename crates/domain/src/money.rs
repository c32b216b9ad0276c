//! Money is integer paisa. Text is parsed as a decimal, never through a float.

use std::fmt;

/// The one currency of this shop.
pub const CURRENCY: &str = "NPR";

/// A decimal text that is not an amount of rupees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount in rupees with at most two decimals")]
pub struct NotAnAmount(String);

/// Parses rupees as gateways and catalogues write them into paisa.
///
/// Accepts digits with an optional fraction; a fraction may be any length as long as everything
/// after its second digit is zero. Refuses signs, exponents, separators, blanks and amounts that do not
/// fit `i64`.
pub fn paisa_from_rupees(text: &str) -> Result<i64, NotAnAmount> {
    let refuse = || NotAnAmount(text.chars().take(40).collect());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(refuse());
    }
    let (cents, rest) = fraction.split_at(fraction.len().min(2));
    if rest.bytes().any(|byte| byte != b'0') {
        return Err(refuse());
    }
    let rupees: i64 = whole.parse().or(Err(refuse()))?;
    let paisa: i64 = format!("{cents:0<2}").parse().or(Err(refuse()))?;
    rupees.checked_mul(100).and_then(|sum| sum.checked_add(paisa)).ok_or_else(refuse)
}

/// Writes paisa as the shortest exact decimal of rupees: `100`, `99.5`, `0.05`.
///
/// eSewa signs this text, so one amount has exactly one spelling.
pub fn rupees_from_paisa(amount_minor: i64) -> String {
    let sign = if amount_minor < 0 { "-" } else { "" };
    let amount = amount_minor.unsigned_abs();
    let (rupees, paisa) = (amount / 100, amount % 100);
    match paisa {
        0 => format!("{sign}{rupees}"),
        paisa if paisa % 10 == 0 => format!("{sign}{rupees}.{}", paisa / 10),
        paisa => format!("{sign}{rupees}.{paisa:02}"),
    }
}

/// Paisa the way people in Nepal write them: `Rs 1,25,000.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rupees(pub i64);

impl fmt::Display for Rupees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.0.unsigned_abs();
        let digits = (amount / 100).to_string();
        let (head, last_three) = digits.split_at(digits.len().saturating_sub(3));
        let mut grouped = String::new();
        for (index, digit) in head.chars().enumerate() {
            if index > 0 && (head.len() - index) % 2 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if !head.is_empty() {
            grouped.push(',');
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}Rs {grouped}{last_three}.{:02}", amount % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_parsed_to_the_paisa() {
        for (text, paisa) in
            [("100", 10_000), ("100.0", 10_000), ("0.05", 5), ("99.5", 9_950), ("1.2300", 123)]
        {
            assert_eq!(paisa_from_rupees(text), Ok(paisa), "{text}");
        }
    }

    #[test]
    fn whatever_is_not_plain_rupees_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,000.0", " 1", "1.001", "99999999999999999999"]
        {
            assert!(paisa_from_rupees(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_grouped_as_in_nepal() {
        for (paisa, text) in
            [(12_500_000, "Rs 1,25,000.00"), (99_950, "Rs 999.50"), (100_000, "Rs 1,000.00"), (5, "Rs 0.05")]
        {
            assert_eq!(Rupees(paisa).to_string(), text);
        }
        assert_eq!(Rupees(1_234_567_800).to_string(), "Rs 1,23,45,678.00");
    }
}
