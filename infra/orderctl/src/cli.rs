//! The command line: a line for each command, whose options stand in its module.

use crate::api::Call;
use crate::deploy_check::DeployCheck;
use crate::doctor::Doctor;
use crate::environment::Environment;
use crate::erase::Erase;
use crate::export::Export;
use crate::import::Import;
use crate::migrate::Migrate;
use crate::rebuild::Rebuild;
use crate::redrive::Redrive;
use crate::reinstate::Reinstate;
use crate::seed::Seed;
use crate::smoke::Try;
use crate::verify::Verify;
use clap::{Parser, Subcommand};
use oms_workspace::report::{Fault, Form, Report};
use oms_workspace::token_command::TokenCommand;
use std::io::Write;

/// Looks after a deployment, from before it is made on.
///
/// Settings come from the environment, as the functions have them, or from --env-file; credentials
/// and the region from where the AWS CLI has them (AWS_PROFILE or --profile, single sign-on, roles
/// to assume, the keys of the environment). With --local all of it is about the system that `cargo
/// dev` runs. It ends with 0 where all is well, with 1 where something is not, and with 2 where it
/// could not look. docs/operating.md says more.
#[derive(Debug, Parser)]
#[command(name = "orderctl", version)]
pub struct Cli {
    #[command(flatten)]
    environment: Environment,
    /// Print the report as one JSON object
    #[arg(long, global = true)]
    json: bool,
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
    #[command(after_help = "Example: orderctl deploy-check --parameter PaymentGateway=stripe")]
    DeployCheck(DeployCheck),
    /// Checks a deployment and says what is wrong with it and how to mend that; ends with 1 if
    /// something is
    ///
    /// It looks, at the same time, at the credentials and the clock; at the table: its keys,
    /// indexes, stream, expiry, backups and deletion protection, against template.yaml; at what
    /// reads its stream and the queue; at the topic and the queues; at the keys that sign tokens,
    /// the payment gateway, the API, and the account's quotas. Nothing is written. Each line says
    /// ok, warn or fail; what it cannot know from here it says as well.
    #[command(after_help = "Examples: orderctl --local doctor
          orderctl --profile shop --env-file shop.env doctor")]
    Doctor(Doctor),
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
    #[command(after_help = "Example: orderctl smoke https://abc123.execute-api.eu-west-1.amazonaws.com")]
    Smoke(Try),
    /// Adds up the logs of all orders and names each counter that differs; ends with 1 if one does
    ///
    /// Orders are counted meanwhile as ever, but for moments at the end. It keeps the sums in
    /// memory: some kilobytes a user and 50 bytes an order.
    #[command(after_help = "Example: orderctl verify --rate 500")]
    Verify(Verify),
    /// Corrects each counter that differs, while orders are counted as ever; then counts what the
    /// consumer has missed
    #[command(after_help = "Example: orderctl rebuild --projections --resume rebuild.json")]
    Rebuild(Rebuild),
    /// Gives all orders another shape, forwards or back, while the API serves; says how many have
    /// which where none is wanted
    ///
    /// Each order is written once, where it has another shape: a read unit and a write unit for
    /// each 4 KB and 1 KB of it, and a record of the stream that nobody acts on. Interrupted, it
    /// may be begun again: what has the shape is passed over.
    #[command(after_help = "Examples: orderctl migrate
          orderctl migrate --to 3 --rate 500 --resume migrate.json")]
    Migrate(Migrate),
    /// Puts a table that was restored from a backup back into service
    ///
    /// AWS restores items and indexes. This switches on what it leaves off, where it is off: the
    /// stream, expiry, backups; and says what to deploy and run then.
    #[command(after_help = "Example: orderctl reinstate --protect --tag project=orders")]
    Reinstate(Reinstate),
    /// Erases what says who a person is, as an admin's request does; ends with 1 if an order stands
    /// against it
    ///
    /// It takes it out of their orders and what these were, and removes their addresses,
    /// notifications, subscriptions and remembered requests (TOPIC_ARN, to end a subscription).
    /// Totals, statistics and the ledger stay as they are. Nothing is done while the goods or the
    /// money of one of their orders still move. What was cut off is gone on with by doing it again.
    #[command(after_help = "Example: orderctl erase 5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11 --dry-run")]
    Erase(Erase),
    /// Hands every order with changes that a consumer has not applied to that consumer; ends with 1
    /// if something is left
    #[command(after_help = "Examples: orderctl redrive --consumer stats
          orderctl redrive --failures")]
    Redrive(Redrive),
    /// Writes orders to a file: whole, as JSON Lines, or what lists show of them, as CSV
    ///
    /// The table is read once, in eight parts side by side, while the system runs: an order that
    /// changes meanwhile is written as it was at some moment of that. Filters leave out what is
    /// read, and do not make it cheaper. The file is there when it is whole, and not before. JSON
    /// Lines hold each order with its whole log, and `import` takes them; they hold names and
    /// addresses too, so keep them as you keep the table.
    #[command(after_help = "Examples: orderctl export orders.jsonl --since 2026-11-01
          orderctl export --format csv --status shipped --status delivered - | head")]
    Export(Export),
    /// Writes the orders of an export into a table that lacks them; ends with 1 if one there
    /// differs
    ///
    /// The orders keep their ids, numbers, times and logs. The stream's consumer counts them and
    /// lists them as any other order, but their users are not told again of what has long happened.
    /// Stock, stores, products and addresses stay as they are. An order that is there already is
    /// left as it is, and named where it differs: an import that was interrupted is made again.
    #[command(after_help = "Example: orderctl --profile rehearsal import orders.jsonl")]
    Import(Import),
    /// Prints a token for a user of the local system
    ///
    /// Signed with the key of this checkout, whether or not `cargo dev` runs. A deployment's tokens
    /// are Cognito's, or another issuer's; with the user pool that AdminEmail makes:
    ///
    /// aws cognito-idp initiate-auth --auth-flow USER_PASSWORD_AUTH --client-id AUDIENCE
    /// --auth-parameters USERNAME=EMAIL,PASSWORD=PASSWORD --query AuthenticationResult.IdToken
    /// --output text
    ///
    /// where AUDIENCE is the stack's output AuthAudience.
    #[command(after_help = "Example: orderctl token --user vendor")]
    Token(TokenCommand),
    /// Makes the demo data of `cargo dev` through the API: three stores, thirty products, twelve
    /// customers, two hundred orders
    ///
    /// On the local system every user is their own; elsewhere all of them are the one whose token
    /// is given, who must be staff. It makes new ones each time, and is for trials: it refuses a
    /// deployment whose gateway takes real money.
    #[command(after_help = "Examples: orderctl --local seed
          TOKEN_ADMIN=eyJ… orderctl seed https://abc123.execute-api.eu-west-1.amazonaws.com")]
    Seed(Seed),
    /// Makes one request of the API and prints the answer's body; ends with 1 for a status from 400
    /// on
    ///
    /// The status goes to standard error, so that the body can be piped. The token is shown to the
    /// API's own host alone, and no redirect is followed.
    #[command(after_help = "Examples: orderctl --local api GET /api/orders/my_orders/ --as customer
          orderctl api PATCH /api/orders/ID/ship_order/ -d @shipment.json")]
    Api(Call),
}

impl Cli {
    /// For whom the report is written.
    #[must_use]
    pub const fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }

    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever kept the command from looking.
    pub async fn run(self) -> Result<Report, Fault> {
        let Self { environment, json, command } = self;
        // What is written on the way must not come between a program and its report.
        let mut aside: Box<dyn Write + Send> =
            if json { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
        match command {
            Command::DeployCheck(check) => check.run(),
            Command::Doctor(doctor) => doctor.run(&environment).await,
            Command::Smoke(smoke) => smoke.run(&environment, &mut *aside).await,
            Command::Verify(verify) => verify.run(&environment).await,
            Command::Rebuild(rebuild) => rebuild.run(&environment).await,
            Command::Migrate(migrate) => migrate.run(&environment).await,
            Command::Reinstate(reinstate) => reinstate.run(&environment).await,
            Command::Erase(erase) => erase.run(&environment).await,
            Command::Redrive(redrive) => redrive.run(&environment).await,
            Command::Export(export) if json && export.is_to_standard_output() => {
                Err("the orders and the report would be one output: say --json with a FILE".into())
            }
            Command::Export(export) => export.run(&environment).await,
            Command::Import(import) => import.run(&environment).await,
            Command::Token(token) => {
                let token = token.issue()?;
                Ok(Report::new(token.as_str(), true).with("token", token))
            }
            Command::Seed(seed) => seed.run(&environment).await,
            Command::Api(call) => call.run(&environment).await,
        }
    }
}

/// How long something may take, so many seconds at most.
pub(crate) fn seconds(most: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=most)
}

/// A `NAME=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is no NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// How many orders a second may be read.
pub(crate) fn rate() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_makes_sense_and_each_command_has_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        for command in command.get_subcommands() {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("orderctl ") && after.contains(command.get_name()), "{after}");
        }
    }

    /// The words of a line as a shell has them, without what it would put in.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for (index, part) in line.split('\'').enumerate() {
            let is_quoted = index % 2 == 1;
            let mut pieces = part.split(|c: char| c == ' ' && !is_quoted);
            let first = pieces.next().unwrap_or_default();
            words.last_mut().expect("there is one").push_str(first);
            words.extend(pieces.map(str::to_owned));
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn the_runbook_says_commands_that_there_are() {
        let root = oms_workspace::root();
        let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        let runbook = text("docs/runbook.md");
        let lines = runbook.lines().filter_map(|line| line.strip_prefix("cargo run --bin orderctl -- "));
        let lines: Vec<&str> = lines.collect();
        assert!(lines.len() > 10, "{lines:?}");
        let document: serde_json::Value = serde_json::from_str(&text("functions/docs/openapi.json")).unwrap();
        for line in lines {
            let given = ["orderctl".to_owned()].into_iter().chain(words(line));
            let cli = Cli::try_parse_from(given).unwrap_or_else(|error| panic!("{line}: {error}"));
            if let Command::Api(call) = cli.command {
                let path = call.path().split('?').next().unwrap_or_default().replace("/ID/", "/{id}/");
                assert!(document["paths"].get(&path).is_some(), "{line}: no {path} in openapi.json");
            }
        }
        let known = Cli::command();
        let mentioned = runbook.split("`orderctl ").skip(1);
        for name in mentioned.filter_map(|rest| rest.split([' ', '`']).next()) {
            assert!(known.find_subcommand(name).is_some(), "docs/runbook.md names `orderctl {name}`");
        }
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words("api GET '/a?b=c d' -d '{\"e\": 1}'"),
            ["api", "GET", "/a?b=c d", "-d", "{\"e\": 1}"]
        );
    }
}
