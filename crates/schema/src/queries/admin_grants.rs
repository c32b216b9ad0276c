//! `admin_grants`: who may use the console without an identity provider.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, Queryable,
    sql_types::{BigInt, Binary, Bool, Double, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// A grant to be stored; its token is known by its digest only.
#[derive(Debug, Clone, Copy)]
pub struct NewGrant<'a> {
    pub token_sha256: &'a [u8],
    pub operator: &'a str,
    pub role: &'a str,
    pub granted_by: &'a str,
    pub ttl_seconds: f64,
}

statement! {
    Insert<'a> { grant: NewGrant<'a> } -> (BigInt, Timestamptz);
    "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at) \
     VALUES (" (grant.token_sha256 as Binary) ", " (grant.operator as Text) ", " (grant.role as Text) ", "
             (grant.granted_by as Text) ", now() + make_interval(secs => " (grant.ttl_seconds as Double) ")) \
     RETURNING id, expires_at"
}

/// Stores a grant. Returns its id and its end.
pub async fn insert(connection: &mut Connection, grant: NewGrant<'_>) -> Result<(i64, DateTime<Utc>), Error> {
    Ok(Insert { grant }.get_result(connection).await?)
}

/// A grant that opens the console now.
#[derive(Debug, Clone, Queryable)]
pub struct ValidGrant {
    pub id: i64,
    pub operator: String,
    pub role: String,
    pub expires_at: DateTime<Utc>,
}

statement! {
    FindValid<'a> { token_sha256: &'a [u8] } -> (BigInt, Text, Text, Timestamptz);
    "SELECT id, operator, role, expires_at FROM admin_grants \
      WHERE token_sha256 = " (token_sha256 as Binary) " AND revoked_at IS NULL AND expires_at > now()"
}

/// The grant with this token's digest, if it has not ended.
pub async fn find_if_valid(
    connection: &mut Connection,
    token_sha256: &[u8],
) -> Result<Option<ValidGrant>, Error> {
    Ok(FindValid { token_sha256 }.get_result(connection).await.optional()?)
}

statement! {
    Revoke<'a> { id: i64, revoked_by: &'a str } -> Timestamptz;
    "UPDATE admin_grants SET revoked_at = clock_timestamp(), revoked_by = " (revoked_by as Text) " \
      WHERE id = " (id as BigInt) " AND revoked_at IS NULL RETURNING revoked_at"
}

/// Ends a grant. `None`: there is none, or it was revoked before.
pub async fn revoke_if_not_revoked(
    connection: &mut Connection,
    id: i64,
    revoked_by: &str,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(Revoke { id, revoked_by }.get_result(connection).await.optional()?)
}

/// A grant as a list shows it, without anything of its token.
#[derive(Debug, Clone, Queryable)]
pub struct ListedGrant {
    pub id: i64,
    pub operator: String,
    pub role: String,
    pub granted_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
    pub is_valid: bool,
}

type Listed =
    (BigInt, Text, Text, Text, Timestamptz, Timestamptz, Nullable<Timestamptz>, Nullable<Text>, Bool);

statement! {
    Find { id: i64 } -> Listed;
    "SELECT id, operator, role, granted_by, created_at, expires_at, revoked_at, revoked_by, \
            revoked_at IS NULL AND expires_at > now() \
       FROM admin_grants WHERE id = " (id as BigInt)
}

/// One grant, whether it has ended or not.
pub async fn find(connection: &mut Connection, id: i64) -> Result<Option<ListedGrant>, Error> {
    Ok(Find { id }.get_result(connection).await.optional()?)
}

statement! {
    ListNewest { grants_max: i64 } -> Listed;
    "SELECT id, operator, role, granted_by, created_at, expires_at, revoked_at, revoked_by, \
            revoked_at IS NULL AND expires_at > now() \
       FROM admin_grants ORDER BY id DESC LIMIT " (grants_max as BigInt)
}

/// The newest grants, newest first.
pub async fn list_newest(connection: &mut Connection, grants_max: i64) -> Result<Vec<ListedGrant>, Error> {
    Ok(ListNewest { grants_max }.load(connection).await?)
}

statement! {
    SessionUser { } -> Text;
    "SELECT session_user::text"
}

/// The login that opened this connection, which SET ROLE does not change.
pub async fn session_user(connection: &mut Connection) -> Result<String, Error> {
    Ok(SessionUser {}.get_result(connection).await?)
}
