use std::fmt;

use rand::Rng;

/// Digits and capitals without those that are misread or misheard for one another: 0 O, 1 I L, U V.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 30^12 numbers: nobody guesses one, and two equal ones would be refused by their constraint.
const LENGTH: usize = 12;

/// What people call an order: `ORD-` and twelve unambiguous characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNumber(String);

impl OrderNumber {
    /// A number nobody can guess.
    pub fn random(random: &mut impl Rng) -> Self {
        let characters = (0..LENGTH).filter_map(|_| ALPHABET.get(random.random_range(0..ALPHABET.len())));
        Self(format!("ORD-{}", characters.map(|byte| char::from(*byte)).collect::<String>()))
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable_and_differ() {
        let first = OrderNumber::random(&mut rand::rng()).to_string();
        assert_eq!(first.len(), 16);
        assert!(first.trim_start_matches("ORD-").bytes().all(|byte| ALPHABET.contains(&byte)), "{first}");
        assert_ne!(first, OrderNumber::random(&mut rand::rng()).to_string());
    }
}
