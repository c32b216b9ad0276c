use crate::payments::gateway::Provider;

/// Crockford's base32 in lower case: no i, l, o or u.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm',
    'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
];
/// 128 bits, five a character.
const CHARACTERS: u32 = 26;

/// `pi_<provider>_` and 128 random bits: nobody can guess one.
pub(super) fn new_payment_intent_id(provider: Provider) -> String {
    format!("pi_{provider}_{}", base32(rand::random()))
}

fn base32(bits: u128) -> String {
    let digit = |index: u32| {
        let five_bits = usize::try_from((bits >> (5 * index)) & 31).unwrap_or(0);
        ALPHABET.get(five_bits).copied().unwrap_or('0')
    };
    (0..CHARACTERS).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_spells_all_its_bits() {
        assert_eq!(base32(0), "0".repeat(26));
        assert_eq!(base32(u128::MAX), format!("7{}", "z".repeat(25)));
        assert_eq!(base32(32), format!("{}10", "0".repeat(24)));
        assert!(new_payment_intent_id(Provider::Esewa).starts_with("pi_esewa_"));
    }
}
