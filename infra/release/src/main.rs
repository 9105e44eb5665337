//! What a release is made of, each by a command that works on any machine:
//!
//! | command | what it writes |
//! |---|---|
//! | `functions` | a zip a function, built twice from the commit and packed if both are the same |
//! | `documents` | the notices of third parties and the bill of materials, of what the functions link |
//!
//! `docs/releasing.md` says how they are used together.

mod documents;
mod functions;
mod linked;
mod notices;
mod sbom;
mod zip;

use clap::{Args, Parser, Subcommand, ValueEnum};
use oms_workspace::error::Result;
use oms_workspace::report::{Form, Report, conclude};
use ring::digest::{SHA256, digest};
use std::path::PathBuf;
use std::process::ExitCode;

/// Makes a release of a commit.
#[derive(Debug, Parser)]
#[command(name = "release")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the functions of a commit twice, in different directories, and packs them if both are
    /// the same.
    Functions(Functions),
    /// Writes the notices of third parties and the bill of materials.
    Documents(Out),
}

#[derive(Debug, Args)]
struct Functions {
    /// The processors that the functions are for.
    #[arg(long)]
    architecture: Architecture,
    /// The commit that is built; what is not committed is not.
    #[arg(long, default_value = "HEAD")]
    commit: String,
    /// A function that is built, instead of all of them.
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Builds once, and so proves nothing.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    out: Out,
}

#[derive(Debug, Args)]
struct Out {
    /// The directory that files are written to.
    #[arg(long, value_name = "DIR", default_value = "target/dist")]
    out: PathBuf,
}

/// Processors of Lambda, by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86,
}

impl Architecture {
    const ALL: [Self; 2] = [Self::Arm64, Self::X86];

    /// As Lambda calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }

    /// As cargo-lambda calls it.
    const fn flag(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86 => "--x86-64",
        }
    }

    /// As the compiler calls it.
    const fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// The checksum of some bytes, in hexadecimal digits, as `sha256sum` prints it.
fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    conclude(run(cli.command).map_err(|error| format!("release: {error}")), Form::Text)
}

fn run(command: Command) -> Result<Report> {
    let root = oms_workspace::root();
    match command {
        Command::Functions(asked) => functions::make(&root, &asked),
        Command::Documents(asked) => documents::write(&root, &asked.out),
    }
}
