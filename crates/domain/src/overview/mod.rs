//! What somebody who runs the shop wants to see at a glance: what is stuck, how fast it goes, whether the database is
//! well. Sampled once for everybody who looks.

mod figures;
mod sampler;

pub use figures::{
    Cases, Failure, Jobs, Money, Overview, Period, RightNow, Sampled, Speed, Surroundings, look_at_right_now,
    look_at_speed, look_at_surroundings,
};
pub use sampler::{OverviewSampler, SamplerSettings};
pub use schema::queries::overview::{
    jobs::{FinishedJobs, OldestDue, UnfinishedJobs},
    money::{Checks, OpenCases, Sum, Violations},
    speed::{GatewayAnswers, PaidToOrder},
    tables::{OldestTransaction, TableHealth},
};
