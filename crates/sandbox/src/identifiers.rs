use rand::Rng;

const KHALTI_ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const KHALTI_LENGTH: usize = 22;
const ESEWA_ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ESEWA_LENGTH: usize = 7;

/// A `pidx` or transaction id as Khalti writes them: 22 characters without look-alikes.
pub(crate) fn khalti_identifier() -> String {
    random_text(KHALTI_ALPHABET, KHALTI_LENGTH)
}

/// A transaction code as eSewa writes them, for example `000AWEO`.
pub(crate) fn esewa_transaction_code() -> String {
    random_text(ESEWA_ALPHABET, ESEWA_LENGTH)
}

fn random_text(alphabet: &[u8], length: usize) -> String {
    let mut random = rand::rng();
    (0..length)
        .filter_map(|_| alphabet.get(random.random_range(0..alphabet.len())))
        .map(|&letter| char::from(letter))
        .collect()
}
