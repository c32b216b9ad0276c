//! Whether Postgres keeps up with what is written.

use chrono::{DateTime, Utc};
use diesel::{
    Queryable,
    sql_types::{BigInt, Bool, Double, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::{Connection, Error};

/// A table's rows as Postgres' statistics estimate them.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct TableHealth {
    pub table_name: String,
    pub live_rows: i64,
    pub dead_rows: i64,
    pub bytes: i64,
    pub last_vacuum_at: Option<DateTime<Utc>>,
}

statement! {
    ListTables { tables_max: i64 } -> (Text, BigInt, BigInt, BigInt, Nullable<Timestamptz>);
    "SELECT relname::text, n_live_tup, n_dead_tup, pg_total_relation_size(relid), \
            greatest(last_vacuum, last_autovacuum) \
       FROM pg_stat_user_tables WHERE schemaname = 'public' \
      ORDER BY n_dead_tup DESC, n_live_tup DESC, relname LIMIT " (tables_max as BigInt)
}

/// Tables with the most dead rows first.
pub async fn by_dead_rows(connection: &mut Connection, tables_max: i64) -> Result<Vec<TableHealth>, Error> {
    Ok(ListTables { tables_max }.load(connection).await?)
}

/// Who keeps dead rows from being cleared away.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct OldestTransaction {
    /// Whether the ages of other roles' sessions can be seen at all.
    pub is_visible: bool,
    pub age_seconds: Option<f64>,
    pub application_name: Option<String>,
    /// Transactions that began after its snapshot was taken.
    pub transactions_since: Option<i64>,
}

statement! {
    FindOldest { } -> (Bool, Nullable<Double>, Nullable<Text>, Nullable<BigInt>);
    "SELECT pg_has_role('pg_read_all_stats', 'USAGE'), \
            extract(epoch FROM clock_timestamp() - oldest.xact_start)::float8, oldest.application_name, \
            oldest.transactions_since \
       FROM (SELECT) one \
       LEFT JOIN LATERAL ( \
           SELECT xact_start, application_name, age(backend_xmin)::bigint AS transactions_since FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL \
              AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) \
            ORDER BY xact_start LIMIT 1) oldest ON true"
}

/// The oldest transaction with a snapshot in this database, if any is open.
pub async fn oldest_transaction(connection: &mut Connection) -> Result<OldestTransaction, Error> {
    Ok(FindOldest {}.get_result(connection).await?)
}

statement! {
    Now { } -> Timestamptz;
    "SELECT clock_timestamp()"
}

/// The database's clock.
pub async fn now(connection: &mut Connection) -> Result<DateTime<Utc>, Error> {
    Ok(Now {}.get_result(connection).await?)
}
