//! `cargo dev`: the whole system on one machine.

use std::process::ExitCode;

use clap::Parser;
use oms_local::cli::Cli;
use oms_workspace::console::say;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
