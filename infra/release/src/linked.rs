//! What the functions link: no tests, no tools, no macros, nothing that only a build needs.

use crate::Architecture;
use crate::functions::{names, told};
use oms_workspace::error::{Doing, Error, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml_edit::DocumentMut;

/// A package's name and version, by which the lock file knows it.
pub(crate) type Id = (String, String);

/// A package that functions link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// The licence, as an expression of SPDX.
    pub(crate) licence: String,
    /// Where its source is looked after, or nothing.
    pub(crate) repository: String,
    /// Who wrote it, as far as it says so.
    pub(crate) authors: Vec<String>,
    /// Where it is on this machine.
    pub(crate) directory: PathBuf,
    /// The SHA-256 of its archive in the registry; none for the packages of this repository.
    pub(crate) checksum: Option<String>,
    /// What it links itself.
    pub(crate) links: BTreeSet<Id>,
}

/// The packages that the functions link on any of their processors, and the functions themselves.
///
/// # Errors
/// cargo fails, or tells something else than the lock file.
pub(crate) fn packages(root: &Path) -> Result<BTreeMap<Id, Package>> {
    let mut arguments = vec!["tree", "--locked", "--edges", "normal,no-proc-macro"];
    arguments.extend(["--prefix", "depth", "--format", " {p}"]);
    arguments.extend(Architecture::ALL.iter().flat_map(|architecture| ["--target", architecture.target()]));
    let functions = names(root)?;
    arguments.extend(functions.iter().flat_map(|name| ["--package", name]));
    let links = tree(&told(root, "cargo", &arguments)?)?;

    let known = told(root, "cargo", &["metadata", "--locked", "--format-version", "1"])?;
    let known: Value = serde_json::from_str(&known).doing("reading cargo metadata")?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).doing("reading Cargo.lock")?;
    let checksums = checksums(&lock)?;
    let mut packages: BTreeMap<Id, Package> = BTreeMap::new();
    for package in known["packages"].as_array().into_iter().flatten() {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let id = (text("name"), text("version"));
        let Some(links) = links.get(&id) else { continue };
        let manifest = PathBuf::from(text("manifest_path"));
        let authors = package["authors"].as_array().into_iter().flatten();
        let package = Package {
            // An older form of `OR`.
            licence: text("license").replace(" / ", " OR ").replace('/', " OR "),
            repository: text("repository"),
            authors: authors.filter_map(|author| author.as_str().map(str::to_owned)).collect(),
            directory: manifest.parent().unwrap_or(root).to_owned(),
            checksum: checksums.get(&id).cloned(),
            links: links.clone(),
        };
        packages.insert(id, package);
    }
    match links.keys().find(|id| !packages.contains_key(*id)) {
        Some((name, version)) => Err(Error::Setup(format!("cargo metadata does not know {name} {version}"))),
        None => Ok(packages),
    }
}

/// Each package of a tree, with what it links; `0 orders v0.1.0 (/oms/functions/orders)` is a line,
/// and the number says below which package it stands.
fn tree(text: &str) -> Result<BTreeMap<Id, BTreeSet<Id>>> {
    let mut packages: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let depth = words.next().and_then(|depth| depth.parse::<usize>().ok());
        let (name, version) = (words.next(), words.next().and_then(|version| version.strip_prefix('v')));
        let (Some(depth), Some(name), Some(version)) = (depth, name, version) else {
            return Err(Error::Setup(format!("cargo tree has a line that is not understood: {line}")));
        };
        let id = (name.to_owned(), version.to_owned());
        above.truncate(depth);
        if let Some(parent) = above.last() {
            packages.entry(parent.clone()).or_default().insert(id.clone());
        }
        packages.entry(id.clone()).or_default();
        above.push(id);
    }
    Ok(packages)
}

/// The checksums of a lock file.
fn checksums(lock: &str) -> Result<BTreeMap<Id, String>> {
    let lock: DocumentMut = lock.parse().doing("reading Cargo.lock")?;
    let packages = lock.get("package").and_then(|packages| packages.as_array_of_tables());
    let of = |package: &toml_edit::Table| {
        let text = |name: &str| Some(package.get(name)?.as_str()?.to_owned());
        Some(((text("name")?, text("version")?), text("checksum")?))
    };
    Ok(packages.into_iter().flatten().filter_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Id {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_tree_tells_who_links_what() {
        let text = "0 orders v0.1.0 (/oms/functions/orders)\n1 axum v0.8.9\n2 bytes v1.12.2\n1 bytes v1.12.2\n\n\
            0 docs v0.1.0 (/oms/functions/docs)\n1 axum v0.8.9 (*)\n";
        let packages = tree(text).unwrap();
        assert_eq!(packages.len(), 4);
        assert_eq!(packages[&id("orders", "0.1.0")].len(), 2);
        assert_eq!(packages[&id("docs", "0.1.0")], [id("axum", "0.8.9")].into());
        assert_eq!(packages[&id("axum", "0.8.9")], [id("bytes", "1.12.2")].into());
        assert!(tree("orders v0.1.0").is_err());
    }

    #[test]
    fn what_tests_and_macros_need_is_not_linked() {
        let packages = packages(&oms_workspace::root()).unwrap();
        let has = |wanted: &str| packages.keys().any(|(name, _)| name == wanted);
        for linked in ["orders", "oms-core", "aws-sdk-dynamodb", "ring", "serde"] {
            assert!(has(linked), "{linked}");
        }
        for other in ["proptest", "insta", "serde_derive", "syn", "cc", "dynoxide-rs", "clap", "aws-config"] {
            assert!(!has(other), "{other}");
        }
        for ((name, _), package) in &packages {
            assert!(!package.licence.is_empty(), "{name} has no licence");
            let is_ours = package.directory.starts_with(oms_workspace::root());
            assert_eq!(package.checksum.is_none(), is_ours, "{name}");
        }
    }
}
