//! The command line of `cargo dev`.

use clap::{Parser, Subcommand};
use oms_workspace::console::print;
use oms_workspace::error::Result;
use oms_workspace::token_command::TokenCommand;

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
    Token(TokenCommand),
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Some(Command::Token(token)) => {
                print(token.issue()?);
                Ok(())
            }
            None => stack::run(self.options).await,
        }
    }
}
