//! Whether the statistics of every user, every store and of all are what the orders' logs add up to.

use crate::report::Report;
use crate::stand::Fault;
use futures::{StreamExt, TryStreamExt};
use oms_core::app::App;
use oms_core::verify::Verified;
use oms_domain::tally::Scope;
use std::collections::BTreeSet;

/// How many scopes are looked at together.
const AT_ONCE: usize = 4;

/// Adds up the logs and compares.
///
/// # Errors
/// Where the table cannot be read.
pub async fn run(app: &App) -> Result<Report, Fault> {
    let mut text = String::new();
    let (mut wrong, mut busy) = (0, 0);
    let found = all(app).await?;
    for (scope, verified) in &found {
        if verified.moving && !verified.differences.is_empty() {
            busy += 1;
            text.push_str(&format!("{}: counted too often meanwhile to tell\n", name(scope)));
            continue;
        }
        for (_, difference) in &verified.differences {
            wrong += 1;
            let (counted, expected) = (difference.counted, difference.expected);
            text.push_str(&format!("{}: {} is {counted}, not {expected}\n", name(scope), difference.cell));
        }
    }
    text.push_str(&format!("{} scopes, {busy} of them too busy; drift {wrong}", found.len()));
    Ok(Report { text, is_well: wrong == 0 && busy == 0 })
}

/// What was found of every scope that has orders.
pub(crate) async fn all(app: &App) -> Result<Vec<(Scope, Verified)>, Fault> {
    let mut scopes = BTreeSet::from([Scope::All]);
    let mut after = None;
    loop {
        let (orders, next) = app.table().scan_orders(after).await?;
        for order in orders {
            scopes.extend([Scope::User(order.user.id), Scope::Store(order.store.id)]);
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    let verifying = scopes.into_iter().map(|scope| async {
        let verified = app.verify_scope(&scope, u64::MAX).await.map_err(|error| error.to_string())?;
        Ok::<_, Fault>((scope, verified))
    });
    futures::stream::iter(verifying).buffered(AT_ONCE).try_collect().await
}

/// A scope in words.
pub(crate) fn name(scope: &Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Store(id) => format!("store {id}"),
        Scope::User(id) => format!("user {id}"),
    }
}
