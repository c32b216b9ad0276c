//! What the pages say: true at the moment it is read, and never more than is known.

mod english;
mod nepali;

use domain::{client_status::ClientStatus, nepal_time::NepalTime, payments::gateway::Provider};

use crate::language::Language;

/// A heading and what it means for the reader.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) heading: &'static str,
    pub(crate) text: String,
}

/// The words around them.
#[derive(Debug)]
pub(crate) struct Labels {
    pub(crate) order_number: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) through: &'static str,
    pub(crate) reference: &'static str,
    /// Before the time since which the payment stands where it stands.
    pub(crate) since: &'static str,
    /// After a time, as the clock it is read from.
    pub(crate) nepal_time: &'static str,
    pub(crate) see_status: &'static str,
    pub(crate) back_to_shop: &'static str,
    /// What the language calls itself.
    pub(crate) language: &'static str,
    /// Where the words may be wrong: that they may.
    pub(crate) unreviewed: Option<&'static str>,
}

/// A page that shows no payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    UnknownIntent,
    CallbackInvalid,
    TooMany,
    Unavailable,
    Internal,
    /// Fetched without anybody looking.
    Unattended,
}

impl Language {
    pub(crate) fn payment(self, status: ClientStatus, provider: Provider) -> Words {
        match self {
            Self::English => english::payment(status, gateway_name(provider)),
            Self::Nepali => nepali::payment(status, gateway_name(provider)),
        }
    }

    pub(crate) fn notice(self, notice: Notice) -> Words {
        let (heading, text) = match self {
            Self::English => english::notice(notice),
            Self::Nepali => nepali::notice(notice),
        };
        Words { heading, text: text.to_owned() }
    }

    pub(crate) const fn labels(self) -> &'static Labels {
        match self {
            Self::English => &english::LABELS,
            Self::Nepali => &nepali::LABELS,
        }
    }

    pub(crate) fn time(self, time: NepalTime) -> String {
        match self {
            Self::English => time.to_string(),
            Self::Nepali => nepali::time(time),
        }
    }
}

/// How a gateway writes itself, in every language.
pub(crate) const fn gateway_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Esewa => "eSewa",
        Provider::Khalti => "Khalti",
    }
}

/// When a browser without JavaScript should look again; `None` where nothing changes by itself.
pub(crate) const fn look_again_seconds(status: ClientStatus) -> Option<u64> {
    match status {
        ClientStatus::Paid => Some(2),
        ClientStatus::Verifying => Some(3),
        ClientStatus::AwaitingPayment => Some(5),
        ClientStatus::Refunding | ClientStatus::UnderReview => Some(30),
        ClientStatus::Confirmed | ClientStatus::Failed | ClientStatus::Expired | ClientStatus::Refunded => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_looks_again_exactly_while_its_status_can_change_by_itself() {
        for status in ClientStatus::ALL {
            assert_eq!(look_again_seconds(status).is_none(), status.is_final(), "{status:?}");
        }
    }

    #[test]
    fn nothing_is_called_failed_while_it_is_not_known() {
        let never = [
            (Language::English, ["fail", "no payment", "not paid", "unsuccessful", "declined", "no order"]),
            (Language::Nepali, ["असफल", "विफल", "भुक्तानी भएको छैन", "भुक्तानी भएन", "रद्द", "अर्डर बनेन"]),
        ];
        for (language, words_of_failure) in never {
            for status in ClientStatus::ALL.into_iter().filter(|status| !status.is_final()) {
                let words = language.payment(status, Provider::Khalti);
                let said = format!("{} {}", words.heading, words.text).to_lowercase();
                for word in words_of_failure {
                    assert!(!said.contains(word), "{status:?} says `{word}`");
                }
            }
        }
    }

    #[test]
    fn every_status_has_words_of_its_own_in_every_language() {
        for language in [Language::English, Language::Nepali] {
            let mut headings: Vec<&str> = ClientStatus::ALL
                .into_iter()
                .map(|status| language.payment(status, Provider::Esewa).heading)
                .collect();
            headings.sort_unstable();
            headings.dedup();
            assert_eq!(headings.len(), ClientStatus::ALL.len(), "{language:?}");
        }
    }

    #[test]
    fn nepali_is_written_in_its_own_script_and_owns_up_to_being_unreviewed() {
        let is_devanagari = |text: &str| text.chars().any(|letter| ('\u{900}'..='\u{97f}').contains(&letter));
        for status in ClientStatus::ALL {
            let words = Language::Nepali.payment(status, Provider::Esewa);
            assert!(is_devanagari(words.heading) && is_devanagari(&words.text), "{status:?}");
        }
        assert!(Language::Nepali.labels().unreviewed.is_some_and(is_devanagari));
        assert!(Language::English.labels().unreviewed.is_none());
    }
}
