//! What can be asked and decided from the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Looks at payments and resolves review cases. Needs DATABASE_URL; its pages do not exist yet.
#[derive(Debug, Parser)]
#[command(name = "admin-console", version)]
pub struct Arguments {
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tells everything that happened to one payment, in order.
    Story { payment_intent_id: String },
    /// Lists review cases, oldest first.
    Cases {
        /// Also those that are resolved.
        #[arg(long)]
        all: bool,
    },
    /// Ends a payment's open review case.
    Resolve(Resolve),
}

#[derive(Debug, Args)]
pub(crate) struct Resolve {
    pub(crate) payment_intent_id: String,
    #[arg(value_enum)]
    pub(crate) decision: Decision,
    /// Who decides; written to the audit log.
    #[arg(long)]
    pub(crate) operator: String,
    /// Why; written to the audit log.
    #[arg(long)]
    pub(crate) reason: String,
    /// What the gateway's portal calls the refund.
    #[arg(long, required_if_eq("decision", "refunded-by-hand"))]
    pub(crate) portal_reference: Option<String>,
    /// How much was refunded in the portal, in paisa.
    #[arg(long, required_if_eq("decision", "refunded-by-hand"))]
    pub(crate) amount_minor: Option<i64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Decision {
    /// Make the order: paid in full, cart round free, stock to be had.
    Fulfil,
    /// Send everything back through the gateway.
    Refund,
    /// Record what was refunded in the gateway's portal.
    RefundedByHand,
    /// Move neither money nor goods.
    Dismiss,
}
