use clap::ValueEnum;

use crate::{
    cluster::Cluster, console_pages, finalize, flash_sale, followers, idle, invariant_check, purchase, queue,
    report::Row,
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
    Followers,
    ConsolePages,
    Idle,
}

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::Queue,
        Self::Finalize,
        Self::PurchaseLatency,
        Self::Purchase,
        Self::FlashSale,
        Self::Invariants,
        Self::Followers,
        Self::ConsolePages,
        Self::Idle,
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
            Self::Followers => "followers",
            Self::ConsolePages => "console_pages",
            Self::Idle => "idle",
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
            Self::Followers => "200 browsers wait on the confirmation page",
            Self::ConsolePages => "the operators' pages over a million jobs and 200,000 orders",
            Self::Idle => "services that nobody asks anything: start, memory, processor",
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
            Self::Followers => followers::run(cluster).await,
            Self::ConsolePages => console_pages::run(cluster).await,
            Self::Idle => idle::run(cluster).await,
        }
    }
}
