//! The `catalogue` command as people and `make demo` run it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;
use test_support::TestDatabase;

const CSV: &str = "vendor_id,vendor_name,product_id,product_name,sku,title,price_rupees,stock
gardens,Ilam Gardens,tea,Ilam tea,TEA-100,100 g,450.50,20
gardens,Ilam Gardens,tea,Ilam tea,TEA-250,250 g,999,
";

struct Stage {
    database: TestDatabase,
    folder: TempDir,
}

impl Stage {
    async fn set() -> Self {
        Self { database: TestDatabase::create().await, folder: TempDir::new().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, arguments: &[&str]) -> Output {
        catalogue(arguments).env("DATABASE_URL", self.database.url()).output().unwrap()
    }

    async fn available(&self, sku: &str) -> Option<i32> {
        let query = "SELECT available FROM inventory JOIN product_variants USING (variant_id) WHERE sku = $1";
        let row = self.database.client().await.query_opt(query, &[&sku]).await.unwrap();
        row.map(|row| row.get(0))
    }
}

/// The command with nothing of this process's environment.
fn catalogue(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_catalogue"));
    command.env_clear().args(arguments);
    command
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_file_is_rehearsed_then_imported() {
    let stage = Stage::set().await;
    let file = stage.file("tea.csv", CSV);
    let path = file.to_str().unwrap();
    let rehearsed = said(&stage.run(&["import", path, "--dry-run"]));
    assert!(rehearsed.contains("variants: 2 would be added, 0 would be changed"), "{rehearsed}");
    assert_eq!(stage.available("TEA-100").await, None);
    let imported = said(&stage.run(&["import", path]));
    assert!(imported.contains("stock of TEA-100: 0 -> 20"), "{imported}");
    assert_eq!(stage.available("TEA-100").await, Some(20));
    assert!(said(&stage.run(&["import", path])).contains("variants: 0 added, 0 changed"));
    stage.database.assert_no_violations().await;
}

#[tokio::test]
async fn stock_is_received_and_set() {
    let stage = Stage::set().await;
    let file = stage.file("tea.csv", CSV);
    said(&stage.run(&["import", file.to_str().unwrap()]));
    let received = said(&stage.run(&["stock", "receive", "TEA-100", "5", "--reason", "delivery 17"]));
    assert_eq!(received, "TEA-100: 25 can be sold\n");
    let set = said(&stage.run(&["stock", "set", "TEA-100", "7", "--reason", "counted"]));
    assert_eq!(set, "TEA-100: 25 -> 7\n");
    assert!(!stage.run(&["stock", "set", "TEA-100", "7"]).status.success(), "without a reason");
}

#[tokio::test]
async fn a_broken_file_is_refused_by_line_and_changes_nothing() {
    let stage = Stage::set().await;
    let broken = CSV.replace("450.50", "lots").replace("999", "1.005");
    let file = stage.file("tea.csv", &broken);
    let output = stage.run(&["import", file.to_str().unwrap()]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("line 2: `lots` is not an amount"), "{error}");
    assert_eq!(stage.available("TEA-100").await, None);
    let other = stage.file("tea.xlsx", CSV);
    let error = stage.run(&["import", other.to_str().unwrap()]).stderr;
    assert!(String::from_utf8_lossy(&error).contains("ends in .json or .csv"));
}

#[test]
fn a_missing_database_is_named() {
    let output = catalogue(&["stock", "set", "A", "1", "--reason", "r"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("DATABASE_URL"), "{error}");
}
