//! Builds the functions of a commit twice, compares them, and packs them.
//!
//! Each build has a clone of its own in a directory of its own, and the second a cargo of its own.
//! So nothing comes in that is not committed, and two machines build the same: paths are written as
//! they would be in `/oms` and `/cargo`, and zips carry no time. What still decides is told by
//! `BUILD-<architecture>.txt`: the compiler, cargo-lambda, and Zig, which links.

use crate::{Architecture, Functions, sha256, zip};
use oms_workspace::cargo::{cargo, told_by_cargo};
use oms_workspace::console::say;
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::report::Report;
use oms_workspace::scratch::Scratch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What would change how a function is built, besides what is committed.
const SETTINGS: [&str; 5] =
    ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS", "CFLAGS", "CXXFLAGS"];

/// One build: where it happens, and what it reads there.
struct Place {
    checkout: PathBuf,
    cargo_home: PathBuf,
}

/// The names of the functions: each has a folder.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn names(root: &Path) -> Result<Vec<String>> {
    let folders = std::fs::read_dir(root.join("functions")).doing("reading functions")?;
    let mut names = Vec::new();
    for folder in folders {
        names.push(folder.doing("reading functions")?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// What a program prints, without its last line break.
///
/// # Errors
/// It cannot be started, or fails.
pub(crate) fn told(directory: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let doing = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program).args(arguments).current_dir(directory).output().doing(&doing)?;
    if !output.status.success() {
        let cause = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Failed { doing, cause });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Builds, compares and packs.
///
/// # Errors
/// The commit is not there, or a build fails.
pub(crate) fn make(root: &Path, asked: &Functions) -> Result<Report> {
    let commit = format!("{}^{{commit}}", asked.commit);
    let commit = told(root, "git", &["rev-parse", "--verify", &commit])?;
    let scratch = Scratch::new()?;
    let home = cargo_home()?;
    let first = Place { checkout: scratch.path().join("one"), cargo_home: home.clone() };
    let built = build(root, &first, &commit, asked)?;
    if !asked.once {
        let other = scratch.path().join("another/place");
        let second = Place { checkout: other.join("checkout"), cargo_home: other.join("cargo") };
        std::fs::create_dir_all(&second.cargo_home).doing("making a directory for cargo")?;
        // Which registry cargo asks is no part of a build.
        if home.join("config.toml").exists() {
            std::fs::copy(home.join("config.toml"), second.cargo_home.join("config.toml"))
                .doing("copying cargo's settings")?;
        }
        let again = build(root, &second, &commit, asked)?;
        let differing = differences(&built, &again);
        if !differing.is_empty() {
            return Ok(Report::new(differing.join("\n"), false));
        }
    }
    std::fs::create_dir_all(&asked.out.out).doing("making the directory of the release")?;
    pack(&built, &commit, asked, &first.checkout)
}

fn cargo_home() -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.ok_or_else(|| Error::Setup("neither CARGO_HOME nor HOME is set".to_owned()))
}

/// The bootstraps of a commit, by the names of their functions.
fn build(root: &Path, place: &Place, commit: &str, asked: &Functions) -> Result<BTreeMap<String, Vec<u8>>> {
    let Place { checkout, cargo_home } = place;
    let names = if asked.functions.is_empty() { names(root)? } else { asked.functions.clone() };
    say(format!("building {} for {} in {}", names.join(", "), asked.architecture.name(), checkout.display()));
    let (source, target) = (root.display().to_string(), checkout.display().to_string());
    told(root, "git", &["clone", "--quiet", "--no-checkout", &source, &target])?;
    told(checkout, "git", &["checkout", "--quiet", "--detach", commit])?;

    let mut command = Command::new(cargo());
    for name in told_by_cargo().chain(SETTINGS.map(Into::into)) {
        command.env_remove(name);
    }
    command.args(arguments(asked)).current_dir(checkout);
    command.env("CARGO_HOME", cargo_home).env("RUSTFLAGS", flags(place)?).env("GIT_COMMIT", commit);
    // What else would tell the time of the build.
    command.env("SOURCE_DATE_EPOCH", told(checkout, "git", &["show", "-s", "--format=%ct", commit])?);
    let status = command.status().doing("starting cargo")?;
    if !status.success() {
        return Err(Error::Setup(format!("the functions were not built: see above ({status})")));
    }
    let read = |name: String| {
        let path = checkout.join("target/lambda").join(&name).join("bootstrap");
        Ok((name, std::fs::read(&path).doing(format!("reading {}", path.display()))?))
    };
    names.into_iter().map(read).collect()
}

/// `cargo functions`, or as much of it as is asked for.
fn arguments(asked: &Functions) -> Vec<&str> {
    let architecture = asked.architecture.flag();
    if asked.functions.is_empty() {
        return vec!["functions", "--locked", architecture];
    }
    let functions = asked.functions.iter().flat_map(|name| ["--package", name, "--bin", name]);
    ["lambda", "build", "--release", "--locked", architecture].into_iter().chain(functions).collect()
}

/// Where code comes from is written into panics: the same place for all.
fn flags(place: &Place) -> Result<String> {
    let mut flags = Vec::new();
    for (path, known_as) in [(&place.cargo_home, "/cargo"), (&place.checkout, "/oms")] {
        let path = path.display().to_string();
        if path.contains(char::is_whitespace) {
            return Err(Error::Setup(format!("{path}: cargo cannot be told of a path with spaces")));
        }
        flags.push(format!("--remap-path-prefix={path}={known_as}"));
    }
    Ok(flags.join(" "))
}

/// The functions that differ, each with where it begins to.
fn differences(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let differing = one.iter().filter(|(name, bytes)| other.get(*name) != Some(bytes));
    let told = differing.map(|(name, bytes)| {
        let again = other.get(name).map_or(&[][..], Vec::as_slice);
        let at = bytes.iter().zip(again).take_while(|(one, other)| one == other).count();
        format!(
            "{name} differs when it is built again: {} and {} bytes, from byte {at} on",
            bytes.len(),
            again.len()
        )
    });
    told.collect()
}

/// Writes the zips, and what the functions were built with.
fn pack(
    built: &BTreeMap<String, Vec<u8>>,
    commit: &str,
    asked: &Functions,
    checkout: &Path,
) -> Result<Report> {
    let (out, architecture) = (&asked.out.out, asked.architecture.name());
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(out.join(name), bytes).doing(format!("writing {}", out.join(name).display()))
    };
    let mut lines = Vec::new();
    for (name, bytes) in built {
        write(&format!("{name}-{architecture}.zip"), &zip::of_program("bootstrap", bytes)?)?;
        lines.push(format!("{}  {name}", sha256(bytes)));
    }
    let bootstraps = lines.join("\n");
    write(
        &format!("BUILD-{architecture}.txt"),
        tools(commit, asked.architecture, checkout, &bootstraps)?.as_bytes(),
    )?;
    let proof = if asked.once { "built once" } else { "built twice, with the same result" };
    Ok(Report::new(format!("{bootstraps}\n{architecture}: {proof}"), true))
}

/// What it takes to build the same again.
fn tools(commit: &str, architecture: Architecture, checkout: &Path, bootstraps: &str) -> Result<String> {
    let rustc = told(checkout, "rustc", &["--version", "--verbose"])?;
    let lambda = told(checkout, "cargo", &["lambda", "--version"])?;
    // Zig comes with cargo-lambda as a package of Python, or by itself.
    let zig = told(checkout, "python3", &["-m", "ziglang", "version"]);
    let zig = zig.or_else(|_| told(checkout, "zig", &["version"])).unwrap_or_else(|_| "none".to_owned());
    Ok(format!(
        "commit: {commit}\narchitecture: {}\ncargo-lambda: {lambda}\nzig: {zig}\n\n{rustc}\n\n\
         SHA-256 of the bootstraps:\n{bootstraps}\n",
        architecture.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_its_place() {
        let built = |bytes: &[u8]| BTreeMap::from([("orders".to_owned(), bytes.to_vec())]);
        assert!(differences(&built(b"same"), &built(b"same")).is_empty());
        let told = "orders differs when it is built again: 4 and 5 bytes, from byte 2 on";
        assert_eq!(differences(&built(b"same"), &built(b"satin")), [told]);
        assert_eq!(differences(&built(b"same"), &BTreeMap::new()).len(), 1);
    }

    #[test]
    fn a_path_with_spaces_is_refused() {
        let place = |checkout: &str| Place { checkout: checkout.into(), cargo_home: "/c".into() };
        assert_eq!(
            flags(&place("/a/b")).unwrap(),
            "--remap-path-prefix=/c=/cargo --remap-path-prefix=/a/b=/oms"
        );
        assert!(flags(&place("/a b")).is_err());
    }

    #[test]
    fn the_functions_are_those_that_are_deployed() {
        let names = names(&oms_workspace::root()).unwrap();
        assert_eq!(names.len(), 9, "{names:?}");
        assert!(names.contains(&"notifications".to_owned()), "{names:?}");
    }
}
