//! What can be asked and decided from the command line.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::grant::lifetime;

/// Looks at payments and resolves review cases: pages by default, or one command. Needs DATABASE_URL.
#[derive(Debug, Parser)]
#[command(name = "admin-console", version)]
pub struct Arguments {
    /// Print JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serves the console's pages and its API: what happens without a command.
    Serve,
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
    /// Makes a token that opens the console, for a shop without an identity provider; prints it this once.
    Grant(Grant),
    /// Ends a grant and the sessions it opened.
    Revoke(Revoke),
    /// Lists the newest grants.
    Grants,
}

#[derive(Debug, Args)]
pub(super) struct Grant {
    #[arg(long, value_enum)]
    pub(super) role: RoleWord,
    /// How long it is good: 90s, 30m, 8h, 2d; at most 30d.
    #[arg(long, value_parser = lifetime)]
    pub(super) ttl: Duration,
    /// Whose changes these will be in the audit log. Whoever runs the command, where it is not given.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Why; written to the audit log.
    #[arg(long)]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The grant's number, as `grants` lists it.
    pub(super) id: i64,
    /// Why; written to the audit log.
    #[arg(long)]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleWord {
    /// Reads.
    Viewer,
    /// Reads and changes.
    Operator,
}

#[derive(Debug, Args)]
pub(super) struct Resolve {
    pub(super) payment_intent_id: String,
    #[arg(value_enum)]
    pub(super) decision: Decision,
    /// Who decides; written to the audit log.
    #[arg(long)]
    pub(super) operator: String,
    /// Why; written to the audit log.
    #[arg(long)]
    pub(super) reason: String,
    /// What the gateway's portal calls the refund.
    #[arg(long, required_if_eq("decision", "refunded-by-hand"))]
    pub(super) portal_reference: Option<String>,
    /// How much was refunded in the portal, in paisa.
    #[arg(long, required_if_eq("decision", "refunded-by-hand"))]
    pub(super) amount_minor: Option<i64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Decision {
    /// Make the order: paid in full, cart round free, stock to be had.
    Fulfil,
    /// Send everything back through the gateway.
    Refund,
    /// Record what was refunded in the gateway's portal.
    RefundedByHand,
    /// Move neither money nor goods.
    Dismiss,
}
