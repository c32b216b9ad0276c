//! Figures for people who run the shop. Each statement reads a bounded part of the tables, through an index that is
//! there for other reasons.

pub mod jobs;
pub mod money;
pub mod speed;
pub mod tables;
