use std::collections::BTreeMap;

use schema::{
    Connection, Error,
    queries::invariants::{
        INVARIANTS, findings,
        progress::{self, CheckTimes},
    },
};

/// The check as metrics show it; the same from every replica.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Subjects listed as breaking each promise; 0 for those that hold.
    pub broken: BTreeMap<String, i64>,
    pub times: CheckTimes,
}

/// Reads what the check has listed, and when it last ran.
pub async fn figures(connection: &mut Connection) -> Result<Figures, Error> {
    let mut broken: BTreeMap<String, i64> = INVARIANTS.iter().map(|name| ((*name).to_owned(), 0)).collect();
    broken.extend(findings::count_listed(connection).await?);
    Ok(Figures { broken, times: progress::times(connection).await? })
}
