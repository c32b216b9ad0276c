//! The statements that the domain sends, read back from the connection that prepared them, so that pgbench runs the
//! same ones and no copy can drift.

use anyhow::{bail, ensure};
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use schema::Connection;

#[derive(QueryableByName)]
struct Prepared {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// What this connection has prepared, in the order of first use.
pub(crate) async fn prepared_by(connection: &mut Connection) -> anyhow::Result<Vec<String>> {
    let read = "SELECT statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%' \
                ORDER BY prepare_time, length(name), name";
    let prepared: Vec<Prepared> = diesel::sql_query(read).load(connection).await?;
    Ok(prepared.into_iter().map(|row| row.statement).collect())
}

/// The one statement among them that holds `part`.
pub(crate) fn the_one_with<'a>(statements: &'a [String], part: &str) -> anyhow::Result<&'a str> {
    let found: Vec<&String> = statements.iter().filter(|statement| statement.contains(part)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        _ => bail!("{} prepared statements hold {part:?} instead of one", found.len()),
    }
}

/// The statement with expressions in the places of its parameters, in order.
///
/// # Errors
/// Where it has more or fewer parameters: the statement was changed and what replays it must be, too.
pub(crate) fn with_arguments(statement: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let beyond = format!("${}", arguments.len() + 1);
    ensure!(
        !statement.contains(&beyond),
        "this statement takes more than {} parameters: {statement}",
        arguments.len()
    );
    // From the last to the first, so that $1 is not found in $12.
    let mut filled = statement.to_owned();
    for (index, argument) in arguments.iter().enumerate().rev() {
        let place = format!("${}", index + 1);
        ensure!(filled.contains(&place), "this statement takes no parameter {place}: {statement}");
        filled = filled.replace(&place, argument);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_changed_is_not_replayed() {
        let statement = "SELECT $1, $2, $1";
        assert_eq!(with_arguments(statement, &[":a", ":b"]).unwrap(), "SELECT :a, :b, :a");
        assert!(with_arguments(statement, &[":a"]).is_err());
        assert!(with_arguments(statement, &[":a", ":b", ":c"]).is_err());
    }
}
