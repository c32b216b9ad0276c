//! The continuous check of `invariant_violations`: what changed, what is overdue, and a slice of everything else.
//!
//! docs/invariants.md lists the promises and tells how the check finds what may break them.

mod check;
mod figures;
mod round;
mod subjects;

pub use check::{Checked, Pace, begin_round, check_page};
pub use figures::{Figures, figures};
pub use schema::queries::invariants::{INVARIANTS, findings::Finding, progress::CheckTimes};
