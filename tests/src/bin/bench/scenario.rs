use clap::ValueEnum;

use crate::{
    backlog, cluster::Cluster, console_pages, cost, finalize, flash_sale, followers, idle, invariant_check,
    purchase, queue, report::Row, rescue, status,
};

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Scenario {
    Queue,
    FullTable,
    Finalize,
    OpenLoop,
    Purchase,
    FlashSale,
    Backlog,
    Status,
    Cost,
    Invariants,
    Rescue,
    Followers,
    ConsolePages,
    Idle,
}

impl Scenario {
    pub(crate) const ALL: [Self; 14] = [
        Self::Queue,
        Self::FullTable,
        Self::Finalize,
        Self::OpenLoop,
        Self::Purchase,
        Self::FlashSale,
        Self::Backlog,
        Self::Status,
        Self::Cost,
        Self::Invariants,
        Self::Rescue,
        Self::Followers,
        Self::ConsolePages,
        Self::Idle,
    ];

    /// As `ONLY=` spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::FullTable => "full_table",
            Self::Finalize => "finalize",
            Self::OpenLoop => "open_loop",
            Self::Purchase => "purchase",
            Self::FlashSale => "flash_sale",
            Self::Backlog => "backlog",
            Self::Status => "status",
            Self::Cost => "cost",
            Self::Invariants => "invariants",
            Self::Rescue => "rescue",
            Self::Followers => "followers",
            Self::ConsolePages => "console_pages",
            Self::Idle => "idle",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Queue => {
                "no-op jobs through claim and complete; pickup of a lone job; WAL a job; wake-ups on and off"
            }
            Self::FullTable => "claims in a table of a million finished jobs, also under an open snapshot",
            Self::Finalize => "paid intents with three lines to orders, in batches of fifty",
            Self::OpenLoop => "25, 50, 100 purchases/s and more until saturation; the memory of each service",
            Self::Purchase => "as many purchases as sixteen buyers can make",
            Self::FlashSale => "many buyers want one variant at once",
            Self::Backlog => "50,000 verified payments, emptied by one, two and four order-workers",
            Self::Status => "1,000 open status streams while orders flow",
            Self::Cost => "WAL, processor time and round trips of a job and of a purchase",
            Self::Invariants => {
                "the check of the invariants over 100,000 orders: everything, and what has changed"
            }
            Self::Rescue => "a worker is killed with fifty jobs in hand; another is asked to stop",
            Self::Followers => "200 browsers wait on the confirmation page",
            Self::ConsolePages => "the operators' pages over a million jobs and 200,000 orders",
            Self::Idle => "services that nobody asks anything: start, memory, processor",
        }
    }

    pub(crate) async fn run(self, cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Queue => queue::run(cluster).await,
            Self::FullTable => queue::full_table::run(cluster).await,
            Self::Finalize => finalize::run(cluster).await,
            Self::OpenLoop => purchase::open_loop::run(cluster).await,
            Self::Purchase => purchase::rate::run(cluster).await,
            Self::FlashSale => flash_sale::run(cluster).await,
            Self::Backlog => backlog::run(cluster).await,
            Self::Status => status::run(cluster).await,
            Self::Cost => cost::run(cluster).await,
            Self::Invariants => invariant_check::run(cluster).await,
            Self::Rescue => rescue::run(cluster).await,
            Self::Followers => followers::run(cluster).await,
            Self::ConsolePages => console_pages::run(cluster).await,
            Self::Idle => idle::run(cluster).await,
        }
    }
}
