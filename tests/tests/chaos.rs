//! A short piece of `make chaos`, with a seed of its own each time.

use std::process::Command;

/// How long shoppers are let in; those who are still inside then, and the way to rest, come on top.
const DOOR_SECONDS: &str = "45";

#[test]
fn whatever_breaks_under_shoppers_no_payment_is_lost_doubled_or_invented() {
    // The private cluster that it may restart, whatever server the other tests use.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");
    let run = ["run", "chaos", "--", env!("CARGO_BIN_EXE_chaos"), "--seconds", DOOR_SECONDS];
    let output = Command::new(script).args(run).output().expect("the script can be run");
    let (report, progress) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{progress}\n{report}", output.status);
    println!("{progress}\n{report}");
}
