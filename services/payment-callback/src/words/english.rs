use domain::client_status::ClientStatus;

use super::{Labels, Notice, Words};

pub(super) const LABELS: Labels = Labels {
    order_number: "Order number",
    amount: "Amount",
    through: "Through",
    reference: "Reference",
    since: "Since",
    nepal_time: "Nepal time",
    see_status: "See where your payment stands",
    back_to_shop: "Back to the shop",
    language: "English",
    unreviewed: None,
};

pub(super) fn payment(status: ClientStatus, gateway: &str) -> Words {
    let (heading, text) = match status {
        ClientStatus::AwaitingPayment => (
            "Waiting for your payment",
            format!("{gateway} has not told us of a payment yet. When it does, this page shows it."),
        ),
        ClientStatus::Verifying => (
            "Checking your payment",
            format!(
                "We are asking {gateway} about your payment. This takes a few seconds, sometimes minutes. You may \
                 close this page: we go on asking. Please do not pay again meanwhile."
            ),
        ),
        ClientStatus::Paid => (
            "Paid: your order is on its way",
            format!(
                "{gateway} has confirmed your payment. We are making your order; its number appears here in a moment."
            ),
        ),
        ClientStatus::Confirmed => {
            ("Order confirmed", "Thank you. Your payment has arrived and your order is confirmed.".to_owned())
        }
        ClientStatus::Failed => (
            "No order was made",
            format!(
                "{gateway} holds no payment from you that an order could be made of. You can go back to the shop and \
                 try again. If money left your account all the same, keep the reference below and tell the shop: the \
                 payment can be found by it."
            ),
        ),
        ClientStatus::Expired => (
            "The time to pay has run out",
            "No payment had reached us in time, so the goods are no longer set aside. If you did pay, the payment is \
             not lost: we will find it."
                .to_owned(),
        ),
        ClientStatus::Refunding => (
            "Your money is on its way back",
            format!("We are returning your money through {gateway}. When {gateway} says it is done, this page shows it."),
        ),
        ClientStatus::Refunded => {
            ("Your money was returned", format!("{gateway} tells us that your money was returned."))
        }
        ClientStatus::UnderReview => (
            "We are looking into your payment",
            "Something about your payment needs a person to decide. Nothing is lost, and you need not pay again."
                .to_owned(),
        ),
    };
    Words { heading, text }
}

pub(super) const fn notice(notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::UnknownIntent => {
            ("We know no such payment", "Please check the address, or go back to the shop you came from.")
        }
        Notice::CallbackInvalid => (
            "This address cannot be read",
            "What brought you here is damaged or belongs to another payment, so it changed nothing. Your own payment \
             is not affected by it.",
        ),
        Notice::TooMany => {
            ("Please wait a moment", "This address was opened too often. The page tries again by itself.")
        }
        Notice::Unavailable => (
            "One moment, please",
            "We cannot look at your payment right now. Nothing is lost: this page tries again by itself, and you need \
             not pay again.",
        ),
        Notice::Internal => (
            "Something went wrong on our side",
            "Nothing is lost and you need not pay again. Please open this page again in a few minutes.",
        ),
        Notice::Unattended => ("Checking your payment", "This page goes on by itself."),
    }
}
