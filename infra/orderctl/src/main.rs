//! The operator's command line: proves the projections, repairs them, and catches up what a
//! consumer has missed. See `orderctl --help`.

use clap::{Parser, Subcommand};
use orderctl::{environment, rebuild, redrive, verify};
use std::process::ExitCode;

/// Looks after the statistics and events of a deployment. It takes its settings from the environment
/// as the functions do (TABLE_NAME, AWS_REGION, credentials; TOPIC_ARN and QUEUE_URL to redrive).
#[derive(Debug, Parser)]
#[command(name = "orderctl")]
struct Cli {
    /// Use the system that `cargo dev` runs from this checkout
    #[arg(long, global = true)]
    local: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds up the logs of all orders and names each counter that differs; ends with 1 if one does
    Verify,
    /// Counts what the consumer has missed, then corrects each counter that differs
    Rebuild,
    /// Hands every order with changes that a consumer has not applied to that consumer
    Redrive {
        /// Whom to catch up; both where it is left out
        #[arg(long, value_enum)]
        consumer: Option<redrive::Consumer>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match environment::app(cli.local) {
        Err(fault) => Err(fault),
        Ok(app) => match cli.command {
            Command::Verify => verify::run(&app).await,
            Command::Rebuild => rebuild::run(&app).await,
            Command::Redrive { consumer } => redrive::run(&app, consumer).await,
        },
    };
    match done {
        Ok(report) => {
            say(&report.text);
            if report.is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            say(&format!("orderctl: {fault}"));
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command line talks to its user")]
fn say(text: &str) {
    println!("{text}");
}
