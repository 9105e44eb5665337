//! Programs from PyPI that only the tests use, in virtual environments of their own.

use crate::stack::root;
use oms_workspace::tools::install;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Packages that get along in one virtual environment.
#[derive(Debug)]
pub struct Environment {
    directory: &'static str,
    lock: &'static str,
}

/// What judges the document and its page: a validator, schemathesis, which sends what the document
/// allows and what it does not, and a driver of a browser.
const JUDGES: Environment = Environment { directory: "test-venv", lock: "infra/python/test-document.txt" };
/// `sam`, of the version that deploys.
pub const SAM: Environment = Environment { directory: "test-sam", lock: "infra/python/lint.txt" };
/// ministack as an emulator of AWS. It wants another botocore than `sam`.
pub const AWS: Environment = Environment { directory: "test-aws", lock: "infra/python/test-aws.txt" };

impl Environment {
    /// A program of the environment, which is installed if it is not yet.
    ///
    /// # Panics
    /// Where Python or PyPI fails.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        let shared = root().join(".local");
        fs::create_dir_all(&shared).expect("the checkout can be written");
        let venv = shared.join(self.directory);
        let installed = install(&root(), &venv, &[self.lock], || ());
        installed.unwrap_or_else(|error| panic!("{}: {error}", self.lock));
        venv.join("bin").join(name)
    }
}

/// A program of those that judge the document and its page.
///
/// # Panics
/// Where Python or PyPI fails.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    JUDGES.program(name)
}

/// The machine's Chromium, by the setting `CHROMIUM` or by its usual names.
#[must_use]
pub fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path).flat_map(|directory| usual.map(|name| directory.join(name)));
    named.into_iter().chain(found).find(|program| program.is_file())
}

/// Runs a program to its end; what it printed.
///
/// # Panics
/// Where it fails, with what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
    printed
}
