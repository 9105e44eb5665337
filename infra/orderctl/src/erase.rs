//! Erases a person, as an admin's request does, without the queue.

use crate::environment::Environment;
use crate::progress::Progress;
use clap::Args;
use oms_core::app::App;
use oms_core::personal_data::{Erased, Kept};
use oms_domain::{Error, UserId};
use oms_workspace::report::{Fault, Report};

/// Who has erased somebody where no admin has, in the orders' logs.
const OPERATOR: &str = "operator";

/// Who is to be erased.
#[derive(Args, Clone, Debug)]
pub struct Erase {
    /// The user: the subject of their token
    user: String,
    /// Say what would be erased, and erase nothing
    #[arg(long)]
    dry_run: bool,
}

impl Erase {
    /// Does what was asked, of a deployment.
    ///
    /// # Errors
    /// As [`run`], and where settings are missing.
    pub async fn run(&self, environment: &Environment) -> Result<Report, Fault> {
        run(&environment.app().await?, &self.user, self.dry_run).await
    }
}

/// Erases whatever is kept of a person, or with `dry_run` says what that is.
///
/// # Errors
/// Where the table cannot be read or written, and where it does not come to an end because
/// somebody goes on acting for the person: the same again goes on.
pub async fn run(app: &App, user: &str, dry_run: bool) -> Result<Report, Fault> {
    let person: UserId = user.parse()?;
    if !app.is_known(&person).await? {
        return Ok(Report::new(format!("nothing is kept of a user with the id {person}"), false));
    }
    if dry_run {
        let kept = app.kept_of(&person).await?;
        return Ok(Report::new(told(&person, &kept), kept.unfinished.is_empty()));
    }
    let progress = Progress::begin("things erased", 0);
    let tell = |erased: Erased| progress.tell(erased.changes);
    match app.erase_person(&person, &UserId(OPERATOR.to_owned()), &tell).await {
        Ok(erased) => {
            let text = format!(
                "{person} is erased: {} orders; {} things were changed or removed",
                erased.orders, erased.changes
            );
            Ok(Report::new(text, true).with("orders", erased.orders).with("changes", erased.changes))
        }
        Err(Error::Unfinished(orders)) => {
            let orders: String = orders.iter().map(|order| format!("{order}\n")).collect();
            let text =
                format!("{orders}nothing was erased: the goods or the money of these orders still move");
            Ok(Report::new(text, false))
        }
        Err(error) => Err(error.into()),
    }
}

/// What is kept of a person, a line a kind.
fn told(person: &UserId, kept: &Kept) -> String {
    let Kept { orders, unerased, unfinished, addresses, notifications, subscriptions, requests } = kept;
    let mut text = format!("would erase {person}:\n{unerased} of {orders} orders, with their logs\n");
    for (count, what) in [
        (addresses, "addresses"),
        (notifications, "notifications"),
        (subscriptions, "subscriptions"),
        (requests, "remembered requests"),
    ] {
        text.push_str(&format!("{count} {what}\n"));
    }
    for order in unfinished {
        text.push_str(&format!("in the way: order {order}, whose goods or money still move\n"));
    }
    text.truncate(text.trim_end().len());
    text
}
