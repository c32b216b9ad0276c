/// What is kept of one callback. A genuine one is below 1 KiB.
pub const RAW_PAYLOAD_BYTES_MAX: usize = 16 * 1024;

/// A query or body as received, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPayload {
    text: String,
    is_truncated: bool,
}

impl RawPayload {
    /// Keeps the first 16 KiB, cut between characters. What Postgres cannot hold as text (NUL, bytes that are not
    /// UTF-8) becomes U+FFFD.
    pub fn keep(received: &[u8]) -> Self {
        let head = received.get(..RAW_PAYLOAD_BYTES_MAX).unwrap_or(received);
        let mut text = String::from_utf8_lossy(head).replace('\0', "\u{fffd}");
        let mut end = text.len().min(RAW_PAYLOAD_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        Self { text, is_truncated: received.len() > RAW_PAYLOAD_BYTES_MAX }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether more was received than is kept.
    pub const fn is_truncated(&self) -> bool {
        self.is_truncated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_as_it_came() {
        let kept = RawPayload::keep("data=चार".as_bytes());
        assert_eq!((kept.as_str(), kept.is_truncated()), ("data=चार", false));
    }

    #[test]
    fn what_does_not_fit_is_cut_between_characters() {
        for bytes in [b'a', 0, 0xff] {
            let kept = RawPayload::keep(&vec![bytes; RAW_PAYLOAD_BYTES_MAX + 1]);
            assert!(kept.is_truncated());
            assert!(kept.as_str().len() <= RAW_PAYLOAD_BYTES_MAX);
            assert!(!kept.as_str().contains('\0'));
        }
        let odd = format!("a{}", "é".repeat(RAW_PAYLOAD_BYTES_MAX));
        let kept = RawPayload::keep(odd.as_bytes());
        assert!(kept.as_str().len() <= RAW_PAYLOAD_BYTES_MAX);
    }
}
