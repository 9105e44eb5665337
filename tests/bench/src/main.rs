//! What requests cost, what they take of a function, and how fast the statistics' consumer and the
//! sale of one variant are, on a table of its own. See `bench --help`.

mod consumer;
mod cost;
mod life;
mod lists;
mod load;
mod runtime;
mod rush;

use clap::{Parser, Subcommand};
use oms_runtime::logging::chain;
use oms_workspace::report::{Fault, Form, Report, conclude};
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

/// Measures, each time on an empty table of its own; what is expected stands in docs/cost.md.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures what lists cost, on a table of its own in memory; ends with 1 if one is over its
    /// budget
    Lists {
        /// How many orders the table has, each in turn
        #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000])]
        orders: Vec<u64>,
    },
    /// Measures what an order's life writes, by what it is written for
    Life(life::Options),
    /// Measures what requests take of the functions' release binaries: processor, memory, size
    Runtime(runtime::Options),
    /// Measures what the running `cargo dev` does under load
    Load(load::Options),
    /// Writes into docs/cost.md what a million orders' lives cost on AWS
    Cost(cost::Options),
    /// Measures how fast one consumer folds changes into the statistics, and what a change costs it
    Consumer {
        /// How many orders are folded, with all their changes
        #[arg(long, default_value_t = 500)]
        orders: u64,
        /// How many shards the stream has, each in turn, where calls take as long as on AWS
        #[arg(long, value_delimiter = ',', default_values_t = [4, 16])]
        shards: Vec<usize>,
    },
    /// Measures how many orders a second take of one variant, where calls take as long as on AWS
    Rush {
        /// How many orders are placed
        #[arg(long, default_value_t = 2_000)]
        orders: u64,
        /// Into how many shards the variant's stock may be split, each in turn
        #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 8, 16])]
        shards: Vec<u32>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // What goes wrong on the way; the report is on standard output.
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    conclude(run(cli).await.map_err(|fault| format!("bench: {}", chain(fault.as_ref()))), Form::Text)
}

async fn run(cli: Cli) -> Result<Report, Fault> {
    match cli.command {
        Command::Lists { orders } => lists::run(&orders, &mut std::io::stderr()).await,
        Command::Runtime(options) => runtime::run(&options, &mut std::io::stderr()).await,
        Command::Life(options) => life::run(&options, &mut std::io::stderr()).await,
        Command::Load(options) => load::run(options, &mut std::io::stderr()).await,
        Command::Cost(options) => cost::run(&options),
        Command::Rush { orders, shards } => rush::run(orders, &shards, &mut std::io::stderr()),
        Command::Consumer { orders, shards } => consumer::run(orders, &shards, &mut std::io::stderr()).await,
    }
}
