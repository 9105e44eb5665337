//! The tools that come from PyPI, in virtual environments. Their lock files name every version and
//! the hashes of its files; `infra/python/compile.sh` writes them.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console::Step;
use crate::error::{Doing, Error, Result};
use crate::places::{Places, replace};

/// What installs the programs that deploy.
pub const DEPLOY: &str = "pip install --no-deps --require-hashes -r infra/python/deploy.txt";

/// SNS, SQS and SES: ministack. The functions' runtime: cargo-lambda, without its dependencies,
/// which are a cross-compiler, for deploying.
const LOCKS: [&str; 2] = ["infra/python/local.txt", "infra/python/cargo-lambda.txt"];

/// Where the tools are.
#[derive(Debug, Clone)]
pub struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Installs the tools where they are not installed yet, or others are. Stacks that start
    /// together wait for one another.
    pub fn install(places: &Places) -> Result<Self> {
        let venv = places.shared.join("venv");
        let begin =
            || Step::begin("installing ministack and cargo-lambda into .local/venv (about 50 MB, once)");
        if let Some(step) = install(&places.root, &venv, &LOCKS, begin)? {
            step.done("installed");
        }
        Ok(Self { bin: venv.join("bin") })
    }

    /// The environment's own Python, which has ministack.
    pub fn python(&self) -> PathBuf {
        self.bin.join("python3")
    }

    /// The program that is the functions' runtime.
    pub fn cargo_lambda(&self) -> PathBuf {
        self.bin.join("cargo-lambda")
    }
}

/// Makes a virtual environment of what the lock files say, unless it is that already; whoever else
/// does so is waited for. Where there is something to do, `begin` is called first, and its value
/// given back.
///
/// # Errors
/// A lock file cannot be read, there is no Python, or pip fails: also where a file that it got has
/// none of the hashes.
pub fn install<T>(root: &Path, venv: &Path, locks: &[&str], begin: impl FnOnce() -> T) -> Result<Option<T>> {
    let guard = venv.with_extension("lock");
    let guard = File::create(&guard).doing(format!("making {}", guard.display()))?;
    guard.lock().doing("waiting for others to install the tools")?;
    let (mark, python) = (venv.join("installed"), venv.join("bin").join("python3"));
    let wanted = wanted(root, locks)?;
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(None);
    }
    let begun = begin();
    run(Command::new(system_python()?).args(["-m", "venv", "--clear"]).arg(venv), VENV_HINT)?;
    for lock in locks {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]);
        // A lock file names everything.
        pip.args(["--no-deps", "--require-hashes", "--requirement"]).arg(root.join(lock));
        run(&mut pip, PIP_HINT)?;
    }
    replace(&mark, wanted.as_bytes())?;
    Ok(Some(begun))
}

/// What an environment of these lock files is marked with: their texts, so that it is made anew
/// once one of them has changed.
fn wanted(root: &Path, locks: &[&str]) -> Result<String> {
    let mut wanted = String::new();
    for lock in locks {
        wanted += &std::fs::read_to_string(root.join(lock)).doing(format!("reading {lock}"))?;
    }
    Ok(wanted)
}

const VENV_HINT: &str = "Python's venv module is needed: on Debian and Ubuntu, `apt install python3-venv`";
const PIP_HINT: &str = "pip could not install the tools: is there a network, or a proxy that pip must be told of? If a hash differs, the file is not the one that was locked";

/// The Python of this machine, which need have nothing but its standard library.
pub fn system_python() -> Result<PathBuf> {
    const MISSING: &str = "Python 3.10 or later is needed (as `python3`) for the local SNS and SQS: install it, and start again";
    let test = "import sys; sys.exit(sys.version_info < (3, 10))";
    match Command::new("python3").args(["-c", test]).status() {
        Ok(status) if status.success() => Ok(Path::new("python3").to_owned()),
        Ok(_) => Err(Error::Setup(MISSING.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Setup(MISSING.to_owned())),
        Err(error) => Err(error).doing("running python3"),
    }
}

fn run(command: &mut Command, hint: &str) -> Result<()> {
    let status = command.status().doing(format!("running {}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(Error::Setup(format!("{hint} ({status})"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::collections::{BTreeMap, BTreeSet};

    /// The lock files, each with its name and text.
    fn lock_files() -> BTreeMap<String, String> {
        let entries = std::fs::read_dir(crate::root().join("infra/python")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let locks = paths.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
        let named = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        locks.map(|path| (named(path.clone()), std::fs::read_to_string(path).unwrap())).collect()
    }

    /// The requirements of a lock file, each with its options: a line that is broken is one.
    fn requirements(text: &str) -> Vec<String> {
        let text = text.replace("\\\n", " ");
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn every_requirement_has_a_version_and_hashes() {
        for (name, text) in lock_files() {
            let requirements = requirements(&text);
            assert!(!requirements.is_empty(), "{name}.txt is empty");
            for line in requirements {
                let is_locked = line.contains("==") && line.contains("--hash=sha256:");
                assert!(is_locked, "infra/python/{name}.txt: {line}: run infra/python/compile.sh");
            }
        }
    }

    #[test]
    fn what_is_wanted_is_what_is_locked_and_no_tool_has_two_versions() {
        let locks = lock_files();
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, locked) in &locks {
            let source = crate::root().join(format!("infra/python/{name}.in"));
            let wanted = std::fs::read_to_string(source).unwrap();
            for wanted in wanted.lines().filter(|line| !line.starts_with('#')) {
                let is_there = requirements(locked).iter().any(|line| line.split(' ').next() == Some(wanted));
                assert!(is_there, "infra/python/{name}.txt lacks {wanted}: run infra/python/compile.sh");
                let (tool, version) = wanted.split_once("==").unwrap();
                versions.entry(tool.to_owned()).or_default().insert(version.to_owned());
            }
        }
        for (tool, versions) in versions {
            assert_eq!(versions.len(), 1, "infra/python/*.in want several versions of {tool}: {versions:?}");
        }
        for path in LOCKS {
            assert!(crate::root().join(path).exists(), "{path}");
        }
        assert!(DEPLOY.ends_with(" infra/python/deploy.txt") && locks.contains_key("deploy"));
    }

    #[test]
    fn an_environment_is_made_anew_once_a_lock_file_has_changed() {
        let scratch = Scratch::new().unwrap();
        let (root, venv) = (scratch.path(), scratch.path().join("venv"));
        let lock = ["empty.txt"];
        let installs = || install(root, &venv, &lock, || ()).unwrap().is_some();
        std::fs::write(root.join("empty.txt"), "# Nothing.\n").unwrap();
        assert_eq!((installs(), installs()), (true, false));
        std::fs::write(root.join("empty.txt"), "# Nothing else.\n").unwrap();
        assert_eq!((installs(), installs()), (true, false));
    }

    #[test]
    fn a_package_without_a_hash_is_not_installed() {
        let scratch = Scratch::new().unwrap();
        let root = scratch.path();
        std::fs::write(root.join("loose.txt"), "ministack==1.5.33\n").unwrap();
        let failed = install(root, &root.join("venv"), &["loose.txt"], || ());
        assert!(failed.is_err_and(|error| error.to_string().starts_with(PIP_HINT)));
    }
}
