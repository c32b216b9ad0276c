use serde::{Deserialize, Serialize};

/// Who of the outside world is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Provider {
    Esewa,
    Khalti,
    Identity,
}
