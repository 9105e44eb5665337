//! What goes with the functions on paper.

use crate::functions::told;
use crate::{linked, notices, sbom};
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::report::Report;
use std::path::{Path, PathBuf};

/// The notices that a release must hand on.
const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";
/// Those of Rust's own library, as its makers put them together.
const LIBRARY: &str = "RUST-LIBRARY-NOTICES.html";
/// The bill of materials.
const SBOM: &str = "oms.cdx.json";

/// Writes the notices and the bill of materials of what is checked out.
///
/// # Errors
/// cargo fails, a licence has no text, or a file cannot be written.
pub(crate) fn write(root: &Path, out: &Path) -> Result<Report> {
    if !told(root, "git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty() {
        return Err(Error::Setup(
            "there are changes that are not committed: a release is of a commit".to_owned(),
        ));
    }
    let packages = linked::packages(root)?;
    let sysroot = PathBuf::from(told(root, "rustc", &["--print", "sysroot"])?);
    let rust = sysroot.join("share/doc/rust");
    let commit = told(root, "git", &["rev-parse", "HEAD"])?;
    let time = told(root, "git", &["show", "-s", "--format=%cI"])?;

    std::fs::create_dir_all(out).doing(format!("making {}", out.display()))?;
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(out.join(name), bytes).doing(format!("writing {name}"));
    write(NOTICES, notices::text(root, &packages, &rust.join("licenses"))?.as_bytes())?;
    let library = std::fs::read(rust.join("COPYRIGHT-library.html"));
    write(LIBRARY, &library.doing("reading the notices of Rust's library, which come with the compiler")?)?;
    write(SBOM, sbom::text(root, &packages, &commit, &time)?.as_bytes())?;
    let others = packages.values().filter(|package| package.checksum.is_some()).count();
    Ok(Report::new(format!("{NOTICES}, {LIBRARY} and {SBOM} tell of {others} packages of others"), true))
}
