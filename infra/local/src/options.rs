//! How a local system runs, as its command line says it and [`crate::stack`] does it.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;

/// How the system runs.
#[derive(Debug, Args)]
pub struct Options {
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
    /// Where the table, SNS and SQS listen; for containers Docker's bridge, mostly 172.17.0.1.
    /// Nobody is asked who they are there
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST)]
    pub bind: Ipv4Addr,
    /// Let the table and the event sources behave as on a bad day: answers lost, throttles,
    /// conflicts, late indexes, records that come again, each drawn from this number
    #[arg(long, value_name = "SEED")]
    pub faults: Option<u64>,
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
