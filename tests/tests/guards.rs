//! The list of fences must name what is there.

use std::process::Command;

#[test]
fn every_fence_of_the_list_is_where_the_list_says() {
    let checked = Command::new(env!("CARGO_BIN_EXE_guards")).arg("--check").output().expect("it can be run");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
