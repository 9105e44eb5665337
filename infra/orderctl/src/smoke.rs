//! An order's life over HTTP against a deployment: placed, paid, delivered, counted, told, and
//! removed again.

mod api;
mod beginning;
mod journal;
mod life;
mod removal;
mod token;
mod wait;

use crate::environment::Environment;
use api::Api;
use clap::Args;
use journal::Journal;
use oms_workspace::report::{Fault, Report};
use std::io::Write;
use std::time::Duration;

/// Whom to try, and how.
#[derive(Clone, Debug)]
pub struct Smoke {
    /// The API's address, such as `https://abc123.execute-api.eu-west-1.amazonaws.com`.
    pub api: String,
    /// A token of an admin.
    pub token: String,
    /// Whether to leave the payment out, for a gateway that takes real money.
    pub without_payment: bool,
    /// How long the consumers of the stream, and the gateway, may take each time.
    pub patience: Duration,
}

/// The same, as the command line says it.
#[derive(Args, Clone, Debug)]
pub struct Try {
    /// The API's address, which `sam deploy` prints as ApiUrl; API_URL of the environment unless
    /// given, or with --local that of the running `cargo dev`
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
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = crate::cli::seconds(900))]
    patience: u64,
}

impl Try {
    /// Does what was asked, at a deployment; each step is written to `out`.
    ///
    /// # Errors
    /// As [`run`], and where it is not known where the API is, or whose token to show.
    pub async fn run(self, environment: &Environment, out: &mut (dyn Write + Send)) -> Result<Report, Fault> {
        let smoke = Smoke {
            api: environment.api_url(self.url)?,
            token: environment.admin_token(self.token)?,
            without_payment: self.without_payment,
            patience: Duration::from_secs(self.patience),
        };
        run(&smoke, out).await
    }
}

/// Takes an order through its life and removes all that was made for it, also where a step failed
/// or Ctrl-C came in between. Each step is written as it ends.
///
/// # Errors
/// Where it cannot begin, and nothing was made: no answer, another service, a gateway that takes
/// real money, a token that is refused or no admin's.
pub async fn run(smoke: &Smoke, out: &mut (dyn Write + Send)) -> Result<Report, Fault> {
    let run = uuid::Uuid::new_v4().simple().to_string();
    let api = Api::new(&smoke.api, &smoke.token, &run)?;
    let mut journal = Journal::new(out);
    beginning::check(&api, smoke, &mut journal).await?;
    let mut made = life::Made::default();
    let interrupted = tokio::select! {
        _ = life::live(&api, smoke, &mut made, &mut journal) => false,
        told = tokio::signal::ctrl_c() => told.is_ok(),
    };
    if interrupted {
        journal.fail("interrupted", "what was made so far is removed");
    }
    removal::remove(&api, &made, smoke.patience, &mut journal).await;
    Ok(journal.report())
}
