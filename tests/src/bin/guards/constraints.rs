//! Guards in the database: what its catalogue lists, each with the statement that takes it out.

use std::{collections::BTreeMap, path::Path, time::Instant};

use anyhow::{Context, bail};
use config::{Config, File};
use serde::Deserialize;
use test_support::TestDatabase;
use tokio_postgres::Client;

use crate::{
    cargo::{Programs, Ran},
    report::{Noticed, Report},
    tests::TestName,
};

/// Guards whose loss is noticed by how the shop behaves; all others are missed where wrong writes are tried.
const BEHAVIOUR: &str = "tests/guards/constraints.toml";
/// Tries the wrong write of each named constraint.
const REFUSALS: &str = "schema/refusals every_wrong_write_is_refused_by_the_constraint_that_names_it";
/// The rest of what is said about the schema.
const SCHEMA: [&str; 2] =
    ["schema/refusals movements_follow_every_way_of_changing_stock", "schema/refusals no_named_constraint"];

/// What can be dropped: constraints and named keys, unique indexes of a part of a table, triggers.
const DROPPABLE: &str = "
    SELECT conname::text, format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname)
      FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND conrelid <> '__diesel_schema_migrations'::regclass
       AND (contype IN ('c', 'u', 'f') OR contype = 'p' AND conname NOT LIKE '%\\_pkey')
    UNION ALL
    SELECT c.relname::text, format('DROP INDEX %I', c.relname)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND i.indpred IS NOT NULL
    UNION ALL
    SELECT tgname::text, format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass)
      FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1";

/// Functions that refuse by name.
const REFUSING: &str = "
    SELECT proname::text, pg_get_functiondef(oid) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prosrc LIKE '%CONSTRAINT = ''%' ORDER BY 1";

struct Guard {
    name: String,
    /// Takes it out of a database.
    statement: String,
}

/// A guard and the test of behaviour that needs it.
#[derive(Debug, Deserialize)]
struct Needed {
    guard: String,
    test: String,
}

#[derive(Debug, Deserialize)]
struct List {
    needed: Vec<Needed>,
}

pub(crate) async fn take_out(
    checkout: &Path,
    database_url: &str,
    is_named: impl Fn(&str) -> bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let guards = list(&database.client().await).await?;
    let behaviour = read_behaviour(checkout)?;
    if let Some(unknown) = behaviour.keys().find(|name| !guards.iter().any(|guard| guard.name == **name)) {
        bail!("{BEHAVIOUR}: no guard is named {unknown}");
    }
    let refusals: Vec<TestName> =
        std::iter::once(REFUSALS).chain(SCHEMA).map(str::parse).collect::<anyhow::Result<_>>()?;
    eprintln!("guards: building the tests that should notice");
    let programs =
        Programs::build(checkout, &checkout.join("target"), refusals.iter().chain(behaviour.values()))
            .await?;
    for test in refusals.iter().chain(behaviour.values()) {
        if let Ran::Failed(died) = programs.run(test, database_url, None).await? {
            bail!("{died} fails with every guard in place: nothing can be shown");
        }
    }
    let guards: Vec<Guard> = guards.into_iter().filter(|guard| is_named(&guard.name)).collect();
    eprintln!("guards: taking {} guards out of the test databases", guards.len());
    for guard in guards {
        let began = Instant::now();
        let listed = behaviour.get(&guard.name);
        let tests = listed.into_iter().chain(&refusals);
        let noticed = match (noticed_by(&programs, tests, database_url, &guard.statement).await?, listed) {
            (Some(test), Some(listed)) if test != listed => Noticed::NotBy(listed.to_string()),
            (Some(test), _) => Noticed::By(test.to_string()),
            (None, _) => Noticed::ByNobody,
        };
        report.add(&guard.name, noticed, began.elapsed());
    }
    Ok(())
}

/// The first of these tests that fails.
async fn noticed_by<'a>(
    programs: &Programs,
    tests: impl Iterator<Item = &'a TestName>,
    database_url: &str,
    statement: &str,
) -> anyhow::Result<Option<&'a TestName>> {
    for test in tests {
        if let Ran::Failed(_) =
            programs.run(test, database_url, Some(("TEST_WITHOUT_GUARD", statement))).await?
        {
            return Ok(Some(test));
        }
    }
    Ok(None)
}

async fn list(client: &Client) -> anyhow::Result<Vec<Guard>> {
    let droppable = client.query(DROPPABLE, &[]).await?;
    let mut guards: Vec<Guard> =
        droppable.iter().map(|row| Guard { name: row.get(0), statement: row.get(1) }).collect();
    for row in client.query(REFUSING, &[]).await? {
        let (function, definition): (String, String) = (row.get(0), row.get(1));
        guards.extend(refusals_of(&function, &definition)?);
    }
    Ok(guards)
}

/// The function, once for each of its refusals, without it.
fn refusals_of(function: &str, definition: &str) -> anyhow::Result<Vec<Guard>> {
    const NAMES: &str = "CONSTRAINT = '";
    let mut guards = Vec::new();
    for (at, _) in definition.match_indices(NAMES) {
        let (before, from_name) = definition.split_at(at);
        let name = from_name.split('\'').nth(1).context("a refusal without a name")?;
        let raise =
            before.rfind("RAISE EXCEPTION").with_context(|| format!("{name} is not raised in {function}"))?;
        let end = from_name.find(';').with_context(|| format!("{function}: {name} has no end"))?;
        let (kept, _) = definition.split_at(raise);
        let (_, rest) = from_name.split_at(end);
        guards.push(Guard { name: format!("{name} in {function}"), statement: format!("{kept}NULL{rest}") });
    }
    Ok(guards)
}

fn read_behaviour(checkout: &Path) -> anyhow::Result<BTreeMap<String, TestName>> {
    let file = File::from(checkout.join(BEHAVIOUR));
    let list: List = Config::builder().add_source(file).build()?.try_deserialize().context(BEHAVIOUR)?;
    list.needed.into_iter().map(|needed| Ok((needed.guard, needed.test.parse()?))).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn each_refusal_of_a_function_is_taken_out_alone() {
        let definition = "BEGIN\nIF a THEN RAISE EXCEPTION 'no %', a USING CONSTRAINT = 'first_one';\nEND IF;\n\
            IF b THEN RAISE EXCEPTION 'no' USING CONSTRAINT = 'second_one', TABLE = 't';\nEND IF;\nEND";
        let guards = refusals_of("f", definition).unwrap();
        let names: Vec<&str> = guards.iter().map(|guard| guard.name.as_str()).collect();
        assert_eq!(names, ["first_one in f", "second_one in f"]);
        assert_eq!(
            guards[1].statement,
            "BEGIN\nIF a THEN RAISE EXCEPTION 'no %', a USING CONSTRAINT = 'first_one';\nEND IF;\n\
             IF b THEN NULL;\nEND IF;\nEND"
        );
    }
}
