use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
};

use crate::ports;

/// The audience of shoppers' tokens.
pub(crate) const SHOPPER_AUDIENCE: &str = "storefront";
const OPERATOR_AUDIENCE: &str = "operators";
const DATABASE_CONNECTIONS_MAX: u32 = 10;

/// Where the parts of one pipeline meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) sandbox: SocketAddr,
    /// The payment-callback that browsers are sent to.
    pub(crate) payment_callback: SocketAddr,
    /// The checkout-api that the sandbox's demo shop calls.
    pub(crate) checkout_api: SocketAddr,
    pub(crate) admin_console: SocketAddr,
}

impl Addresses {
    pub(crate) fn free() -> anyhow::Result<Self> {
        Ok(Self {
            sandbox: ports::free_address()?,
            payment_callback: ports::free_address()?,
            checkout_api: ports::free_address()?,
            admin_console: ports::free_address()?,
        })
    }
}

/// One environment for all services, as documented in docs/configuration.md; `overrides` win.
pub(crate) fn environment(
    database_url: &str,
    addresses: &Addresses,
    overrides: &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let sandbox = format!("http://{}", addresses.sandbox);
    let mut variables: BTreeMap<String, String> = [
        ("APP_ENV", "development".to_owned()),
        ("DATABASE_URL", database_url.to_owned()),
        ("DATABASE__POOL_MAX", DATABASE_CONNECTIONS_MAX.to_string()),
        ("AUTH__JWKS_URL", format!("{sandbox}/identity/.well-known/jwks.json")),
        ("AUTH__ISSUER", format!("{sandbox}/identity")),
        ("AUTH__AUDIENCE", SHOPPER_AUDIENCE.to_owned()),
        ("ADMIN__AUDIENCE", OPERATOR_AUDIENCE.to_owned()),
        ("CALLBACK__PUBLIC_URL", format!("http://{}", addresses.payment_callback)),
        ("STOREFRONT__URL", format!("{sandbox}/shop")),
        ("CHECKOUT__ALLOWED_ORIGINS", sandbox.clone()),
        ("SANDBOX__CHECKOUT_URL", format!("http://{}", addresses.checkout_api)),
        ("SANDBOX__CALLBACK_URL", format!("http://{}", addresses.payment_callback)),
        ("SANDBOX__CONSOLE_URL", format!("http://{}", addresses.admin_console)),
        ("ADMIN__SIGN_IN_URL", format!("{sandbox}/sign-in")),
        ("ESEWA__PRODUCT_CODE", "EPAYTEST".to_owned()),
        ("ESEWA__SECRET_KEY", "8gBm/:&EnhH.1/q".to_owned()),
        ("ESEWA__FORM_URL", format!("{sandbox}/esewa/api/epay/main/v2/form")),
        ("ESEWA__STATUS_URL", format!("{sandbox}/esewa/api/epay/transaction/status/")),
        ("KHALTI__SECRET_KEY", "sandbox-khalti-secret-key".to_owned()),
        ("KHALTI__BASE_URL", format!("{sandbox}/khalti/api/v2/")),
        ("RUST_LOG", "info".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    variables.extend(overrides.clone());
    variables.into_iter().collect()
}

/// An environment in which every service starts, as long as nobody needs the outside world: for tests of what is
/// missing from it.
pub fn complete_environment(database_url: &str) -> BTreeMap<String, String> {
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let addresses =
        Addresses { sandbox: nobody, payment_callback: nobody, checkout_api: nobody, admin_console: nobody };
    environment(database_url, &addresses, &BTreeMap::new()).into_iter().collect()
}
