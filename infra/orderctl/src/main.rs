//! The operator's command line: says what is missing before a deployment, checks and tries what was
//! deployed, proves the projections, repairs them, catches up what a consumer has missed, and
//! carries orders from one table to another. See `orderctl --help`.

use clap::Parser;
use oms_runtime::logging::chain;
use oms_workspace::report::conclude;
use orderctl::cli::Cli;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // What goes wrong on the way; the report is on standard output.
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    let form = cli.form();
    conclude(cli.run().await.map_err(|fault| format!("orderctl: {}", chain(fault.as_ref()))), form)
}
