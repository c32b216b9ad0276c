use clap::ValueEnum;

use crate::{cluster::Cluster, finalize, queue, report::Row};

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Scenario {
    Queue,
    Finalize,
}

impl Scenario {
    pub(crate) const ALL: [Self; 2] = [Self::Queue, Self::Finalize];

    /// As `ONLY=` spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Finalize => "finalize",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Queue => "no-op jobs through claim and complete; pickup of a lone job; WAL a job",
            Self::Finalize => "paid intents with three lines to orders, in batches of fifty",
        }
    }

    pub(crate) async fn run(self, cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Queue => queue::run(cluster).await,
            Self::Finalize => finalize::run(cluster).await,
        }
    }
}
