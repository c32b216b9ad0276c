//! A Postgres as it should stand in production: TLS only, passwords, an owner that is no superuser, and one login a role.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::certificates::Authority;

/// The only name in the server's certificate.
const HOST: &str = "localhost";
const DATABASE: &str = "shop";
/// Migrates, and owns what migrations make.
pub(super) const OWNER: &str = "shop_owner";
/// A password that has to be escaped in a URL.
const PASSWORD: &str = "p@ss/word:1";
const PASSWORD_ESCAPED: &str = "p%40ss%2Fword%3A1";

/// One cluster, so one test at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// The running server; stopped with the value.
pub(super) struct Secured {
    port: u16,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Secured {
    /// Starts it with an empty database and these roles, each with a login `<role>_login`.
    pub(super) async fn start(roles: &[&str]) -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::named("the shop's authority");
        let (certificate, key) = authority.sign_for(HOST);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("authority.crt", &authority.certificate);
        write("stranger.crt", &Authority::named("a stranger").certificate);
        write("server.crt", &certificate);
        write("server.key", &key);
        // Left by a run that was killed.
        postgres("down", folder.path());
        let url = url::Url::parse(postgres("up", folder.path()).trim()).unwrap();
        let server = Self { port: url.port().unwrap(), folder, _turn: turn };
        server.lay_out(roles).await;
        server
    }

    async fn lay_out(&self, roles: &[&str]) {
        let client = self.client("postgres").await;
        let run = async |statement: String| client.batch_execute(&statement).await.unwrap();
        run(format!("DROP DATABASE IF EXISTS {DATABASE}")).await;
        for login in roles.iter().map(|role| login_of(role)).chain([OWNER.to_owned()]) {
            run(format!("DROP ROLE IF EXISTS {login}")).await;
        }
        run(format!("CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")).await;
        run(format!("CREATE DATABASE {DATABASE} OWNER {OWNER}")).await;
        run(format!("REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")).await;
        for role in roles {
            run(format!(
                "DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            ))
            .await;
            let login = login_of(role);
            run(format!("CREATE ROLE {login} LOGIN NOINHERIT PASSWORD '{PASSWORD}' IN ROLE {role}")).await;
            run(format!("GRANT CONNECT ON DATABASE {DATABASE} TO {login}")).await;
        }
    }

    /// The shop's database as a service should reach it.
    pub(super) fn url_of(&self, login: &str) -> String {
        self.url(login, HOST, &format!("sslmode=verify-full&sslrootcert={}", self.file("authority.crt")))
    }

    /// The same with another host or another trust.
    pub(super) fn url(&self, login: &str, host: &str, parameters: &str) -> String {
        format!("postgres://{login}:{PASSWORD_ESCAPED}@{host}:{}/{DATABASE}?{parameters}", self.port)
    }

    /// `authority.crt`, which signed the server's certificate, or `stranger.crt`, which did not.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A superuser's connection to a database.
    pub(super) async fn client(&self, database: &str) -> Client {
        self.client_as("postgres", database).await
    }

    /// Anybody's connection, set up in no way.
    pub(super) async fn client_as(&self, login: &str, database: &str) -> Client {
        let mut roots = RootCertStore::empty();
        let authority = fs::read(self.folder.path().join("authority.crt")).unwrap();
        roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
        // Fails only where another client of this process has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let (client, connection) = tokio_postgres::Config::new()
            .host(HOST)
            .port(self.port)
            .user(login)
            .password(PASSWORD)
            .dbname(database)
            .ssl_mode(tokio_postgres::config::SslMode::Require)
            .connect(MakeRustlsConnect::new(config))
            .await
            .unwrap();
        tokio::spawn(async move {
            // The client's own calls report a connection that broke.
            drop(connection.await);
        });
        client
    }

    /// The superuser's view of the shop.
    pub(super) async fn shop(&self) -> Client {
        self.client(DATABASE).await
    }

    pub(super) async fn shop_as(&self, login: &str) -> Client {
        self.client_as(login, DATABASE).await
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        postgres("down", self.folder.path());
    }
}

/// The login that is a member of this role and of nothing else.
pub(super) fn login_of(role: &str) -> String {
    format!("{role}_login")
}

/// The checkout that this test was compiled in.
pub(crate) fn checkout() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).canonicalize().unwrap()
}

fn postgres(command: &str, certificates: &Path) -> String {
    let ended = Command::new(checkout().join("scripts/postgres.sh"))
        .args([command, "secured"])
        .env("POSTGRES_CERTIFICATE", certificates.join("server.crt"))
        .env("POSTGRES_KEY", certificates.join("server.key"))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}
