use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{provider::Provider, vocabulary::vocabulary};

vocabulary! {
    /// A way in which the outside world misbehaves, as real gateways were seen to.
    Mode {
        FormUnavailable = "form_unavailable", [Esewa], "The payment form answers that the service is currently unavailable.";

        RedirectNever = "redirect_never", [Esewa, Khalti], "The shopper never comes back.";
        RedirectTwice = "redirect_twice", [Esewa, Khalti], "The return is delivered twice.";
        RedirectMany = "redirect_many", [Esewa, Khalti], "The return is delivered redirect_count times (5).";
        RedirectLate = "redirect_late", [Esewa, Khalti], "The return is held back until the action deliver.";
        RedirectTampersAmount = "redirect_tampers_amount", [Esewa, Khalti], "The amount in the return was edited on the way; the signature was not.";
        RedirectForeignPayload = "redirect_foreign_payload", [Esewa, Khalti], "The return carries the genuine parameters of another paid payment (other_reference, or the latest).";
        RedirectBare = "redirect_bare", [Esewa, Khalti], "The return carries nothing that names the payment.";
        RedirectClaimsPaid = "redirect_claims_paid", [Esewa, Khalti], "The return says paid although no money moved.";
        RedirectToFailureThoughPaid = "redirect_to_failure_though_paid", [Esewa], "A payer who paid is sent to the failure URL.";
        RedirectPlusForSpace = "redirect_plus_for_space", [Khalti], "Spaces in the return are spelled + instead of %20.";
        RedirectUnknownWord = "redirect_unknown_word", [Khalti], "The return carries a status word nobody documented (status_word).";

        AmountAsNumber = "amount_as_number", [Esewa], "total_amount in the return is a JSON number.";
        AmountWithComma = "amount_with_comma", [Esewa], "total_amount in the return has thousands commas that were not signed (2024).";
        TamperedSignature = "tampered_signature", [Esewa], "The signature in the return is wrong.";
        ShortSignature = "short_signature", [Esewa], "The signature in the return is too short.";
        TooFewSignedFields = "too_few_signed_fields", [Esewa], "The signature in the return is right but covers neither amount nor payment.";
        DataUrlSafe = "data_url_safe", [Esewa], "data in the return uses the URL-safe alphabet without padding.";
        DataUnreadable = "data_unreadable", [Esewa], "data in the return is no base64.";

        AnswerSlow = "answer_slow", [Esewa, Khalti], "Status and lookup answer after slow_ms (10000).";
        AnswerForbidden = "answer_forbidden", [Esewa, Khalti], "Status and lookup answer 403 with a page.";
        AnswerRateLimited = "answer_rate_limited", [Esewa, Khalti], "Status and lookup answer 429.";
        AnswerServerError = "answer_server_error", [Esewa, Khalti], "Status and lookup answer 503.";
        AnswerHtml = "answer_html", [Esewa, Khalti], "Status and lookup answer 200 with a page instead of JSON.";
        AnswerTruncated = "answer_truncated", [Esewa, Khalti], "Status and lookup answer with half of their JSON.";
        AnswerDropped = "answer_dropped", [Esewa, Khalti], "Status and lookup close the connection without an answer.";
        AnswerWrongAmount = "answer_wrong_amount", [Esewa, Khalti], "The answer names another amount (answer_amount_minor, or a rupee less).";
        AnswerWrongReference = "answer_wrong_reference", [Esewa, Khalti], "The answer is about another reference.";
        AnswerWithoutTransactionId = "answer_without_transaction_id", [Esewa, Khalti], "A paid payment is answered without its transaction id.";
        ReusedTransactionId = "reused_transaction_id", [Esewa, Khalti], "Return and answer carry the transaction id of another paid payment (other_reference, or the latest).";
        SaysPending = "says_pending", [Esewa, Khalti], "The answer says pending, whatever happened.";
        SaysNotFound = "says_not_found", [Esewa, Khalti], "The answer says not found, whatever happened.";
        SaysUnknownWord = "says_unknown_word", [Esewa, Khalti], "The answer carries a status word nobody documented (status_word).";

        SaysAmbiguous = "says_ambiguous", [Esewa], "The answer says AMBIGUOUS, whatever happened.";
        SaysUnavailable = "says_unavailable", [Esewa], "The status API answers 200 with code 0 and no status.";
        OtherMerchant = "other_merchant", [Esewa], "Return and answer name another merchant, validly signed.";
        CamelCaseAnswer = "camel_case_answer", [Esewa], "The answer has the older camel-case shape.";
        WholeRupeeAnswer = "whole_rupee_answer", [Esewa], "total_amount in the answer has no decimals where none are needed.";
        AcceptsAnyAmount = "accepts_any_amount", [Esewa], "A question with a wrong total_amount is answered instead of NOT_FOUND.";

        SaysInitiated = "says_initiated", [Khalti], "The answer says Initiated, whatever happened.";
        InvalidToken = "invalid_token", [Khalti], "The right key is refused with 401.";
        KhaltiErrorShape = "khalti_error_shape", [Khalti], "Unpaid answers of HTTP 400 carry error_key and no refunded, as observed in 2026.";
        NotFoundStatusCodeShape = "not_found_status_code_shape", [Khalti], "An unknown pidx is answered with status_code instead of error_key.";
        TitleCasePartialRefund = "title_case_partial_refund", [Khalti], "The partial refund is spelled Partially Refunded.";
        LongLivedLink = "long_lived_link", [Khalti], "The payment link lives 3600 seconds.";
        PaidByBank = "paid_by_bank", [Khalti], "The shopper pays from a bank, so a refund needs a mobile number.";
        InitiateSlow = "initiate_slow", [Khalti], "Initiation makes the payment and answers after slow_ms (10000).";
        InitiateServerError = "initiate_server_error", [Khalti], "Initiation answers 503 and makes nothing.";
        InitiateRefused = "initiate_refused", [Khalti], "Initiation is refused with 400 for a rule of the merchant's account.";
        InitiateHtml = "initiate_html", [Khalti], "Initiation makes the payment and answers 200 with a page.";
        InitiateDropped = "initiate_dropped", [Khalti], "Initiation makes the payment and closes the connection without an answer.";
        RefundTimesOutDone = "refund_times_out_done", [Khalti], "A refund is made, then nothing is heard for slow_ms (10000) and the connection closes.";
        RefundTimesOutUndone = "refund_times_out_undone", [Khalti], "A refund is not made; nothing is heard for slow_ms (10000) and the connection closes.";
        RefundRefused = "refund_refused", [Khalti], "A refund is refused with 400.";
        RefundServerError = "refund_server_error", [Khalti], "A refund is answered 503 and not made.";
        RefundClaimedUndone = "refund_claimed_undone", [Khalti], "A refund is answered as successful but not made.";

        JwksUnavailable = "jwks_unavailable", [Identity], "The key set answers 503.";
        TokenExpired = "token_expired", [Identity], "The token ended an hour ago.";
        TokenUnsigned = "token_unsigned", [Identity], "The token says alg none and has no signature.";
        TokenWrongIssuer = "token_wrong_issuer", [Identity], "The token names another issuer.";
        TokenWrongAudience = "token_wrong_audience", [Identity], "The token is meant for another audience.";
        TokenForeignKey = "token_foreign_key", [Identity], "The token is signed by a key that is not in the set, under the kid of one that is.";
        TokenUnknownKid = "token_unknown_kid", [Identity], "The token is signed by a key, and names a kid, that are not in the set.";
        TokenHs256 = "token_hs256", [Identity], "The token is signed with HMAC, keyed by the public key.";
        TokenWithoutSubject = "token_without_subject", [Identity], "The token has no sub.";
        TokenWithoutExpiry = "token_without_expiry", [Identity], "The token has no exp.";
    }
}

pub(crate) const SLOW_MS_MAX: u64 = 120_000;
pub(crate) const REDIRECT_COUNT_MAX: usize = 100;
const SLOW_MS_DEFAULT: u64 = 10_000;
const REDIRECT_COUNT_DEFAULT: usize = 5;

/// The modes of one payment, or of all future ones, with what they need to know.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModeSet {
    pub(crate) modes: BTreeSet<Mode>,
    /// Silence before a slow answer, at most two minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slow_ms: Option<u64>,
    /// Only the first so many status questions meet the modes of answers; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) question_count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_count: Option<usize>,
    /// The payment whose payload or transaction id is borrowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status_word: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer_amount_minor: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ModesError {
    #[error("mode {mode} does not belong to {provider:?}")]
    ForeignMode { mode: &'static str, provider: Provider },
    #[error("slow_ms may be at most {SLOW_MS_MAX}")]
    SlowTooLong,
    #[error("redirect_count may be at most {REDIRECT_COUNT_MAX}")]
    TooManyRedirects,
}

impl ModeSet {
    pub(crate) fn has(&self, mode: Mode) -> bool {
        self.modes.contains(&mode)
    }

    pub(crate) fn slow(&self) -> Duration {
        Duration::from_millis(self.slow_ms.unwrap_or(SLOW_MS_DEFAULT))
    }

    /// How often the shopper's browser is sent back.
    pub(crate) fn deliveries(&self) -> usize {
        if self.has(Mode::RedirectNever) {
            0
        } else if self.has(Mode::RedirectMany) {
            self.redirect_count.unwrap_or(REDIRECT_COUNT_DEFAULT)
        } else if self.has(Mode::RedirectTwice) {
            2
        } else {
            1
        }
    }

    /// What the question with this number (from 1) meets: these modes, or none once they have worn off.
    pub(crate) fn for_question(&self, question: u64) -> Self {
        match self.question_count {
            Some(count) if question > count => Self::default(),
            Some(_) | None => self.clone(),
        }
    }

    /// The part of these modes that concerns one provider.
    pub(crate) fn of(&self, provider: Provider) -> Self {
        let modes = self.modes.iter().copied().filter(|mode| mode.providers().contains(&provider)).collect();
        Self { modes, ..self.clone() }
    }

    pub(crate) fn check_bounds(&self) -> Result<(), ModesError> {
        if self.slow_ms.is_some_and(|slow_ms| slow_ms > SLOW_MS_MAX) {
            return Err(ModesError::SlowTooLong);
        }
        if self.redirect_count.is_some_and(|count| count > REDIRECT_COUNT_MAX) {
            return Err(ModesError::TooManyRedirects);
        }
        Ok(())
    }

    pub(crate) fn check_for(&self, provider: Provider) -> Result<(), ModesError> {
        match self.modes.iter().find(|mode| !mode.providers().contains(&provider)) {
            Some(mode) => Err(ModesError::ForeignMode { mode: mode.word(), provider }),
            None => self.check_bounds(),
        }
    }
}
