//! Rupee text as eSewa writes it, and paisa as everyone should count.

const PAISA_PER_RUPEE: i64 = 100;

/// Parses decimal rupees such as `100`, `99.5` or `99.50` into paisa.
/// `None` for signs, blanks, separators, exponents, a third decimal or more than fits.
pub(crate) fn paisa_from_rupee_text(text: &str) -> Option<i64> {
    let (rupees, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(rupees) || !all_digits(fraction) || fraction.len() > 2 {
        return None;
    }
    let rupees: i64 = rupees.parse().ok()?;
    let paisa: i64 = format!("{fraction:0<2}").parse().ok()?;
    rupees.checked_mul(PAISA_PER_RUPEE)?.checked_add(paisa)
}

/// eSewa's spelling in its answers: at least one decimal, never a needless second one (`100.0`, `99.55`).
pub(crate) fn rupee_text(amount_minor: i64) -> String {
    let (rupees, paisa) = (amount_minor / PAISA_PER_RUPEE, amount_minor % PAISA_PER_RUPEE);
    if paisa % 10 == 0 { format!("{rupees}.{}", paisa / 10) } else { format!("{rupees}.{paisa:02}") }
}

/// The spelling without decimals where none are needed (`100`, `99.55`).
pub(crate) fn shortest_rupee_text(amount_minor: i64) -> String {
    let text = rupee_text(amount_minor);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The spelling of 2024, with a comma before every third digit (`2,700.0`).
pub(crate) fn rupee_text_with_commas(amount_minor: i64) -> String {
    let text = rupee_text(amount_minor);
    let (rupees, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let mut grouped = String::new();
    for (index, digit) in rupees.chars().enumerate() {
        if index > 0 && (rupees.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupee_text_is_parsed_as_a_decimal() {
        for (text, paisa) in
            [("100", 10_000), ("99.5", 9_950), ("99.05", 9_905), ("0.01", 1), ("100.00", 10_000)]
        {
            assert_eq!(paisa_from_rupee_text(text), Some(paisa), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", " 1", "1.005", "99999999999999999999"] {
            assert_eq!(paisa_from_rupee_text(text), None, "{text}");
        }
    }

    #[test]
    fn answers_spell_amounts_like_esewa() {
        assert_eq!(rupee_text(100_000), "1000.0");
        assert_eq!(rupee_text(9_905), "99.05");
        assert_eq!(shortest_rupee_text(100_000), "1000");
        assert_eq!(shortest_rupee_text(9_950), "99.5");
        assert_eq!(rupee_text_with_commas(270_000), "2,700.0");
        assert_eq!(rupee_text_with_commas(123_456_789), "1,234,567.89");
        assert_eq!(rupee_text_with_commas(13_300), "133.0");
    }
}
