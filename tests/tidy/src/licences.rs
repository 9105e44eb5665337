//! What comes into the lock file: its licences, and what is banned, by deny.toml.

use crate::repository::{repository, root};
use serde_json::Value;
use std::process::Command;

/// The texts of a list in deny.toml, by what its line begins with.
fn listed(begin: &str) -> Vec<String> {
    let text = &repository().file("deny.toml").text;
    let list = text.split(begin).nth(1).and_then(|rest| rest.split("\n]").next());
    let list = list.unwrap_or_else(|| panic!("deny.toml has no {begin}"));
    let first_text = |line: &str| line.split('"').nth(1).map(str::to_owned);
    list.lines().filter_map(first_text).collect()
}

/// All packages of the lock file.
fn packages() -> Vec<Value> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(cargo.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo writes JSON");
    metadata["packages"].as_array().cloned().expect("there are packages")
}

/// Whether an expression of SPDX can be met with the licences that are allowed. An older form has
/// `/` for `OR`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    meets(&words, allowed)
}

fn meets(words: &[&str], allowed: &[String]) -> bool {
    let halves = |by: &str| {
        let mut depth = 0_i32;
        let at = words.iter().position(|word| {
            depth += i32::from(*word == "(") - i32::from(*word == ")");
            depth == 0 && *word == by
        })?;
        Some((&words[..at], &words[at + 1..]))
    };
    if let Some((one, other)) = halves("OR") {
        return meets(one, allowed) || meets(other, allowed);
    }
    if let Some((one, other)) = halves("AND") {
        return meets(one, allowed) && meets(other, allowed);
    }
    match words {
        ["(", inner @ .., ")"] => meets(inner, allowed),
        words => allowed.contains(&words.join(" ")),
    }
}

#[test]
fn every_dependency_has_an_allowed_licence_and_source_and_is_not_banned() {
    let (allowed, banned) = (listed("allow = ["), listed("\ndeny = ["));
    let registry = repository().file("deny.toml").text.split("allow-registry = [\"").nth(1);
    let registry = registry.and_then(|rest| rest.split('"').next()).expect("deny.toml has a registry");
    let packages = packages();
    for package in &packages {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let (name, licence, source) = (text("name"), text("license"), text("source"));
        assert!(
            is_allowed(&licence, &allowed),
            "{name} has the licence \"{licence}\": take another crate, or allow it in deny.toml"
        );
        assert!(
            !banned.contains(&name) || is_excepted(&name, &packages),
            "{name} is banned by deny.toml: `cargo tree -i {name}` tells who brings it"
        );
        assert!(
            source.is_empty() || source == format!("registry+{registry}"),
            "{name} comes from {source}: only crates.io and this repository are allowed"
        );
    }
}

/// Whether a banned package is needed by none but the packages of its `wrappers`.
fn is_excepted(name: &str, packages: &[Value]) -> bool {
    let text = &repository().file("deny.toml").text;
    let ban = text.lines().find(|line| line.contains(&format!("crate = \"{name}\"")));
    let wrappers =
        ban.and_then(|line| line.split("wrappers = [").nth(1)?.split(']').next()).unwrap_or_default();
    // What a dependency needs for its own tests never comes in.
    let is_needed = |needed: &Value| needed["name"] == name && needed["kind"].is_null();
    let needs = |package: &&Value| package["dependencies"].as_array().into_iter().flatten().any(is_needed);
    packages.iter().filter(needs).all(|package| wrappers.contains(&package["name"].to_string()))
}

#[test]
fn expressions_of_licences_are_read() {
    let allowed = ["MIT", "ISC"].map(str::to_owned);
    for expression in
        ["MIT", "Apache-2.0 OR MIT", "Apache-2.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "MIT AND ISC"]
    {
        assert!(is_allowed(expression, &allowed), "{expression}");
    }
    for expression in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "MIT WITH X-exception"] {
        assert!(!is_allowed(expression, &allowed), "{expression}");
    }
}

/// Else the black-box tests, which build the functions with `cargo build`, build half of the
/// dependencies a second time.
#[test]
fn what_only_tests_use_is_an_ordinary_dependency_of_the_harness() {
    let packages = packages();
    let names = |package: &Value, kind: Option<&str>| -> Vec<String> {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let named = dependencies.filter(|one| one["kind"].as_str() == kind);
        named.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
    };
    let ours = || packages.iter().filter(|package| package["source"].is_null());
    let harness = ours().find(|package| package["name"] == "oms-harness").expect("there is a harness");
    let ordinary = names(harness, None);
    let missing: Vec<_> = ours()
        .flat_map(|package| names(package, Some("dev")))
        .filter(|name| !ordinary.contains(name) && !ours().any(|package| package["name"] == **name))
        .collect();
    assert!(missing.is_empty(), "tests/harness/Cargo.toml lacks {missing:?}, which tests of others use");
}
