use schema::{Pool, PoolSettings};
use tokio_postgres::Client;

use crate::{keeper, server};

/// Connections of one test's pool: enough to run into each other, few enough that many tests fit the server.
const POOL_SIZE_MAX: usize = 10;

/// A migrated database that only one test uses. Dropping the value drops the database, with whoever is still connected.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
}

impl TestDatabase {
    /// Clones the template.
    ///
    /// # Panics
    /// Where no server can be had; the message says what is missing.
    pub async fn create() -> Self {
        match keeper::create().await {
            Ok(url) => Self { url },
            Err(error) => panic!("no test database: {error:#}"),
        }
    }

    /// Where the database is, as a superuser of the test server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection of its own, for setting up rows and for looking at what the code under test left.
    ///
    /// # Panics
    /// Where the server refuses the connection.
    pub async fn client(&self) -> Client {
        match server::connect(&self.url).await {
            Ok(client) => client,
            Err(error) => panic!("no connection to {}: {error:#}", self.url),
        }
    }

    /// A pool with a superuser's rights.
    ///
    /// # Panics
    /// Where the pool cannot be made.
    pub fn pool(&self) -> Pool {
        self.pool_of(None)
    }

    /// A pool with the rights of one of the roles that migrations make, such as `order_worker`.
    ///
    /// # Panics
    /// Where the pool cannot be made.
    pub fn pool_as(&self, role: &'static str) -> Pool {
        self.pool_of(Some(role))
    }

    fn pool_of(&self, role: Option<&'static str>) -> Pool {
        let settings =
            PoolSettings { url: self.url.clone(), role, application_name: "test", size_max: POOL_SIZE_MAX };
        match Pool::new(&settings) {
            Ok(pool) => pool,
            Err(error) => panic!("no pool for {}: {error}", self.url),
        }
    }

    /// # Panics
    /// Where the view `invariant_violations` holds a row, or cannot be read.
    pub async fn assert_no_violations(&self) {
        let rows = match self
            .client()
            .await
            .query("SELECT invariant, subject, detail FROM invariant_violations", &[])
            .await
        {
            Ok(rows) => rows,
            Err(error) => panic!("invariant_violations cannot be read: {error}"),
        };
        let violations: Vec<String> = rows
            .iter()
            .map(|row| {
                let (invariant, subject, detail): (String, String, String) =
                    (row.get(0), row.get(1), row.get(2));
                format!("{invariant}: {subject}: {detail}")
            })
            .collect();
        assert!(violations.is_empty(), "invariants are violated:\n{}", violations.join("\n"));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        keeper::drop_database(std::mem::take(&mut self.url));
    }
}
