//! The operator's command line: says what is missing before a deployment, tries what was deployed,
//! proves the projections, repairs them, and catches up what a consumer has missed. See
//! `orderctl --help`.

use clap::{Parser, Subcommand};
use oms_runtime::logging::chain;
use oms_workspace::report::{Fault, Report, conclude};
use orderctl::deploy_check::{DEFAULT_ENVIRONMENT, Plan};
use orderctl::rebuild::Rebuild;
use orderctl::smoke::Smoke;
use orderctl::{deploy_check, environment, erase, rebuild, redrive, smoke, verify};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

/// Looks after a deployment, from before it is made on. `smoke` needs its address and a token,
/// `deploy-check` nothing; `verify`, `rebuild`, `erase` and `redrive` take their settings from the
/// environment as the functions do (TABLE_NAME, AWS_REGION, credentials; TOPIC_ARN and QUEUE_URL to
/// redrive).
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
    /// Says what is missing before `sam deploy`: tools, built functions, parameters; ends with 1 if
    /// something is
    ///
    /// It looks for the tools, the Rust target, credentials and a region; at the bootstrap of every
    /// function of template.yaml: whether it is there, runs on the parameter Architecture, and is
    /// not older than its sources; and at the parameters: whether each without a default is given,
    /// each given one exists and is allowed, and the template's Rules hold. What is missing stands
    /// with the command that mends it. It asks no network, so that neither credentials nor what a
    /// stack already has (an update keeps its parameters) are known to it.
    DeployCheck {
        /// A value that `sam deploy` will be given with --parameter-overrides; may be repeated. As
        /// there, those of samconfig.toml then do not count
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        parameter: Vec<(String, String)>,
        /// The environment of samconfig.toml, as `sam deploy` is told it
        #[arg(long, default_value = DEFAULT_ENVIRONMENT)]
        config_env: String,
    },
    /// Takes an order through its life over HTTP, as clients do, and removes it again; ends with 1
    /// if a step fails
    ///
    /// It looks at the API's health, makes a store, a product and an address, places an order
    /// (twice, under one Idempotency-Key), pays it through the simulated gateway, confirms, ships
    /// and delivers it, and waits until the statistics count it and its notifications are there, so
    /// that both consumers of the stream are known to work. Then it pays back and deletes all of
    /// it, also where a step failed. Notifications stay, read, and subscribers of all stores hear
    /// of the order. It ends with 2 where it cannot begin: no answer, a token that is refused or no
    /// admin's, a gateway that takes real money.
    Smoke {
        /// The API's address, which `sam deploy` prints as ApiUrl; API_URL of the environment
        /// unless given, or with --local that of the running `cargo dev`
        #[arg(value_name = "API_URL")]
        url: Option<String>,
        /// A token of an admin; TOKEN_ADMIN of the environment unless given, which others on this
        /// machine cannot read, or with --local that of the running `cargo dev`
        #[arg(long)]
        token: Option<String>,
        /// Leave the payment out: for a deployment whose gateway takes real money
        #[arg(long)]
        without_payment: bool,
        /// How long the consumers and the gateway may take each time, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = seconds())]
        patience: u64,
    },
    /// Adds up the logs of all orders and names each counter that differs; ends with 1 if one does
    ///
    /// Orders are counted meanwhile as ever, but for moments at the end. It keeps the sums in
    /// memory: some kilobytes a user and 50 bytes an order.
    Verify {
        /// How many orders a second to read at most, each a read unit for each 4 KB
        #[arg(long, value_name = "ORDERS", value_parser = rate())]
        rate: Option<u32>,
    },
    /// Corrects each counter that differs, while orders are counted as ever; then counts what the
    /// consumer has missed
    Rebuild {
        /// Write the rows of lists and searches of every order anew first, too
        #[arg(long)]
        projections: bool,
        /// How many orders a second to read at most, each a read unit for each 4 KB
        #[arg(long, value_name = "ORDERS", value_parser = rate())]
        rate: Option<u32>,
        /// Write down in this file how far the rows have got, and go on from there if it exists; it
        /// is removed when they are done
        #[arg(long, value_name = "FILE", requires = "projections")]
        resume: Option<PathBuf>,
    },
    /// Erases what says who a person is, as an admin's request does; ends with 1 if an order stands
    /// against it
    ///
    /// It takes it out of their orders and what these were, and removes their addresses,
    /// notifications, subscriptions and remembered requests (TOPIC_ARN, to end a subscription).
    /// Totals, statistics and the ledger stay as they are. Nothing is done while the goods or the
    /// money of one of their orders still move. What was cut off is gone on with by doing it again.
    Erase {
        /// The user: the subject of their token
        user: String,
        /// Say what would be erased, and erase nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Hands every order with changes that a consumer has not applied to that consumer; ends with 1
    /// if something is left
    Redrive {
        /// Only the orders that the failure queue (FAILURE_QUEUE_URL) names, each to the consumer
        /// that set it aside; messages of what is applied now are taken out
        #[arg(long, conflicts_with = "consumer")]
        failures: bool,
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
    conclude(run(cli).await.map_err(|fault| format!("orderctl: {}", chain(fault.as_ref()))))
}

async fn run(cli: Cli) -> Result<Report, Fault> {
    let app = || environment::app(cli.local);
    match cli.command {
        Command::DeployCheck { parameter, config_env } => {
            let parameters = parameter.into_iter().collect();
            deploy_check::run(&oms_workspace::root(), &Plan { parameters, config_env })
        }
        Command::Smoke { url, token, without_payment, patience } => {
            let (api, token) = environment::api(cli.local, url, token)?;
            let patience = Duration::from_secs(patience);
            let smoke = Smoke { api, token, without_payment, patience };
            smoke::run(&smoke, &mut std::io::stdout()).await
        }
        Command::Verify { rate } => verify::run(&app()?, rate).await,
        Command::Rebuild { projections, rate, resume } => {
            rebuild::run(&app()?, &Rebuild { projections, rate, resume }).await
        }
        Command::Erase { user, dry_run } => erase::run(&app()?, &user, dry_run).await,
        Command::Redrive { failures: true, .. } => redrive::run_failures(&app()?).await,
        Command::Redrive { consumer, .. } => redrive::run(&app()?, consumer).await,
    }
}

/// How long a step may be waited for: a quarter of an hour at most.
fn seconds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=900)
}

/// How many orders a second may be read.
fn rate() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// A `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is no NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
