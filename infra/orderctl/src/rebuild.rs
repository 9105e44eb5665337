//! Repairs the statistics while the system runs: first what the consumer has missed is counted, by its
//! own rules; then what is still wrong is corrected by the difference, to which nothing that is counted
//! meanwhile is lost. A scope that is counted into all the time is left for a quieter moment, and named.

use crate::redrive::{self, Consumer};
use crate::report::Report;
use crate::stand::Fault;
use crate::verify;
use oms_core::app::App;

/// Corrects, and tells what it did; writes the rows of lists and searches (`projections`) anew first.
///
/// # Errors
/// Where the table cannot be read or written.
pub async fn run(app: &App, projections: bool) -> Result<Report, Fault> {
    let mut text = String::new();
    if projections {
        let orders = rows(app).await?;
        text = format!("the rows of {orders} orders written\n");
    }
    let caught_up = redrive::run(app, Some(Consumer::Stats)).await?;
    text.push_str(&caught_up.text);
    let mut is_well = caught_up.is_well;
    for (scope, verified) in verify::all(app).await? {
        let wrong: Vec<_> = verified.differences.iter().map(|(_, difference)| *difference).collect();
        if wrong.is_empty() {
            continue;
        }
        let name = verify::name(&scope);
        if verified.moving {
            is_well = false;
            text.push_str(&format!("\n{name}: counted into all the time, try again at a quieter moment"));
            continue;
        }
        app.table().correct(&scope, &wrong).await?;
        text.push_str(&format!("\n{name}: {} counters corrected", wrong.len()));
    }
    Ok(Report { text, is_well })
}

/// Writes the rows of every order, unless newer ones are there: so the system may run meanwhile, and
/// being repeated does no harm.
async fn rows(app: &App) -> Result<usize, Fault> {
    let (mut done, mut after) = (0, None);
    loop {
        let (orders, next) = app.table().scan_orders(after).await?;
        app.table().replace_rows(&orders).await?;
        done += orders.len();
        after = next;
        if after.is_none() {
            return Ok(done);
        }
    }
}
