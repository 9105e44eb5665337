//! Whether the statistics of every user, every store and of all are what the orders' logs add up
//! to.

use crate::counter_lock::with_journal;
use crate::environment::Environment;
use crate::progress::Progress;
use clap::Args;
use oms_core::app::App;
use oms_core::statistics::verify_all::VerifiedAll;
use oms_domain::tally::Scope;
use oms_table::counters::lock::Journal;
use oms_workspace::report::{Fault, Report};

/// How the orders are read.
#[derive(Args, Clone, Copy, Debug)]
pub struct Verify {
    /// How many orders a second to read at most, each a read unit for each 4 KB
    #[arg(long, value_name = "ORDERS", value_parser = crate::cli::rate())]
    rate: Option<u32>,
}

impl Verify {
    /// Does what was asked, of a deployment.
    ///
    /// # Errors
    /// As [`run`], and where settings are missing.
    pub async fn run(self, environment: &Environment) -> Result<Report, Fault> {
        run(&environment.app().await?, self.rate).await
    }
}

/// Adds up the logs and compares, reading so many orders a second at most.
///
/// # Errors
/// Where the table cannot be read; where another one is at work.
pub async fn run(app: &App, rate: Option<u32>) -> Result<Report, Fault> {
    let found = with_journal(app, async |journal| all(app, journal, rate).await).await?;
    let mut text = String::new();
    let mut drift = 0;
    for (scope, differences) in &found.wrong {
        for difference in differences {
            drift += 1;
            let (counted, expected) = (difference.counted, difference.expected);
            text.push_str(&format!("{}: {} is {counted}, not {expected}\n", name(scope), difference.cell));
        }
    }
    text.push_str(&unreadable(&found));
    text.push_str(&format!("{} orders, {} scopes; drift {drift}", found.orders, found.scopes));
    let report = Report::new(text, drift == 0 && found.unreadable.is_empty());
    Ok(report.with("orders", found.orders).with("scopes", found.scopes).with("drift", drift))
}

/// What was found of every scope that has orders.
pub(crate) async fn all(app: &App, journal: &mut Journal, rate: Option<u32>) -> Result<VerifiedAll, Fault> {
    let progress = Progress::of_orders("orders added up", app).await;
    Ok(app.verify_all(journal, progress.reading(rate)).await?)
}

/// The orders that could not be read, a line each, and what follows from it.
pub(crate) fn unreadable(found: &VerifiedAll) -> String {
    let mut text: String = found.unreadable.iter().map(|order| format!("{order}\n")).collect();
    if found.doubtful > 0 {
        text.push_str(&format!("{} scopes were left out: they may count such an order\n", found.doubtful));
    }
    text
}

/// A scope in words.
pub(crate) fn name(scope: &Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Store(id) => format!("store {id}"),
        Scope::User(id) => format!("user {id}"),
    }
}
