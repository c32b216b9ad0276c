//! Every role against every column, table, sequence and function of the schema, tried.

use test_support::TestDatabase;
use tokio_postgres::{Client, error::SqlState};

use super::needs::Needs;

/// One thing that a role tries.
struct Try {
    object: String,
    privilege: &'static str,
    column: Option<String>,
    statement: String,
}

/// What nobody but the owner may do, whatever a table's grants say.
const NOBODYS: [&str; 12] = [
    "CREATE TABLE public.mine (id int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER TABLE orders DISABLE TRIGGER ALL",
    "ALTER TABLE orders ADD COLUMN mine int",
    "DROP TABLE orders",
    "CREATE INDEX ON orders (user_id)",
    "CREATE TRIGGER mine BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "SET session_replication_role = 'replica'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
];

/// Reads, inserts, updates and deletes that touch no row: permissions are checked before the first is looked for.
async fn tries(client: &Client) -> Vec<Try> {
    let mut tries = Vec::new();
    let ask = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), c.relkind = 'r', a.attgenerated = ''
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname, a.attnum";
    for row in client.query(ask, &[]).await.unwrap() {
        let (object, column, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let (is_table, is_written): (bool, bool) = (row.get(3), row.get(4));
        let mut of_column = |privilege, statement: String| {
            tries.push(Try { object: object.clone(), privilege, column: Some(column.clone()), statement });
        };
        of_column("select", format!("SELECT {column} FROM {object} WHERE false"));
        if is_table {
            of_column("update", format!("UPDATE {object} SET {column} = DEFAULT WHERE false"));
        }
        if is_table && is_written {
            let insert = format!(
                "INSERT INTO {object} ({column}) OVERRIDING SYSTEM VALUE SELECT NULL::{kind} WHERE false"
            );
            of_column("insert", insert);
        }
    }
    let ask = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind::text = $1 ORDER BY 1";
    let of = |object: &str, privilege, statement| Try {
        object: object.to_owned(),
        privilege,
        column: None,
        statement,
    };
    for row in client.query(ask, &[&"r"]).await.unwrap() {
        let table: String = row.get(0);
        tries.push(of(&table, "delete", format!("DELETE FROM {table} WHERE false")));
        tries.push(of(&table, "truncate", format!("TRUNCATE {table} CASCADE")));
    }
    for row in client.query(ask, &[&"S"]).await.unwrap() {
        let sequence: String = row.get(0);
        tries.push(of(&sequence, "usage", format!("SELECT nextval('{sequence}')")));
        tries.push(of(&sequence, "update", format!("SELECT setval('{sequence}', 1)")));
        tries.push(of(&sequence, "select", format!("SELECT last_value FROM {sequence}")));
    }
    let ask = "SELECT oid::regprocedure::text, proname || '(' || coalesce((SELECT string_agg('NULL::' || format_type(kind, NULL), ', ')
                FROM unnest(proargtypes) AS kind), '') || ')'
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1";
    for row in client.query(ask, &[]).await.unwrap() {
        let (function, call): (String, String) = (row.get(0), row.get(1));
        tries.push(of(&function.replace(',', ", "), "execute", format!("SELECT {call}")));
    }
    tries
}

/// Whether Postgres refuses the statement for want of a privilege. Nothing that it would do is kept.
async fn is_refused(client: &Client, statement: &str) -> bool {
    client.batch_execute("BEGIN").await.unwrap();
    let tried = client.batch_execute(statement).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    tried.is_err_and(|error| error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE))
}

#[tokio::test]
async fn every_role_is_refused_whatever_it_does_not_need() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let needs = Needs::read();
    let tries = tries(&client).await;
    let mut wrong = Vec::new();
    let mut refused = 0;
    for role in needs.roles() {
        client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        for Try { object, privilege, column, statement } in &tries {
            let is_listed = needs.allow(role, object, privilege, column.as_deref());
            let is_refused = is_refused(&client, statement).await;
            refused += usize::from(is_refused);
            if is_listed == is_refused {
                let listed = if is_listed { "is listed and refused" } else { "is not listed and allowed" };
                wrong.push(format!("{role}: {statement}: {listed}"));
            }
        }
        for statement in NOBODYS {
            if !is_refused(&client, statement).await {
                wrong.push(format!("{role}: {statement}: allowed"));
            }
        }
        client.batch_execute("RESET ROLE").await.unwrap();
    }
    assert_eq!(wrong, Vec::<String>::new(), "docs/roles.md and Postgres disagree");
    println!("{} statements tried as each of six roles, {refused} refused", tries.len() + NOBODYS.len());
}

#[tokio::test]
async fn the_page_names_only_what_is_there() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let needs = Needs::read();
    let tries = tries(&client).await;
    for object in needs.objects() {
        assert!(tries.iter().any(|tried| tried.object == object), "{object} is not there");
    }
    for (object, column) in needs.columns() {
        let is_there =
            tries.iter().any(|tried| tried.object == object && tried.column.as_deref() == Some(column));
        assert!(is_there, "{object} has no column {column}");
    }
    let ask = "SELECT member.rolname::text || ' in ' || granted.rolname::text FROM pg_auth_members m
        JOIN pg_roles member ON member.oid = m.member JOIN pg_roles granted ON granted.oid = m.roleid
        WHERE member.rolname = ANY($1) AND granted.rolname <> 'pg_read_all_stats'";
    let roles: Vec<&str> = needs.roles().collect();
    assert_eq!(roles.len(), 6);
    let memberships = client.query(ask, &[&roles]).await.unwrap();
    let memberships: Vec<String> = memberships.iter().map(|row| row.get(0)).collect();
    assert_eq!(memberships, Vec::<String>::new(), "a service's role is a member of another");
}
