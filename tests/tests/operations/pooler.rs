//! The pipeline behind PgBouncer in transaction mode: prepared statements, roles and locks as without it; LISTEN on the
//! direct address.

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
};

use pipeline_tests::{Pipeline, PipelineOptions, Program, Provider};
use tempfile::TempDir;
use test_support::{TestDatabase, factories::Shop};
use tokio_postgres::Client;
use url::Url;

use crate::{
    secured::checkout,
    world::{QUICK, STOCK, UNIT_PRICE_MINOR, World, until},
};

const ROLES: [(Program, &str); 5] = [
    (Program::CheckoutApi, "checkout_api"),
    (Program::PaymentCallback, "payment_callback"),
    (Program::OrderWorker(0), "order_worker"),
    (Program::StaleJobReaper, "stale_job_reaper"),
    (Program::AdminConsole, "admin_console"),
];
/// Fewer than the services together ask for: transactions of many clients share a few connections.
const POOL_SIZE: usize = 3;
/// An unprivileged user that every machine has; PgBouncer refuses root.
const USER: &str = "nobody";

/// Enough of a database's random name.
const DATABASE_SUFFIX: usize = 12;

/// A running PgBouncer before one database, with a login a role.
struct Pooler {
    process: Child,
    address: SocketAddr,
    logins: Vec<String>,
    _folder: TempDir,
}

/// The name of a role's login; logins belong to the cluster, so it ends as the database's name does.
fn login(database: &Url, role: &str) -> String {
    let name = database.path();
    format!("{role}_{}", &name[name.len() - DATABASE_SUFFIX..])
}

impl Pooler {
    /// A pool a login, each with what sessions of its service are set to: a pooled session is not the service's own.
    async fn before(database: &Url, administrator: &Client) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut users = String::new();
        let mut logins = Vec::new();
        for (_, role) in ROLES {
            let login = login(database, role);
            let make = format!(
                "CREATE ROLE {login} LOGIN NOINHERIT IN ROLE {role}; ALTER ROLE {login} SET role = '{role}';
                 ALTER ROLE {login} SET statement_timeout = '10s'; ALTER ROLE {login} SET lock_timeout = '3s';
                 ALTER ROLE {login} SET idle_in_transaction_session_timeout = '15s'; ALTER ROLE {login} SET timezone = 'UTC'"
            );
            administrator.batch_execute(&make).await.unwrap();
            writeln!(users, "\"{login}\" \"\"").unwrap();
            logins.push(login);
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             max_prepared_statements = 200\ndefault_pool_size = {POOL_SIZE}\nmax_client_conn = 500\n",
            database.host_str().unwrap(),
            database.port().unwrap(),
            folder.path().join("users.txt").display(),
        );
        fs::write(folder.path().join("users.txt"), users).unwrap();
        fs::write(folder.path().join("pgbouncer.ini"), settings).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let fetched = Command::new(checkout().join("scripts/pgbouncer.sh")).arg("path").output().unwrap();
        assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
        let mut command = Command::new(String::from_utf8(fetched.stdout).unwrap().trim());
        command.arg("--quiet").arg(folder.path().join("pgbouncer.ini")).stdin(Stdio::null());
        if fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
            command.args(["--user", USER]);
        }
        let process = command.spawn().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        until("the pooler listens", async || TcpStream::connect(address).ok()).await;
        Self { process, address, logins, _folder: folder }
    }

    fn url(&self, database: &Url, role: &str) -> String {
        let mut url = database.clone();
        url.set_username(&login(database, role)).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // A pooler that has ended by itself has failed the test already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_pipeline_runs_behind_a_pooler_that_hands_a_connection_on_after_every_transaction() {
    let database = TestDatabase::create().await;
    let direct = Url::parse(database.url()).unwrap();
    let administrator = database.client().await;
    let pooler = Pooler::before(&direct, &administrator).await;
    let options = QUICK
        .iter()
        .fold(PipelineOptions::new(database.url()), |options, (name, value)| options.setting(name, value))
        .setting("DATABASE__DIRECT_URL", database.url());
    let options = ROLES.iter().fold(options, |options, (program, role)| {
        options.database_url_of(*program, &pooler.url(&direct, role))
    });
    let mut pipeline = Pipeline::start(options).await.unwrap();
    pipeline.restart(Program::AdminConsole).await.unwrap();
    let shop = Shop::open(&database).await;
    let goods = shop.variant(UNIT_PRICE_MINOR, STOCK).await;
    let world = World { pipeline, goods, database };
    for index in 0..10 {
        world.buy(Provider::ALL[index % 2]).await;
    }
    let ask = "SELECT count(*) FILTER (WHERE usename = $1) FROM pg_stat_activity
        WHERE datname = current_database()";
    let worker = login(&direct, "order_worker");
    let held: i64 = administrator.query_one(ask, &[&worker]).await.unwrap().get(0);
    assert!(held > 0 && held <= i64::try_from(POOL_SIZE).unwrap(), "the worker holds {held} connections");
    println!("behind PgBouncer in transaction mode: 10 of 10 purchases, the worker on {held} connections");
    for program in ROLES.map(|(program, _)| program) {
        let log = world.pipeline.log(program).unwrap();
        for complaint in ["permission denied", "prepared statement"] {
            assert!(!log.contains(complaint), "{program}: {log}");
        }
    }
    world.database.assert_no_violations().await;
    world.pipeline.stop().await.unwrap();
    for login in &pooler.logins {
        administrator.batch_execute(&format!("DROP ROLE {login}")).await.unwrap();
    }
}
