//! The command line of `cargo dev`.

use clap::{Args, Parser, Subcommand};
use oms_workspace::console::print;
use oms_workspace::error::Result;
use oms_workspace::places::Places;
use oms_workspace::tokens::{Issuer, LIFETIME_S, User};

use crate::options::Options;
use crate::stack;

/// Runs the whole system on this machine, until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "cargo dev")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a token for a user, whether or not the system runs.
    Token(Token),
}

#[derive(Debug, Args)]
struct Token {
    /// The user's name; `customer`, `customer2`, `vendor`, `staff` and `admin` are those of the
    /// demo
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
            None => stack::run(self.options).await,
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
