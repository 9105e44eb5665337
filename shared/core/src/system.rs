//! How far what works behind the requests is: the consumers of the stream, and the queues.

use crate::app::App;
use crate::events::publishing::CONSUMER as PUBLISHER;
use crate::health::LIMIT;
use crate::statistics::verify::STATS;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::join_all;
use jiff::Timestamp;
use oms_domain::order_events::notices;
use oms_domain::reconciliation::Verified;
use oms_domain::tally::Scope;
use oms_domain::{Change, Error, Order, Outcome, UserId};
use oms_runtime::logging::chain;
use oms_runtime::sdk;
use oms_table::counters::front_of_all;
use oms_table::lists::{OrderList, Wanted};
use std::collections::BTreeSet;

/// How many of the newest orders are looked at: about 90 read units.
pub const NEWEST: usize = 25;
/// How many users' counters one look proves.
const AUDITED_USERS: usize = 5;
/// Of how many orders a user may have, to be proved.
const AUDITED_ORDERS: u64 = 50;

/// How far a consumer of the stream is behind the newest orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many of them have a change that it has not applied.
    pub orders: usize,
    /// When the oldest such change was made.
    pub since: Option<Timestamp>,
}

/// How far both consumers are.
#[derive(Clone, Debug, Default)]
pub struct Lags {
    /// Who counts.
    pub counting: Lag,
    /// Who tells.
    pub telling: Lag,
    /// Whose orders were looked at.
    pub users: BTreeSet<UserId>,
}

/// What a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Messages that can be received.
    pub waiting: u64,
    /// Messages that have been received and not deleted yet.
    pub in_flight: u64,
    /// Messages that are held back until their time.
    pub delayed: u64,
}

impl Lag {
    fn add(&mut self, change: Option<&Change>) {
        let Some(change) = change else { return };
        self.orders += 1;
        self.since = self.since.into_iter().chain([change.at]).min();
    }
}

impl App {
    /// How far the consumers are with the newest [`NEWEST`] orders.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn lags(&self) -> Outcome<Lags> {
        let table = self.table();
        let newest = table.listed_orders(&[OrderList::All], &Wanted::default(), NEWEST).await?;
        let ids = || newest.iter().map(|order| order.id);
        // Orders before watermarks, and these before counters: what is counted meanwhile is no lag.
        let orders = table.orders(ids()).await?;
        let (counted, told) =
            futures::try_join!(table.watermarks(STATS, ids()), table.watermarks(PUBLISHER, ids()))?;
        let items = table.cells_by_item(&Scope::All).await?;
        let front = items.into_iter().find(|(sk, _, _)| *sk == front_of_all().1);
        let lanes = front.map(|(_, lanes, _)| lanes).unwrap_or_default();
        let mut lags = Lags::default();
        for order in &orders {
            let seen =
                counted.get(&order.id).map_or(0, |mark| lanes.version_of(mark).unwrap_or(mark.version));
            lags.counting.add(order.log.iter().find(|change| change.version > seen));
            let seen = told.get(&order.id).map_or(0, |mark| mark.version);
            lags.telling.add(order.log.iter().find(|change| change.version > seen && tells(order, change)));
            lags.users.insert(order.user.id.clone());
        }
        Ok(lags)
    }

    /// Proves the counters of some of these users, as the stream's consumer does now and then.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn audit(&self, users: &BTreeSet<UserId>) -> Outcome<Verified> {
        let mut found = Verified::default();
        for user in users.iter().take(AUDITED_USERS) {
            match self.verify_scope(&Scope::User(user.clone()), AUDITED_ORDERS).await {
                Ok(verified) => found = found.and(verified),
                Err(Error::TooMuch { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// What the queues hold, each by its name; nothing of one that is not configured or does not
    /// answer.
    pub async fn depths(&self) -> Vec<(&'static str, Option<Depth>)> {
        let config = self.config();
        let queues = [
            ("jobs", &config.queue_url),
            ("settlements", &config.settlements_queue_url),
            ("job_failures", &config.job_failures_queue_url),
            ("stream_failures", &config.failure_queue_url),
        ];
        let asked = queues.map(|(name, url)| async move {
            let depth = tokio::time::timeout(LIMIT, self.depth(name, url.as_deref())).await;
            (name, depth.ok().flatten())
        });
        join_all(asked).await
    }

    async fn depth(&self, name: &'static str, url: Option<&str>) -> Option<Depth> {
        use QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let request = sdk::sqs(self.config()).get_queue_attributes().queue_url(url?);
        let answer = request.set_attribute_names(Some(names.to_vec())).send().await;
        let logged = answer.inspect_err(|error| tracing::warn!(name, error = chain(error), "out of reach"));
        let held = logged.ok()?.attributes.unwrap_or_default();
        let [waiting, in_flight, delayed] =
            names.map(|name| held.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default());
        Some(Depth { waiting, in_flight, delayed })
    }
}

/// Whether somebody is told of a change: of others the publisher's watermark stays where it is.
fn tells(order: &Order, change: &Change) -> bool {
    order.as_of(change.version).is_some_and(|then| !notices(&then, change).is_empty())
}
