//! What the page says of every status: true at the moment it is read, and never more than is known.

use domain::{client_status::ClientStatus, payments::gateway::Provider};

/// The page's words, and when a browser without JavaScript should look again.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    pub(crate) look_again_seconds: Option<u64>,
}

/// How a gateway writes itself.
pub(crate) const fn gateway_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Esewa => "eSewa",
        Provider::Khalti => "Khalti",
    }
}

pub(crate) fn words(status: ClientStatus, provider: Provider) -> Words {
    let gateway = gateway_name(provider);
    let (heading, text, look_again_seconds) = match status {
        ClientStatus::AwaitingPayment => (
            "Waiting for your payment",
            format!("{gateway} has not told us of a payment yet. When it does, this page shows it."),
            Some(5),
        ),
        ClientStatus::Verifying => (
            "Checking your payment",
            format!(
                "We are asking {gateway} about your payment. This takes a few seconds, sometimes minutes. You may \
                 close this page: we go on asking. Please do not pay again meanwhile."
            ),
            Some(3),
        ),
        ClientStatus::Paid => (
            "Payment received",
            format!("{gateway} has confirmed your payment. We are making your order."),
            Some(2),
        ),
        ClientStatus::Confirmed => {
            ("Order confirmed", "Thank you. Your payment has arrived and your order is confirmed.".to_owned(), None)
        }
        ClientStatus::Failed => (
            "No payment was made",
            format!(
                "{gateway} tells us that it took no payment, so there is no order. You can go back to the shop and \
                 try again. If money left your account all the same, keep the reference below: we will find it."
            ),
            None,
        ),
        ClientStatus::Expired => (
            "The time to pay has run out",
            "No payment had reached us in time, so the goods are no longer set aside. If you did pay, the payment \
             is not lost: we will find it."
                .to_owned(),
            None,
        ),
        ClientStatus::Refunding => (
            "Your money is on its way back",
            format!("There will be no order. We have asked for your money to be returned through {gateway}."),
            Some(30),
        ),
        ClientStatus::Refunded => {
            ("Your money was returned", format!("{gateway} tells us that your money was returned."), None)
        }
        ClientStatus::UnderReview => (
            "A person is looking at your payment",
            "Something about your payment needs a person to decide. Nothing is lost, and you need not pay again."
                .to_owned(),
            Some(30),
        ),
    };
    Words { heading, text, look_again_seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_looks_again_exactly_while_its_status_can_change_by_itself() {
        for status in ClientStatus::ALL {
            let words = words(status, Provider::Esewa);
            assert_eq!(words.look_again_seconds.is_none(), status.is_final(), "{status:?}");
        }
    }

    #[test]
    fn nothing_is_called_failed_while_it_is_not_known() {
        for status in ClientStatus::ALL.into_iter().filter(|status| !status.is_final()) {
            let words = words(status, Provider::Khalti);
            let said = format!("{} {}", words.heading, words.text).to_lowercase();
            for word in ["fail", "no payment", "not paid", "unsuccessful", "declined"] {
                assert!(!said.contains(word), "{status:?} says `{word}`");
            }
        }
    }
}
