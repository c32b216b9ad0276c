//! What a callback carries about a person, hidden from whoever reads its story.

const MASK: &str = "[masked]";
/// Parameters whose value belongs to the payer.
const PERSONAL: [&str; 6] = ["mobile", "phone", "msisdn", "email", "customer", "payer"];
/// Nepal's numbers have ten digits, with the country's code thirteen; ids of gateways have letters in them.
const PHONE_DIGITS_MIN: usize = 10;

/// A query, form or JSON body with personal values and phone numbers replaced.
pub(super) fn masked(raw_payload: &str) -> String {
    let mut kept = String::with_capacity(raw_payload.len());
    // Queries and forms separate by `&`, flat JSON by `,`: what is between is one name and one value.
    for part in raw_payload.split_inclusive(['&', ',']) {
        let separator = part.chars().last().filter(|last| matches!(last, '&' | ','));
        let pair = part.strip_suffix(['&', ',']).unwrap_or(part);
        kept.push_str(&masked_pair(pair));
        kept.extend(separator);
    }
    kept
}

fn masked_pair(pair: &str) -> String {
    if let Some((name, _)) = pair.split_once(['=', ':']) {
        let lower = name.to_ascii_lowercase();
        if PERSONAL.iter().any(|word| lower.contains(word)) {
            let separator = pair.chars().nth(name.chars().count()).unwrap_or('=');
            return format!("{name}{separator}{MASK}");
        }
    }
    without_phone_numbers(pair)
}

fn without_phone_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
            continue;
        }
        let is_number = word.len() >= PHONE_DIGITS_MIN && word.bytes().all(|byte| byte.is_ascii_digit());
        kept.push_str(if is_number { MASK } else { &word });
        word.clear();
        kept.push(letter);
    }
    kept.pop();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payers_number_and_mail_are_masked_and_the_payment_stays() {
        let raw = "pidx=HT6o6PEZRWFJ5ygavzHWd5&amount=50000&mobile=98XXXXX904&email=a%40b.c&status=Completed";
        let kept = masked(raw);
        assert_eq!(
            kept,
            "pidx=HT6o6PEZRWFJ5ygavzHWd5&amount=50000&mobile=[masked]&email=[masked]&status=Completed"
        );
    }

    #[test]
    fn a_number_is_masked_wherever_it_stands() {
        assert_eq!(masked("note=call+9800000001"), "note=call+[masked]");
        assert_eq!(
            masked(r#"{"Phone":"98","status":"Completed","x":9800000001}"#),
            r#"{"Phone":[masked],"status":"Completed","x":[masked]}"#
        );
    }

    #[test]
    fn an_encoded_answer_stays_as_it_was_received() {
        assert_eq!(masked("data=eyJ0cmFuc2FjdGlvbl9jb2RlIjoi=="), "data=eyJ0cmFuc2FjdGlvbl9jb2RlIjoi==");
    }
}
