//! The tools that come from PyPI, in a virtual environment of their own.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console::Step;
use crate::error::{Doing, Error, Result};
use crate::places::{Places, replace};

/// SNS, SQS and SES; all of AWS to the test that deploys.
pub const MINISTACK: &str = "ministack==1.5.33";
/// The functions' runtime. Without its dependencies: they are a cross-compiler, which is for
/// deploying.
pub const CARGO_LAMBDA: &str = "cargo-lambda==1.9.2";

/// Where the tools are.
#[derive(Debug, Clone)]
pub struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Installs the tools where they are not installed yet. Stacks that start together wait for one
    /// another.
    pub fn install(places: &Places) -> Result<Self> {
        let venv = places.shared.join("venv");
        let tools = Self { bin: venv.join("bin") };
        let mark = venv.join("installed");
        let wanted = format!("{MINISTACK}\n{CARGO_LAMBDA}\n");
        let lock = File::create(places.shared.join("tools.lock")).doing("making .local/tools.lock")?;
        lock.lock().doing("waiting for another `cargo dev` to install the tools")?;
        if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted)
            && tools.python().exists()
        {
            return Ok(tools);
        }
        let step = Step::begin("installing ministack and cargo-lambda into .local/venv (about 50 MB, once)");
        run(Command::new(system_python()?).args(["-m", "venv", "--clear"]).arg(&venv), VENV_HINT)?;
        let pip = |arguments: &[&str]| {
            let fixed = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"];
            run(Command::new(tools.python()).args(fixed).args(arguments), PIP_HINT)
        };
        pip(&[MINISTACK])?;
        pip(&["--no-deps", CARGO_LAMBDA])?;
        replace(&mark, wanted.as_bytes())?;
        step.done("installed");
        Ok(tools)
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

const VENV_HINT: &str = "Python's venv module is needed: on Debian and Ubuntu, `apt install python3-venv`";
const PIP_HINT: &str =
    "pip could not install the tools: is there a network, or a proxy that pip must be told of?";

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
