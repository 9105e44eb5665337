//! The command line of `cargo dev`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::console::print;
use crate::error::Result;
use crate::places::Places;
use crate::tokens::{Issuer, LIFETIME_S, User};

/// Runs the whole system on this machine, until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "cargo dev")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a token for a user, whether or not the system runs.
    Token(Token),
}

/// How the system runs.
#[derive(Debug, Args)]
pub struct Run {
    /// The port of the API; 0 picks a free one
    #[arg(long, default_value_t = 9000)]
    pub port: u16,
    /// Keep no data: what there is goes when the system stops
    #[arg(long)]
    pub memory: bool,
    /// Begin without demo data
    #[arg(long)]
    pub empty: bool,
    /// The most processes of one function
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// Where the table, SNS and SQS listen; for containers Docker's bridge, mostly 172.17.0.1. Nobody is asked who they are there
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST)]
    pub bind: Ipv4Addr,
    /// Build the functions with optimisations
    #[arg(long)]
    pub release: bool,
    /// Where this system keeps its state, for running several from one checkout
    #[arg(long, hide = true)]
    pub state_dir: Option<PathBuf>,
    /// Stop at the end of standard input, and do not reload changed code: for tests
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

#[derive(Debug, Args)]
struct Token {
    /// The user's name; `customer`, `customer2`, `vendor`, `staff` and `admin` are those of the demo
    #[arg(long)]
    user: String,
    /// staff, admin or vendor; unless given, what the demo user of that name is in
    #[arg(long)]
    group: Option<String>,
    /// The email address; <user>@example.com unless given
    #[arg(long)]
    email: Option<String>,
    /// How long the token lives, in seconds; negative for one that has expired
    #[arg(long, default_value_t = LIFETIME_S, allow_hyphen_values = true)]
    expires_in: i64,
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Some(Command::Token(token)) => token.print(),
            None => crate::stack::run(self.run).await,
        }
    }
}

impl Token {
    fn print(self) -> Result<()> {
        let places = Places::make(None)?;
        let demo = User::demo().into_iter().find(|user| user.name == self.user);
        let group = self.group.or(demo.and_then(|user| user.group));
        let user = User { name: self.user, group, email: self.email };
        print(Issuer::open(&places.shared)?.token(&user, self.expires_in)?);
        Ok(())
    }
}
