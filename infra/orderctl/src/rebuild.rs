//! Repairs the statistics while the system runs: each counter that is not what has been counted is
//! corrected by the difference, whatever is counted meanwhile; then what the consumer has missed is
//! counted, by its own rules.

use crate::counter_lock::with_journal;
use crate::environment::Environment;
use crate::progress::Progress;
use crate::redrive::{self, Consumer};
use crate::resume::{Resume, Step};
use crate::verify;
use clap::Args;
use oms_core::app::App;
use oms_domain::catalog::StoreStatus;
use oms_table::counters::lock::Journal;
use oms_table::list_shards::ListShards;
use oms_table::orders::scan::Segment;
use oms_workspace::report::{Fault, Report};
use std::path::PathBuf;

/// What is to be repaired, and how.
#[derive(Args, Clone, Debug, Default)]
pub struct Rebuild {
    /// Write the rows of lists and searches of every order anew first, too, and remove those that
    /// no order has
    #[arg(long)]
    pub projections: bool,
    /// How many orders a second to read at most, each a read unit for each 4 KB
    #[arg(long, value_name = "ORDERS", value_parser = crate::cli::rate())]
    pub rate: Option<u32>,
    /// Write down in this file how far the rows have got, and go on from there if it exists; it is
    /// removed when they are done
    #[arg(long, value_name = "FILE", requires = "projections")]
    pub resume: Option<PathBuf>,
}

impl Rebuild {
    /// Does what was asked, of a deployment.
    ///
    /// # Errors
    /// As [`run`], and where settings are missing.
    pub async fn run(&self, environment: &Environment) -> Result<Report, Fault> {
        run(&environment.app().await?, self).await
    }
}

/// Corrects, and tells what it did.
///
/// # Errors
/// Where the table cannot be read or written; where another one is at work.
pub async fn run(app: &App, how: &Rebuild) -> Result<Report, Fault> {
    let mut text = String::new();
    if how.projections {
        text = projections(app, how).await?;
    }
    let corrected = with_journal(app, async |journal| correct(app, journal, how.rate).await).await?;
    text.push_str(&corrected.text);
    let caught_up = redrive::run(app, Some(Consumer::Stats), false).await?;
    // What both could not read is named once.
    let is_new = |line: &&str| !corrected.text.lines().any(|before| before == *line);
    text.push_str(&caught_up.text.lines().filter(is_new).collect::<Vec<_>>().join("\n"));
    Ok(Report::new(text, corrected.is_well && caught_up.is_well))
}

/// Corrects every counter that is not what has been counted; what it did, a line a scope. Those
/// that an order may be in which cannot be read stay as they are.
async fn correct(app: &App, journal: &mut Journal, rate: Option<u32>) -> Result<Report, Fault> {
    let found = verify::all(app, journal, rate).await?;
    let mut text = verify::unreadable(&found);
    for (scope, wrong) in &found.wrong {
        app.table().correct(scope, wrong).await?;
        text.push_str(&format!("{}: {} counters corrected\n", verify::name(scope), wrong.len()));
    }
    Ok(Report::new(text, found.unreadable.is_empty()))
}

/// Writes the rows of every order, unless newer ones are there, and removes those that no order
/// has: so the system may run meanwhile, and being repeated does no harm.
async fn projections(app: &App, how: &Rebuild) -> Result<String, Fault> {
    let mut resume = Resume::open(how.resume.clone())?;
    let progress = Progress::of_orders("orders written", app).await;
    let (reading, began, before) = (progress.reading(how.rate), app.now(), resume.done(Step::Rows));
    // What lists are read in now, which may be less in the end.
    app.table().list_shards().await?;
    // Of what was written before, by other settings perhaps, it is not known where it stands.
    let mut is_all_anew = before == 0;
    while let Some(after) = resume.after(Step::Rows) {
        // Those that cannot be read are named later, with what else follows from it.
        let page = app.table().scan_orders(Segment::WHOLE, after).await?;
        app.table().replace_rows(&page.orders).await?;
        for order in page.orders.iter().filter(|order| page.elsewhere.contains(&order.id)) {
            app.table().relist(order).await?;
        }
        is_all_anew &= page.unreadable.is_empty();
        resume.advance(Step::Rows, page.orders.len(), page.next)?;
        reading.pace(began, app.now(), (resume.done(Step::Rows) - before) as u64).await;
    }
    while let Some(after) = resume.after(Step::StaleRows) {
        let (removed, next) = app.table().remove_stale_rows(after).await?;
        resume.advance(Step::StaleRows, removed, next)?;
    }
    let is_narrow = is_all_anew && app.table().narrow_lists().await?;
    count_products(app).await?;
    let (written, removed) = (resume.done(Step::Rows), resume.done(Step::StaleRows));
    resume.end()?;
    let mut text =
        format!("the rows of {written} orders written, {removed} rows removed that no order has\n");
    let ListShards { all, of_store } = app.table().list_shards().await?;
    let (wanted_all, wanted_of_store) = (app.config().list_shards, app.config().store_list_shards);
    if !is_narrow && (u32::from(all), u32::from(of_store)) != (wanted_all, wanted_of_store) {
        text.push_str(&format!(
            "lists are still read in {all} parts, a store's in {of_store}: for fewer, all has to be written in one run\n"
        ));
    }
    Ok(text)
}

/// Counts the products of stores from before there were counters of them.
async fn count_products(app: &App) -> Result<(), Fault> {
    let stores = app.table().stores_with(StoreStatus::ALL).await?.entries;
    for store in app.table().stores(stores.into_iter().map(|store| store.id)).await? {
        app.table().begin_assortment(&store).await?;
    }
    Ok(())
}
