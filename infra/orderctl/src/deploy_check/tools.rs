//! The programs that building and deploying need, and whether somebody may deploy.

use super::{Architecture, Finding};
use oms_workspace::tools::DEPLOY;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What tells AWS's tools who deploys.
const CREDENTIALS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// What of this machine matters.
#[derive(Debug, Default)]
pub(super) struct Machine {
    environment: BTreeMap<String, String>,
    /// The directories with programs, cargo's own included.
    path: Vec<PathBuf>,
    has_ziglang: bool,
    /// Where the toolchain of the checkout is.
    sysroot: Option<PathBuf>,
}

impl Machine {
    /// This one, as the checkout at `root` finds it.
    pub(super) fn this(root: &Path) -> Self {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let cargo = environment
            .get("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(environment.get("HOME")?).join(".cargo")));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path).chain(cargo.map(|cargo| cargo.join("bin"))).collect();
        let sysroot = told(root, "rustc", &["--print", "sysroot"]);
        Self {
            environment,
            path,
            has_ziglang: told(root, "python3", &["-m", "ziglang", "version"]).is_some(),
            sysroot: sysroot.map(PathBuf::from),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn has(&self, program: &str) -> bool {
        self.path.iter().any(|directory| directory.join(program).is_file())
    }

    /// A file of the AWS CLI's, where its variable or else the home directory says.
    fn aws_file(&self, variable: &str, name: &str) -> Option<String> {
        let file = match self.variable(variable) {
            Some(file) => PathBuf::from(file),
            None => Path::new(self.variable("HOME")?).join(".aws").join(name),
        };
        std::fs::read_to_string(file).ok().filter(|text| !text.trim().is_empty())
    }

    fn may_deploy(&self) -> bool {
        CREDENTIALS.iter().any(|name| self.variable(name).is_some())
            || self.aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials").is_some()
            || self.aws_file("AWS_CONFIG_FILE", "config").is_some()
    }

    fn has_region(&self) -> bool {
        let config = self.aws_file("AWS_CONFIG_FILE", "config").unwrap_or_default();
        let named = |line: &str| line.split_once('=').is_some_and(|(name, _)| name.trim() == "region");
        ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|name| self.variable(name).is_some())
            || config.lines().any(named)
    }
}

/// Whether the tools are there, and a region and credentials, as far as that can be seen from here.
pub(super) fn check(machine: &Machine, architecture: Architecture, names_region: bool) -> Vec<Finding> {
    let target = match architecture {
        Architecture::Arm64 => "aarch64-unknown-linux-gnu",
        Architecture::X86 => "x86_64-unknown-linux-gnu",
    };
    let library = |sysroot: &PathBuf| sysroot.join("lib").join("rustlib").join(target).join("lib").is_dir();
    // cargo-lambda links with Zig unless it is told otherwise.
    let needs_zig =
        machine.variable("CARGO_LAMBDA_COMPILER").is_none_or(|compiler| compiler == "cargo_zigbuild");
    let finding = |is_there: bool, what: &str, mend: &str| match is_there {
        true => Finding::Ok(what.to_owned()),
        false => Finding::Missing(what.to_owned(), mend.to_owned()),
    };
    let mut findings =
        vec![finding(machine.has("cargo-lambda"), "cargo-lambda, which builds the functions", DEPLOY)];
    if needs_zig {
        let is_there = machine.has_ziglang || machine.has("zig");
        findings.push(finding(is_there, "zig, which links them", DEPLOY));
    }
    findings.extend([
        finding(
            machine.sysroot.as_ref().is_some_and(library),
            &format!("Rust's library for {target}"),
            &format!("rustup target add {target}"),
        ),
        finding(machine.has("sam"), "sam, which deploys", DEPLOY),
        finding(
            machine.may_deploy(),
            "credentials of AWS, not tried",
            "aws configure, or set AWS_PROFILE (a role of the machine itself cannot be seen from here)",
        ),
        finding(
            machine.has_region() || names_region,
            "a region",
            "set AWS_REGION, or region in samconfig.toml",
        ),
    ]);
    findings
}

/// What a program prints, where it can be run and is content.
fn told(root: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<OsString> {
    let mut command = Command::new(program);
    let command = command.args(arguments).current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(OsString::from(String::from_utf8(output.stdout).ok()?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;

    fn missing(machine: &Machine, architecture: Architecture) -> Vec<String> {
        let findings = check(machine, architecture, false).into_iter();
        let missing = findings.filter_map(|finding| match finding {
            Finding::Missing(_, mend) => Some(mend),
            Finding::Ok(_) | Finding::NotChecked(..) => None,
        });
        missing.collect()
    }

    #[test]
    fn an_empty_machine_lacks_everything() {
        let mends = missing(&Machine::default(), Architecture::Arm64);
        assert_eq!(
            mends,
            [
                DEPLOY,
                DEPLOY,
                "rustup target add aarch64-unknown-linux-gnu",
                DEPLOY,
                "aws configure, or set AWS_PROFILE (a role of the machine itself cannot be seen from here)",
                "set AWS_REGION, or region in samconfig.toml",
            ]
        );
    }

    /// A machine on which everything is there.
    fn full(home: &Path) -> Machine {
        for program in ["cargo-lambda", "sam", "zig"] {
            std::fs::create_dir_all(home.join("bin")).unwrap();
            std::fs::write(home.join("bin").join(program), "").unwrap();
        }
        std::fs::create_dir_all(home.join("lib/rustlib/aarch64-unknown-linux-gnu/lib")).unwrap();
        std::fs::create_dir_all(home.join(".aws")).unwrap();
        std::fs::write(home.join(".aws/config"), "[default]\nregion = eu-west-1\n").unwrap();
        Machine {
            environment: [("HOME".to_owned(), home.display().to_string())].into(),
            path: vec![home.join("bin")],
            has_ziglang: false,
            sysroot: Some(home.to_owned()),
        }
    }

    #[test]
    fn what_is_there_is_found_in_each_of_its_places() {
        let scratch = Scratch::new().unwrap();
        let machine = full(scratch.path());
        assert_eq!(missing(&machine, Architecture::Arm64), [""; 0]);
        let other = missing(&machine, Architecture::X86);
        assert_eq!(other, ["rustup target add x86_64-unknown-linux-gnu"]);

        std::fs::remove_file(scratch.path().join("bin/zig")).unwrap();
        assert_eq!(missing(&machine, Architecture::Arm64), [DEPLOY]);
        let wheel = Machine { has_ziglang: true, ..full(scratch.path()) };
        assert_eq!(missing(&wheel, Architecture::Arm64), [""; 0]);
    }

    #[test]
    fn credentials_and_region_may_be_in_the_environment() {
        let scratch = Scratch::new().unwrap();
        let mut machine = full(scratch.path());
        std::fs::remove_file(scratch.path().join(".aws/config")).unwrap();
        assert_eq!(missing(&machine, Architecture::Arm64).len(), 2);
        for (name, value) in [("AWS_PROFILE", "shop"), ("AWS_DEFAULT_REGION", "eu-west-1")] {
            machine.environment.insert(name.to_owned(), value.to_owned());
        }
        assert_eq!(missing(&machine, Architecture::Arm64), [""; 0]);
    }
}
