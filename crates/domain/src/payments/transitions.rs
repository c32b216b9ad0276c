//! The status table of the business: what each finding about money does to an intent of each status.
//!
//! Pure and exhaustive; the database refuses any move that is not in it.

use super::status::{CaseKind, IntentStatus};

/// What a gateway's answer, compared with what was stored, says about an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Paid: amount, currency, reference and transaction are as they should be.
    Matches,
    /// Money moved, or may have, but not as it should.
    Odd(CaseKind),
    /// Final: no money is there.
    Unpaid,
    /// All of it went back to the payer.
    RefundSeen,
    /// Not decided yet, or no answer.
    Undecided,
    /// Still undecided at the age at which a person should look.
    UndecidedPastGiveUp,
}

/// How a rule ends an open case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseEnd {
    Fulfilled,
    Verified,
    Unpaid,
    Refunded,
}

impl CaseEnd {
    /// Who resolved a case that a rule ended: the word in `review_cases.resolved_by`.
    pub const RULE: &str = "status table";

    /// The word in `review_cases.resolution`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fulfilled => "fulfilled",
            Self::Verified => "verified",
            Self::Unpaid => "unpaid",
            Self::Refunded => "refunded",
        }
    }
}

/// What is to be done. Nothing, when all are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consequence {
    /// The status to move to; stock follows by `Reservation::after_move_to`.
    pub status: Option<IntentStatus>,
    /// The case to open, or to append to if one is open.
    pub case: Option<CaseKind>,
    /// How the open case ends, if there is one.
    pub case_end: Option<CaseEnd>,
}

const NOTHING: Consequence = Consequence { status: None, case: None, case_end: None };

const fn to(status: IntentStatus) -> Consequence {
    Consequence { status: Some(status), ..NOTHING }
}

const fn case(kind: CaseKind) -> Consequence {
    Consequence { case: Some(kind), ..NOTHING }
}

const fn review(kind: CaseKind) -> Consequence {
    Consequence { status: Some(IntentStatus::UnderReview), case: Some(kind), ..NOTHING }
}

const REFUNDED: Consequence =
    Consequence { status: Some(IntentStatus::Refunded), case: None, case_end: Some(CaseEnd::Refunded) };

/// Looks a finding up. `open_case` is the kind of the intent's open review case, if it has one.
pub fn consequence(status: IntentStatus, finding: Finding, open_case: Option<CaseKind>) -> Consequence {
    use Finding::{Matches, Odd, RefundSeen, Undecided, UndecidedPastGiveUp, Unpaid};
    use IntentStatus as Status;
    match (status, finding) {
        // A gateway cannot be asked before it has a session; an answer all the same changes nothing.
        (Status::Created, _) | (_, Undecided) => NOTHING,

        (Status::AwaitingPayment | Status::Expired | Status::Superseded | Status::Failed, Matches) => {
            to(Status::Verified)
        }
        (Status::AwaitingPayment | Status::Expired | Status::Superseded | Status::Failed, Odd(kind)) => {
            review(kind)
        }
        (Status::AwaitingPayment | Status::Expired | Status::Superseded | Status::Failed, RefundSeen) => {
            REFUNDED
        }
        (Status::AwaitingPayment, Unpaid) => to(Status::Failed),
        (Status::Expired | Status::Superseded | Status::Failed, Unpaid) => NOTHING,
        (Status::AwaitingPayment | Status::Expired | Status::Superseded, UndecidedPastGiveUp) => {
            review(CaseKind::Undecided)
        }
        (Status::Failed, UndecidedPastGiveUp) => NOTHING,

        (Status::Verified, Matches | UndecidedPastGiveUp) => NOTHING,
        (Status::Verified, Odd(kind)) => review(kind),
        (Status::Verified, Unpaid) => review(CaseKind::Reversed),
        (Status::Verified, RefundSeen) => REFUNDED,

        (Status::Completed, Matches | UndecidedPastGiveUp) => NOTHING,
        (Status::Completed, Odd(kind)) => case(kind),
        (Status::Completed, Unpaid) => case(CaseKind::Reversed),
        (Status::Completed, RefundSeen) => REFUNDED,

        (Status::Refunding, Matches) => NOTHING,
        (Status::Refunding, Odd(kind)) => review(kind),
        (Status::Refunding, Unpaid) => review(CaseKind::Reversed),
        (Status::Refunding, RefundSeen) => REFUNDED,
        (Status::Refunding, UndecidedPastGiveUp) => case(CaseKind::RefundFailed),

        (Status::Refunded, Matches) => case(CaseKind::RefundFailed),
        (Status::Refunded, Odd(_) | Unpaid | RefundSeen | UndecidedPastGiveUp) => NOTHING,

        (Status::UnderReview, Matches) if open_case == Some(CaseKind::Undecided) => {
            Consequence { status: Some(Status::Verified), case: None, case_end: Some(CaseEnd::Verified) }
        }
        (Status::UnderReview, Unpaid) if open_case == Some(CaseKind::Undecided) => {
            Consequence { status: Some(Status::Failed), case: None, case_end: Some(CaseEnd::Unpaid) }
        }
        (Status::UnderReview, Odd(kind)) => case(kind),
        (Status::UnderReview, RefundSeen) => REFUNDED,
        (Status::UnderReview, Matches | Unpaid | UndecidedPastGiveUp) => NOTHING,
    }
}

/// Whether an answer that matches may make the intent `verified`: whoever records one owes the order first.
pub const fn may_become_verified(status: IntentStatus) -> bool {
    use IntentStatus as Status;
    match status {
        Status::AwaitingPayment
        | Status::Expired
        | Status::Superseded
        | Status::Failed
        | Status::UnderReview => true,
        Status::Created | Status::Verified | Status::Completed | Status::Refunding | Status::Refunded => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDINGS: [Finding; 6] = [
        Finding::Matches,
        Finding::Odd(CaseKind::AmountMismatch),
        Finding::Unpaid,
        Finding::RefundSeen,
        Finding::Undecided,
        Finding::UndecidedPastGiveUp,
    ];

    /// The table as the business wrote it: a row a status, a column a finding in the order of `FINDINGS`.
    /// `=` stays, `+` opens a case, `!` ends the open one.
    const TABLE: [(&str, [&str; 6]); 10] = [
        ("created", ["=", "=", "=", "=", "=", "="]),
        (
            "awaiting_payment",
            [
                "verified",
                "under_review +amount_mismatch",
                "failed",
                "refunded !",
                "=",
                "under_review +undecided",
            ],
        ),
        (
            "expired",
            ["verified", "under_review +amount_mismatch", "=", "refunded !", "=", "under_review +undecided"],
        ),
        (
            "superseded",
            ["verified", "under_review +amount_mismatch", "=", "refunded !", "=", "under_review +undecided"],
        ),
        ("failed", ["verified", "under_review +amount_mismatch", "=", "refunded !", "=", "="]),
        (
            "verified",
            ["=", "under_review +amount_mismatch", "under_review +reversed", "refunded !", "=", "="],
        ),
        ("completed", ["=", "= +amount_mismatch", "= +reversed", "refunded !", "=", "="]),
        (
            "refunding",
            [
                "=",
                "under_review +amount_mismatch",
                "under_review +reversed",
                "refunded !",
                "=",
                "= +refund_failed",
            ],
        ),
        ("refunded", ["= +refund_failed", "=", "=", "=", "=", "="]),
        ("under_review", ["=", "= +amount_mismatch", "=", "refunded !", "=", "="]),
    ];

    fn spell(consequence: Consequence) -> String {
        let mut text = consequence.status.map_or("=", IntentStatus::as_str).to_owned();
        if let Some(kind) = consequence.case {
            text.push_str(&format!(" +{}", kind.as_str()));
        }
        if consequence.case_end.is_some() {
            text.push_str(" !");
        }
        text
    }

    #[test]
    fn every_cell_is_as_the_business_wrote_it() {
        for (status, cells) in TABLE {
            for (finding, cell) in FINDINGS.into_iter().zip(cells) {
                assert_eq!(
                    spell(consequence(status.parse().unwrap(), finding, None)),
                    cell,
                    "{status} {finding:?}"
                );
            }
        }
    }

    #[test]
    fn only_an_undecided_case_is_ended_by_a_later_answer() {
        let after = |finding, kind| spell(consequence(IntentStatus::UnderReview, finding, Some(kind)));
        assert_eq!(after(Finding::Matches, CaseKind::Undecided), "verified !");
        assert_eq!(after(Finding::Unpaid, CaseKind::Undecided), "failed !");
        assert_eq!(after(Finding::Matches, CaseKind::AmountMismatch), "=");
        assert_eq!(after(Finding::Unpaid, CaseKind::SecondPayment), "=");
    }

    #[test]
    fn an_order_is_owed_exactly_where_a_match_can_verify() {
        for status in IntentStatus::ALL {
            let verifies = [None, Some(CaseKind::Undecided)].into_iter().any(|open| {
                consequence(*status, Finding::Matches, open).status == Some(IntentStatus::Verified)
            });
            assert_eq!(verifies, may_become_verified(*status), "{status:?}");
        }
    }
}
