//! The operator's command line: proves the projections, repairs them, and catches up what a
//! consumer has missed. See `orderctl --help`.

use clap::{Parser, Subcommand};
use oms_core::http::logging::chain;
use orderctl::report::Report;
use orderctl::stand::Fault;
use orderctl::{bench, bench_consumer, environment, rebuild, redrive, verify};
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

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
    /// Adds up the logs of all orders, keeping the consumer waiting meanwhile, and names each counter that differs; ends with 1 if one does
    Verify,
    /// Corrects each counter that differs, keeping the consumer waiting meanwhile; then counts what it has missed
    Rebuild {
        /// Write the rows of lists and searches of every order anew, too
        #[arg(long)]
        projections: bool,
    },
    /// Measures what lists cost, on a table of its own in memory; ends with 1 if one is over its budget
    BenchLists {
        /// How many orders the table has, each in turn
        #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000])]
        orders: Vec<u64>,
    },
    /// Measures how fast one consumer folds changes into the statistics, and what a change costs it
    BenchConsumer {
        /// How many orders are folded, with all their changes
        #[arg(long, default_value_t = 500)]
        orders: u64,
    },
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
    // What goes wrong on the way; the report is on standard output.
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    match run(cli).await {
        Ok(report) => {
            say(&report.text);
            if report.is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            say(&format!("orderctl: {}", chain(fault.as_ref())));
            ExitCode::from(2)
        }
    }
}

async fn run(cli: Cli) -> Result<Report, Fault> {
    let app = || environment::app(cli.local);
    match cli.command {
        Command::Verify => verify::run(&app()?).await,
        Command::Rebuild { projections } => rebuild::run(&app()?, projections).await,
        Command::BenchLists { orders } => bench::run(&orders, &mut std::io::stderr()).await,
        Command::BenchConsumer { orders } => bench_consumer::run(orders, &mut std::io::stderr()).await,
        Command::Redrive { consumer } => redrive::run(&app()?, consumer).await,
    }
}

#[expect(clippy::print_stdout, reason = "a command line talks to its user")]
fn say(text: &str) {
    println!("{text}");
}
