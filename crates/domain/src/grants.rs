//! Opening the console without an identity provider: a token that whoever runs the server makes, shows once, and can
//! take back. It is stored as its digest, so that a copy of the database opens nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
pub use schema::queries::admin_grants::ListedGrant;
use schema::{
    Connection, FromSchema,
    queries::{
        admin_grants,
        audit_log::{self, NewEntry},
    },
    transaction,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::text::can_be_stored;

/// What every token begins with: it is known at sight, by people and by scanners of leaked secrets.
pub const TOKEN_PREFIX: &str = "grant_";
/// The longest a grant may last; a CHECK says the same.
pub const TTL_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
const NAME_CHARS_MAX: usize = 255;
const REASON_CHARS_MAX: usize = 1000;
/// Grants of one list at most.
const LISTED_MAX: i64 = 200;

/// What the holder of a grant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantedRole {
    /// Reads.
    Viewer,
    /// Reads and changes.
    Operator,
}

impl GrantedRole {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

/// A grant to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewGrant<'a> {
    /// The name its changes will stand under in the audit log.
    pub operator: &'a str,
    pub role: GrantedRole,
    pub ttl: Duration,
    pub granted_by: &'a str,
    pub reason: &'a str,
}

/// A grant that was made. Nobody can learn its token again.
#[derive(Debug, Clone)]
pub struct Granted {
    pub id: i64,
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

/// Why no grant was made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error("a grant lasts more than no time and at most 30 days")]
    Lifetime,
    #[error("{0}")]
    Unusable(&'static str),
    #[error("there is no grant {0}")]
    Unknown(i64),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for GrantError {
    fn schema_error(&self) -> Option<&schema::Error> {
        if let Self::Schema(error) = self { Some(error) } else { None }
    }
}

/// Makes a grant and writes down who gave it to whom.
pub async fn grant(connection: &mut Connection, new: NewGrant<'_>) -> Result<Granted, GrantError> {
    if new.ttl.is_zero() || new.ttl > TTL_MAX {
        return Err(GrantError::Lifetime);
    }
    check(new.operator, new.granted_by, new.reason)?;
    let token = new_token();
    let token_sha256 = Sha256::digest(&token);
    transaction(connection, async |connection| {
        let stored = admin_grants::NewGrant {
            token_sha256: &token_sha256,
            operator: new.operator,
            role: new.role.as_str(),
            granted_by: new.granted_by,
            ttl_seconds: new.ttl.as_secs_f64(),
        };
        let (id, expires_at) = admin_grants::insert(connection, stored).await?;
        let after = json!({ "operator": new.operator, "role": new.role.as_str(), "expires_at": expires_at });
        let entry = NewEntry {
            operator: new.granted_by,
            action: "granted",
            subject: &subject(id),
            reason: new.reason,
            before: &Value::Null,
            after: &after,
        };
        audit_log::insert(connection, entry).await?;
        Ok(Granted { id, token: token.clone(), expires_at })
    })
    .await
}

/// What revoking a grant did.
#[derive(Debug, Clone)]
pub struct Revoked {
    pub grant: ListedGrant,
    /// It was revoked before; nothing was changed.
    pub is_repetition: bool,
}

/// Ends a grant and the sessions it opened, at once.
pub async fn revoke(
    connection: &mut Connection,
    id: i64,
    revoked_by: &str,
    reason: &str,
) -> Result<Revoked, GrantError> {
    check(revoked_by, revoked_by, reason)?;
    transaction(connection, async |connection| {
        let revoked_at = admin_grants::revoke_if_not_revoked(connection, id, revoked_by).await?;
        let grant = admin_grants::find(connection, id).await?.ok_or(GrantError::Unknown(id))?;
        let Some(revoked_at) = revoked_at else { return Ok(Revoked { grant, is_repetition: true }) };
        let entry = NewEntry {
            operator: revoked_by,
            action: "revoked",
            subject: &subject(id),
            reason,
            before: &json!({ "operator": grant.operator, "role": grant.role, "expires_at": grant.expires_at }),
            after: &json!({ "revoked_at": revoked_at }),
        };
        audit_log::insert(connection, entry).await?;
        Ok(Revoked { grant, is_repetition: false })
    })
    .await
}

/// Whom a token lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    pub operator: String,
    pub role: GrantedRole,
    pub expires_at: DateTime<Utc>,
}

/// Looks up whom a token lets in now. `None`: nobody, or not any more.
pub async fn admit(connection: &mut Connection, token: &str) -> Result<Option<Admitted>, schema::Error> {
    let grant = admin_grants::find_if_valid(connection, &Sha256::digest(token)).await?;
    let admitted = grant.map(|grant| {
        // The table knows two words; should it learn a third, it reads.
        let role = if grant.role == "operator" { GrantedRole::Operator } else { GrantedRole::Viewer };
        Admitted { operator: grant.operator, role, expires_at: grant.expires_at }
    });
    Ok(admitted)
}

/// The database login behind this connection, whatever role it has taken on.
pub async fn database_login(connection: &mut Connection) -> Result<String, schema::Error> {
    admin_grants::session_user(connection).await
}

/// The newest grants, newest first; those that have ended too.
pub async fn list(connection: &mut Connection) -> Result<Vec<ListedGrant>, schema::Error> {
    admin_grants::list_newest(connection, LISTED_MAX).await
}

/// 256 random bits.
fn new_token() -> String {
    let (high, low): (u128, u128) = (rand::random(), rand::random());
    format!("{TOKEN_PREFIX}{high:032x}{low:032x}")
}

fn subject(id: i64) -> String {
    format!("grant {id}")
}

fn check(name: &str, giver: &str, reason: &str) -> Result<(), GrantError> {
    let is_name = |name: &str| !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    if !is_name(name) || !is_name(giver) {
        return Err(GrantError::Unusable("a name has 1 to 255 characters"));
    }
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(GrantError::Unusable("a reason has 1 to 1000 characters"));
    }
    if ![name, giver, reason].into_iter().all(can_be_stored) {
        return Err(GrantError::Unusable("texts have no NUL character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_256_bits_and_differ() {
        let (one, other) = (new_token(), new_token());
        assert_eq!(one.len(), TOKEN_PREFIX.len() + 64);
        assert_ne!(one, other);
    }
}
