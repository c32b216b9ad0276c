use crate::{provider::Provider, vocabulary::vocabulary};

vocabulary! {
    /// Something a shopper, a merchant's portal or the gateway itself does to one payment.
    Action {
        Pay = "pay", [Esewa, Khalti], "The shopper pays and is sent back.";
        PayLate = "pay_late", [Esewa, Khalti], "The shopper pays although the link expired, was cancelled or failed.";
        PayTwice = "pay_twice", [Esewa, Khalti], "The shopper is charged twice, under two transaction ids; once more if already paid.";
        Cancel = "cancel", [Esewa, Khalti], "The shopper cancels and is sent back.";
        Leave = "leave", [Esewa, Khalti], "The shopper closes the tab.";
        Pending = "pending", [Esewa, Khalti], "The payment stays undecided and the shopper is sent back.";
        Expire = "expire", [Esewa, Khalti], "The payment's time runs out.";
        Ambiguous = "ambiguous", [Esewa], "eSewa halts the payment in an undecided state.";
        Fail = "fail", [Khalti], "Khalti declares the payment failed.";
        Refund = "refund", [Esewa, Khalti], "The merchant returns everything in the gateway's portal.";
        PartialRefund = "partial_refund", [Esewa, Khalti], "The merchant returns amount_minor (half) in the gateway's portal.";
        Reverse = "reverse", [Esewa, Khalti], "The gateway cancels a payment it had called paid.";
        Outage = "outage", [Esewa, Khalti], "The status or lookup API stops answering about this payment.";
        Recover = "recover", [Esewa, Khalti], "The status or lookup API answers again.";
        Deliver = "deliver", [Esewa, Khalti], "Held returns are delivered; without any, the last one once more.";
    }
}

impl Action {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.word() == word)
    }

    pub(crate) fn offered_by(self, provider: Provider) -> bool {
        self.providers().contains(&provider)
    }
}
