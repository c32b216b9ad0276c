use clap::ValueEnum;

use crate::{
    cluster::Cluster, console_pages, finalize, flash_sale, followers, invariant_check, purchase, queue,
    report::Row, rescue,
};

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Scenario {
    Queue,
    Finalize,
    PurchaseLatency,
    Purchase,
    FlashSale,
    Invariants,
    Rescue,
    Followers,
    ConsolePages,
}

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::Queue,
        Self::Finalize,
        Self::PurchaseLatency,
        Self::Purchase,
        Self::FlashSale,
        Self::Invariants,
        Self::Rescue,
        Self::Followers,
        Self::ConsolePages,
    ];

    /// As `ONLY=` spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Finalize => "finalize",
            Self::PurchaseLatency => "purchase_latency",
            Self::Purchase => "purchase",
            Self::FlashSale => "flash_sale",
            Self::Invariants => "invariants",
            Self::Rescue => "rescue",
            Self::Followers => "followers",
            Self::ConsolePages => "console_pages",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Queue => "no-op jobs through claim and complete; pickup of a lone job; WAL a job",
            Self::Finalize => "paid intents with three lines to orders, in batches of fifty",
            Self::PurchaseLatency => "20 purchases/s through the real binaries; the memory of each service",
            Self::Purchase => "as many purchases as sixteen buyers can make",
            Self::FlashSale => "many buyers want one variant at once",
            Self::Invariants => {
                "the check of the invariants over 100,000 orders: everything, and what has changed"
            }
            Self::Rescue => "a worker is killed with fifty jobs in hand; another is asked to stop",
            Self::Followers => "200 browsers wait on the confirmation page",
            Self::ConsolePages => "the operators' pages over a million jobs and 200,000 orders",
        }
    }

    pub(crate) async fn run(self, cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Queue => queue::run(cluster).await,
            Self::Finalize => finalize::run(cluster).await,
            Self::PurchaseLatency => purchase::latency::run(cluster).await,
            Self::Purchase => purchase::rate::run(cluster).await,
            Self::FlashSale => flash_sale::run(cluster).await,
            Self::Invariants => invariant_check::run(cluster).await,
            Self::Rescue => rescue::run(cluster).await,
            Self::Followers => followers::run(cluster).await,
            Self::ConsolePages => console_pages::run(cluster).await,
        }
    }
}
