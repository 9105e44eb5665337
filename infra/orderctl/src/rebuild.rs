//! Repairs the statistics while the system runs. For as long as all orders take to read, nothing is
//! counted ([`crate::hold`]), so that each counter can be compared with what has been counted, and
//! corrected; then what the consumer has missed is counted, by its own rules.

use crate::hold::while_held;
use crate::redrive::{self, Consumer};
use crate::verify;
use oms_core::app::App;
use oms_domain::catalog::StoreStatus;
use oms_workspace::report::{Fault, Report};

/// Corrects, and tells what it did; writes the rows of lists and searches (`projections`) anew
/// first, and removes those that no order has.
///
/// # Errors
/// Where the table cannot be read or written; where another one is at work.
pub async fn run(app: &App, projections: bool) -> Result<Report, Fault> {
    let mut text = String::new();
    if projections {
        let orders = rows(app).await?;
        let stale = remove_stale_rows(app).await?;
        text = format!("the rows of {orders} orders written, {stale} rows removed that no order has\n");
        count_products(app).await?;
    }
    let corrected = while_held(app, correct(app)).await?;
    text.push_str(&corrected.text);
    let caught_up = redrive::run(app, Some(Consumer::Stats)).await?;
    // What both could not read is named once.
    let is_new = |line: &&str| !corrected.text.lines().any(|before| before == *line);
    text.push_str(&caught_up.text.lines().filter(is_new).collect::<Vec<_>>().join("\n"));
    Ok(Report { text, is_well: corrected.is_well && caught_up.is_well })
}

/// Corrects every counter that is not what has been counted; what it did, a line a scope. Those
/// that an order may be in which cannot be read stay as they are.
async fn correct(app: &App) -> Result<Report, Fault> {
    let found = verify::all(app).await?;
    let mut text = verify::unreadable(&found);
    for (scope, wrong) in &found.wrong {
        app.table().correct(scope, wrong).await?;
        text.push_str(&format!("{}: {} counters corrected\n", verify::name(scope), wrong.len()));
    }
    Ok(Report { text, is_well: found.unreadable.is_empty() })
}

/// Writes the rows of every order, unless newer ones are there: so the system may run meanwhile,
/// and being repeated does no harm.
async fn rows(app: &App) -> Result<usize, Fault> {
    let (mut done, mut after) = (0, None);
    loop {
        // Those that cannot be read are named later, with what else follows from it.
        let page = app.table().scan_orders(after).await?;
        app.table().replace_rows(&page.orders).await?;
        done += page.orders.len();
        after = page.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}

/// Counts the products of stores from before there were counters of them.
async fn count_products(app: &App) -> Result<(), Fault> {
    let stores = app.table().stores_with(StoreStatus::ALL).await?.entries;
    for store in app.table().stores(stores.into_iter().map(|store| store.id)).await? {
        app.table().begin_assortment(&store).await?;
    }
    Ok(())
}

/// Removes rows of codes that their order has no more, and of orders that are gone; how many.
async fn remove_stale_rows(app: &App) -> Result<usize, Fault> {
    let (mut removed, mut after) = (0, None);
    loop {
        let (rows, next) = app.table().remove_stale_rows(after).await?;
        removed += rows;
        after = next;
        if after.is_none() {
            return Ok(removed);
        }
    }
}
