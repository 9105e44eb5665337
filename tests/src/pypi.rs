//! Programs from PyPI that only the tests use, in virtual environments of their own.

use crate::stack::root;
use oms_workspace::tools::MINISTACK;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// An independent opinion on whether a document is valid OpenAPI.
const VALIDATOR: &str = "openapi-spec-validator==0.9.0";
/// Sends what the document allows and what it does not, and holds the answers against it.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Drives a browser that is there already.
const PLAYWRIGHT: &str = "playwright==1.65.2";

/// What deploys, as docs/deploying.md has it.
const SAM_CLI: &str = "aws-sam-cli==1.170.0";
/// What ministack needs to understand a template of SAM's.
const SAM_TRANSLATOR: &str = "aws-sam-translator==1.115.0";

/// Packages that get along in one virtual environment.
#[derive(Debug)]
pub struct Environment {
    directory: &'static str,
    packages: &'static [&'static str],
}

/// What judges the document and its page.
const JUDGES: Environment =
    Environment { directory: "test-venv", packages: &[VALIDATOR, SCHEMATHESIS, PLAYWRIGHT] };
/// `sam`.
pub const SAM: Environment = Environment { directory: "test-sam", packages: &[SAM_CLI] };
/// ministack as an emulator of AWS. It wants another botocore than `sam`.
pub const AWS: Environment = Environment { directory: "test-aws", packages: &[MINISTACK, SAM_TRANSLATOR] };

impl Environment {
    /// A program of the environment, which is installed if it is not yet.
    ///
    /// # Panics
    /// Where Python or PyPI fails.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        let shared = root().join(".local");
        let venv = shared.join(self.directory);
        fs::create_dir_all(&shared).expect("the checkout can be written");
        let lock = File::create(venv.with_extension("lock")).expect("the checkout can be written");
        lock.lock().expect("another run ends");
        let (mark, wanted) = (venv.join("installed"), self.packages.join("\n") + "\n");
        if !fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
            let quietly = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"];
            run(Command::new(venv.join("bin/python3")).args(quietly).args(self.packages));
            fs::write(&mark, wanted).expect("the checkout can be written");
        }
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
