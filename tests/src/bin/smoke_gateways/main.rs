//! `make smoke-gateways`: one small payment attempt at each gateway that the environment configures, through the very
//! client that the services use. It starts a payment and asks about it; a person pays in between, unless `--automatic`.
//!
//! Without keys it refuses, and where an address is no known sandbox it wants to be told that real money is meant.

mod attempt;
mod browser;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, ensure};
use clap::Parser;
use gateways::{Addresses, Configured};
use service_kit::settings::Settings;

use crate::attempt::Attempt;

/// The settings do not allow it, as with the services.
const EXIT_SETTINGS: u8 = 2;

/// Makes one small payment attempt at each configured gateway.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rs 10: above the minimum of both gateways.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1000..=100_000))]
    amount_minor: i64,
    /// Do what needs no person: start a payment, and ask about it.
    #[arg(long)]
    automatic: bool,
    /// How long a person may take to pay.
    #[arg(long, default_value_t = 600)]
    wait_seconds: u64,
    /// Allow addresses that are no known sandbox: what is paid there is real.
    #[arg(long)]
    real_money: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let configured = match configure(&arguments) {
        Ok(configured) => configured,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::from(EXIT_SETTINGS);
        }
    };
    match run(&arguments, &configured).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("smoke-gateways: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn configure(arguments: &Arguments) -> anyhow::Result<Configured> {
    let settings = Settings::load()?;
    let gateways = settings.gateways()?;
    if let Some(variable) = gateways.address_of_real_money() {
        ensure!(
            arguments.real_money,
            "{variable}: is no known sandbox, so that real money would be paid; use the gateway's sandbox, or say REAL_MONEY=1"
        );
    }
    let storefront_url = settings.storefront()?.url;
    ensure!(
        gateways.khalti.is_none() || storefront_url.is_some(),
        "STOREFRONT__URL: is required with Khalti; name the shop's own address"
    );
    let addresses = Addresses { callback_public_url: Some(settings.callback_public_url()?), storefront_url };
    Ok(Configured::new(gateways, addresses)?)
}

async fn run(arguments: &Arguments, configured: &Configured) -> anyhow::Result<()> {
    let wait = (!arguments.automatic).then_some(Duration::from_secs(arguments.wait_seconds));
    let mut failed = Vec::new();
    for gateway in configured.gateways() {
        let provider = gateway.provider();
        println!("{provider}:");
        let attempt = Attempt { gateway: &*gateway, amount_minor: arguments.amount_minor, wait };
        if let Err(error) = attempt.make().await.context("NOT as it must be") {
            println!("  {error:#}");
            failed.push(provider.as_str());
        }
    }
    ensure!(failed.is_empty(), "something is wrong with {}", failed.join(" and "));
    println!("{}", if wait.is_some() { "all is well" } else { "all that needs no person is well" });
    Ok(())
}
