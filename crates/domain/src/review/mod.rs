//! Review cases: money that a person must look at, and the four ways a person ends one.
//!
//! Each resolution is one transaction that changes intent, money, stock, case and audit log together. Repeated
//! with the same decision it changes nothing; one that would break a law is refused in that law's words.

mod decision;
mod dismiss;
mod error;
mod file;
mod fulfil;
mod legal;
mod list;
mod options;
mod refund;
mod refunded_by_hand;

pub use decision::{Decision, Resolved};
pub use dismiss::dismiss;
pub use error::ResolveError;
pub use file::{
    AnswerRow, CallbackRow, CaseFile, CaseRow, EVIDENCE_ROWS_MAX, RefundRow, VerificationRow, open_file,
    payment_of_case,
};
pub use fulfil::fulfil;
pub use list::{CASES_PER_PAGE_MAX, CaseState, ListCases, ListedCase, list_cases};
pub use options::{Resolution, ResolutionOption};
pub use refund::refund;
pub use refunded_by_hand::{PortalRefund, refunded_by_hand};
