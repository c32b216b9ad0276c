use std::{fs, path::Path};

use test_support::TestDatabase;

/// How the runbook says that its readers' role may not do what comes next.
const NEEDS_ANOTHER_ROLE: &str = "for a role that may";

/// A block of SQL, and whether whoever may use the console may run it.
struct Block {
    sql: String,
    line: usize,
    is_for_operators: bool,
}

#[tokio::test]
async fn every_query_of_the_runbook_runs_as_written() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let blocks = blocks();
    assert!(blocks.len() >= 10, "only {} blocks of SQL", blocks.len());
    for block in blocks {
        let role = if block.is_for_operators { "SET LOCAL ROLE admin_console;" } else { "" };
        let ran = client.batch_execute(&format!("BEGIN; {role} {}\nROLLBACK", block.sql)).await;
        if let Err(error) = ran {
            let reason =
                error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            panic!("deploy/runbook.md, line {}: {reason}\n{}", block.line, block.sql);
        }
    }
}

fn blocks() -> Vec<Block> {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/runbook.md")).unwrap();
    let (mut blocks, mut said, mut open) = (Vec::new(), String::new(), None::<Block>);
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line) {
            (None, "```sql") => {
                let is_for_operators = !said.to_lowercase().contains(NEEDS_ANOTHER_ROLE);
                open = Some(Block { sql: String::new(), line: index + 2, is_for_operators });
            }
            (Some(_), "```") => {
                blocks.extend(open.take());
                said.clear();
            }
            (Some(block), line) => {
                block.sql.push_str(line);
                block.sql.push('\n');
            }
            // What is said of a block stands in the paragraph before it.
            (None, line) => {
                if !line.is_empty() && said.ends_with("\n\n") {
                    said.clear();
                }
                said.push_str(line);
                said.push('\n');
            }
        }
    }
    blocks
}
