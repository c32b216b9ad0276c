use std::fmt;

/// A process of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// The gateways and the identity provider.
    Sandbox,
    CheckoutApi,
    PaymentCallback,
    /// One of several equal workers, counted from 0.
    OrderWorker(usize),
    StaleJobReaper,
    /// Where operators look; a pipeline starts without it.
    AdminConsole,
}

impl Program {
    /// The name of its binary.
    pub(crate) fn binary(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::CheckoutApi => "checkout-api",
            Self::PaymentCallback => "payment-callback",
            Self::OrderWorker(_) => "order-worker",
            Self::StaleJobReaper => "stale-job-reaper",
            Self::AdminConsole => "admin-console",
        }
    }

    /// The path that answers 200 once it can do its work.
    pub(crate) fn readiness_path(self) -> &'static str {
        match self {
            Self::Sandbox => "/livez",
            Self::CheckoutApi
            | Self::PaymentCallback
            | Self::OrderWorker(_)
            | Self::StaleJobReaper
            | Self::AdminConsole => "/readyz",
        }
    }

    /// The variable that names its address.
    pub(crate) fn address_variable(self) -> &'static str {
        match self {
            Self::Sandbox => "SANDBOX__ADDR",
            Self::CheckoutApi
            | Self::PaymentCallback
            | Self::OrderWorker(_)
            | Self::StaleJobReaper
            | Self::AdminConsole => "HTTP__ADDR",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderWorker(index) => write!(formatter, "order-worker-{index}"),
            other => formatter.write_str(other.binary()),
        }
    }
}
