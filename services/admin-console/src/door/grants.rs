use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    Pool,
    grants::{self, Admitted, GrantedRole},
};
use service_kit::{
    auth::{Operator, Role},
    http::{Code, Problem},
};

use super::Purpose;
use crate::problems;

/// How long a look at a page may rely on an answer of before: watching costs the database nothing, and a revoked grant
/// still sees figures for so long. It changes nothing any more at once.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);
/// Grants remembered at most; a shop has a handful.
const REMEMBERED_MAX: usize = 256;

/// Admits the holders of grants.
#[derive(Debug)]
pub(super) struct Grants {
    pool: Pool,
    /// By token, and when the database last said so. Only good answers are kept.
    remembered: Mutex<HashMap<String, (Instant, Admitted)>>,
}

impl Grants {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, remembered: Mutex::default() }
    }

    pub(super) async fn verify(&self, token: &str, purpose: Purpose) -> Result<Operator, Problem> {
        if purpose == Purpose::Read
            && let Some(admitted) = self.recall(token)
        {
            return Ok(operator(admitted));
        }
        let mut connection = self.pool.connection().await.map_err(problems::database)?;
        match grants::admit(&mut connection, token).await.map_err(problems::database)? {
            Some(admitted) => {
                self.remember(token, admitted.clone());
                Ok(operator(admitted))
            }
            None => {
                self.lock().remove(token);
                Err(Problem::new(
                    Code::Unauthenticated,
                    "This grant has ended, was revoked, or was never made.",
                ))
            }
        }
    }

    fn recall(&self, token: &str) -> Option<Admitted> {
        let remembered = self.lock();
        let (at, admitted) = remembered.get(token)?;
        (at.elapsed() < REMEMBERED_FOR).then(|| admitted.clone())
    }

    fn remember(&self, token: &str, admitted: Admitted) {
        let mut remembered = self.lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, (at, _)| at.elapsed() < REMEMBERED_FOR);
        }
        if remembered.len() < REMEMBERED_MAX {
            remembered.insert(token.to_owned(), (Instant::now(), admitted));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Admitted)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn operator(admitted: Admitted) -> Operator {
    let role = match admitted.role {
        GrantedRole::Viewer => Role::Viewer,
        GrantedRole::Operator => Role::Operator,
    };
    Operator { name: admitted.operator, role, ends_at_seconds: admitted.expires_at.timestamp() }
}
