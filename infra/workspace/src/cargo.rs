//! What cargo knows about the workspace: where it builds, and cargo-lambda's routes, which must be
//! those of template.yaml.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::error::{Doing, Error, Result};
use crate::template::System;

/// The real cargo, even when we run under one.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What an outer `cargo run` or `cargo test` tells its program about its package: build scripts
/// that look at it would run again, and everything above them would be built anew.
pub fn told_by_cargo() -> impl Iterator<Item = OsString> {
    const OUTER: [&str; 6] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
        "CARGO_TARGET_TMPDIR",
    ];
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.to_str().is_some_and(|name| OUTER.iter().any(|start| name.starts_with(start))))
}

/// The workspace, as `cargo metadata` tells it.
pub struct Workspace {
    /// Where cargo builds.
    pub target: PathBuf,
    router: BTreeMap<String, String>,
}

impl Workspace {
    /// Asks cargo, as cargo-lambda does.
    pub fn read(root: &Path) -> Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
            .current_dir(root)
            .output()
            .doing("running cargo metadata")?;
        let metadata: Value = serde_json::from_slice(&output.stdout).doing("reading cargo metadata")?;
        let router =
            metadata["metadata"]["lambda"]["watch"]["router"].as_object().cloned().unwrap_or_default();
        let name = |value: Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            target: metadata["target_directory"].as_str().unwrap_or("target").into(),
            router: router.into_iter().map(|(path, function)| (path, name(function))).collect(),
        })
    }

    /// Refuses routes of Cargo.toml that differ from those of template.yaml, and names the
    /// differences.
    pub fn check_router(&self, system: &System) -> Result<()> {
        let wanted = system.router();
        let missing = wanted.iter().filter(|(path, name)| self.router.get(*path) != Some(name));
        let stray = self.router.keys().filter(|path| !wanted.contains_key(*path));
        let mut lines: Vec<String> =
            missing.map(|(path, name)| format!("  wanted: \"{path}\" = \"{name}\"")).collect();
        lines.extend(stray.map(|path| format!("  too much: \"{path}\"")));
        if lines.is_empty() {
            return Ok(());
        }
        Err(Error::Setup(format!(
            "[workspace.metadata.lambda.watch.router] in Cargo.toml differs from template.yaml:\n{}",
            lines.join("\n")
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system() -> System {
        let parameters = [("AuthIssuer", ""), ("AuthAudience", ""), ("PaymentGateway", "")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        System::read(&crate::root().join("template.yaml"), &parameters, "http://127.0.0.1:1").unwrap()
    }

    #[test]
    fn what_is_built_to_be_deployed_is_what_the_template_deploys() {
        let config = std::fs::read_to_string(crate::root().join(".cargo/config.toml")).unwrap();
        let alias = config.split("functions = [").nth(1).unwrap().split(']').next().unwrap();
        let words: Vec<&str> =
            alias.split([',', '"']).map(str::trim).filter(|word| !word.is_empty()).collect();
        assert_eq!(words[..3], ["lambda", "build", "--release"]);
        let each = words[3..].chunks(4);
        let is_one = |of: &[&str]| of[0] == "--package" && of[2] == "--bin" && of[1] == of[3];
        assert!(each.clone().all(is_one), "{words:?}");
        let mut built: Vec<&str> = each.map(|of| of[1]).collect();
        let system = system();
        let mut deployed: Vec<&str> =
            system.functions.iter().map(|function| function.name.as_str()).collect();
        built.sort_unstable();
        deployed.sort_unstable();
        assert_eq!(built, deployed);
    }

    #[test]
    fn the_local_router_is_that_of_the_template() {
        Workspace::read(&crate::root()).unwrap().check_router(&system()).unwrap();
    }
}
