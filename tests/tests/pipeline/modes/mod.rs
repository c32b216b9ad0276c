//! Every way in which the sandbox can misbehave, each driven through a purchase to the end it must have.

mod answers;
mod case;
mod identity;
mod initiation;
mod refunds;
mod returns;

pub(crate) use case::{Case, case, run_all};

use std::collections::BTreeSet;

use crate::world::World;

/// A mode and the provider it was driven at, as the sandbox spells them.
type Driven = BTreeSet<(String, String)>;

#[tokio::test]
async fn every_mode_that_the_sandbox_lists_is_driven_through_a_purchase() {
    let world = World::start().await;
    let vocabulary = world.pipeline.sandbox().vocabulary().await.unwrap();
    let mut listed = Driven::new();
    for mode in vocabulary["modes"].as_array().unwrap() {
        for provider in mode["providers"].as_array().unwrap() {
            listed.insert((mode["name"].as_str().unwrap().to_owned(), provider.as_str().unwrap().to_owned()));
        }
    }
    let driven: Driven = returns::cases()
        .into_iter()
        .chain(answers::cases())
        .flat_map(|case| case.driven())
        .chain(refunds::MODES.map(|mode| (mode.to_owned(), "khalti".to_owned())))
        .chain(initiation::driven())
        .chain(identity::driven())
        .collect();
    let difference: Vec<_> = listed.symmetric_difference(&driven).collect();
    assert!(difference.is_empty(), "listed by the sandbox or driven by tests, and not both: {difference:?}");
    world.close().await;
}
