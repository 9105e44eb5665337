//! docs/cost.md says what follows from the figures that are checked in.

use std::process::Command;

#[test]
fn the_section_is_what_the_command_writes() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(["cost", "--check"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}: write it with `cargo run --bin bench -- cost`");
}
