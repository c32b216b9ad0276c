use std::net::{Ipv4Addr, SocketAddr};

use clap::Parser;

/// How the outside world is set up. Every value has a default that development and tests can keep.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "sandbox",
    version,
    about = "eSewa, Khalti and an identity provider for development and tests; no real money moves"
)]
pub struct SandboxSettings {
    /// Address to listen on; port 0 takes any free port.
    #[arg(long, env = "SANDBOX__ADDR", default_value = "127.0.0.1:8090")]
    pub addr: SocketAddr,
    /// How browsers and services reach the sandbox; by default `http://` and the bound address.
    #[arg(long, env = "SANDBOX__PUBLIC_URL")]
    pub public_url: Option<String>,
    /// The one merchant that eSewa knows here.
    #[arg(long, env = "SANDBOX__ESEWA_PRODUCT_CODE", default_value = ESEWA_PRODUCT_CODE)]
    pub esewa_product_code: String,
    /// That merchant's signing key; the default is the one eSewa publishes for its test environment.
    #[arg(long, env = "SANDBOX__ESEWA_SECRET_KEY", default_value = ESEWA_SECRET_KEY, hide_env_values = true)]
    pub esewa_secret_key: String,
    /// Age at which an eSewa payment nobody completed turns from PENDING to NOT_FOUND.
    #[arg(long, env = "SANDBOX__ESEWA_SESSION_SECONDS", default_value_t = ESEWA_SESSION_SECONDS)]
    pub esewa_session_seconds: u32,
    /// The key that Khalti expects in `Authorization: Key …`.
    #[arg(long, env = "SANDBOX__KHALTI_SECRET_KEY", default_value = KHALTI_SECRET_KEY, hide_env_values = true)]
    pub khalti_secret_key: String,
    /// Lifetime of a Khalti payment link; Khalti's own samples say 1800.
    #[arg(long, env = "SANDBOX__KHALTI_LINK_SECONDS", default_value_t = KHALTI_LINK_SECONDS)]
    pub khalti_link_seconds: u32,
    /// checkout-api as browsers see it; without it the demo shop is closed.
    #[arg(long, env = "SANDBOX__CHECKOUT_URL")]
    pub checkout_url: Option<String>,
    /// payment-callback as browsers see it; without it the demo shop is closed.
    #[arg(long, env = "SANDBOX__CALLBACK_URL")]
    pub callback_url: Option<String>,
    /// admin-console as browsers see it; without it nobody can sign in to it from here.
    #[arg(long, env = "SANDBOX__CONSOLE_URL")]
    pub console_url: Option<String>,
    /// The audience of the demo shop's tokens.
    #[arg(long, env = "SANDBOX__SHOPPER_AUDIENCE", default_value = SHOPPER_AUDIENCE)]
    pub shopper_audience: String,
    /// The audience of the tokens that operators sign in with.
    #[arg(long, env = "SANDBOX__OPERATOR_AUDIENCE", default_value = OPERATOR_AUDIENCE)]
    pub operator_audience: String,
}

const ESEWA_PRODUCT_CODE: &str = "EPAYTEST";
const ESEWA_SECRET_KEY: &str = "8gBm/:&EnhH.1/q";
const ESEWA_SESSION_SECONDS: u32 = 300;
const KHALTI_SECRET_KEY: &str = "sandbox-khalti-secret-key";
const KHALTI_LINK_SECONDS: u32 = 1_800;
const SHOPPER_AUDIENCE: &str = "storefront";
const OPERATOR_AUDIENCE: &str = "operators";

impl Default for SandboxSettings {
    /// The published test credentials, on any free port of this machine.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            esewa_product_code: ESEWA_PRODUCT_CODE.to_owned(),
            esewa_secret_key: ESEWA_SECRET_KEY.to_owned(),
            esewa_session_seconds: ESEWA_SESSION_SECONDS,
            khalti_secret_key: KHALTI_SECRET_KEY.to_owned(),
            khalti_link_seconds: KHALTI_LINK_SECONDS,
            checkout_url: None,
            callback_url: None,
            console_url: None,
            shopper_audience: SHOPPER_AUDIENCE.to_owned(),
            operator_audience: OPERATOR_AUDIENCE.to_owned(),
        }
    }
}
