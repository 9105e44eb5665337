//! Counts what the stream has not brought: for operators, while the stream's own consumer is at
//! work.
//!
//! A run counts as a shard of its own. It leaves an order alone while the stream's consumer has it
//! under way, and moves its watermark only from where it was seen, so that each change is counted
//! by one of the two. What an earlier run left half done is ended; so is what the stream of a table
//! had under way that was restored since, as nobody else will.

use super::counting::apply_batch;
use super::stream::OrderImage;
use crate::app::App;
use crate::statistics::verify::STATS;
use oms_domain::Order;
use oms_runtime::logging::chain;
use oms_table::TableError;
use oms_table::counters::Place;
use oms_table::counters::stream_position::{Lanes, Shard};
use oms_table::orders::watermarks::{Claim, Watermark};
use std::collections::{BTreeMap, BTreeSet};

/// One run of an operator.
#[derive(Debug)]
pub struct Run {
    shard: Shard,
    counted: u64,
    is_restored: bool,
    /// What others had under way, by their shards.
    under_way: BTreeMap<Shard, Vec<OrderImage>>,
}

impl Run {
    /// A run over a table, which may have been restored: then its stream is another one now.
    #[must_use]
    pub fn new(is_restored: bool) -> Self {
        Self { shard: Shard::of_operator(), counted: 0, is_restored, under_way: BTreeMap::new() }
    }

    /// Counts what is not counted of some orders, but for what [`end`](Self::end) does; the ids of
    /// those that are under way, or could not be counted.
    pub async fn catch_up(&mut self, app: &App, orders: &[Order]) -> Vec<String> {
        match self.try_to(app, orders).await {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(error = chain(&error), "could not look at orders");
                orders.iter().map(|order| order.id.to_string()).collect()
            }
        }
    }

    /// Ends what others had under way of the orders that were looked at: each batch as a whole. The
    /// ids of those that could not be counted.
    pub async fn end(&mut self, app: &App) -> Vec<String> {
        let mut left = Vec::new();
        for (shard, images) in std::mem::take(&mut self.under_way) {
            left.extend(apply_batch(app, None, &shard, images).await.into_records());
        }
        left
    }

    async fn try_to(&mut self, app: &App, orders: &[Order]) -> Result<Vec<String>, TableError> {
        let mut marks = app.table().watermarks(STATS, orders.iter().map(|order| order.id)).await?;
        let (mut behind, mut in_doubt) = (Vec::new(), Vec::new());
        for order in orders {
            let mark = marks.remove(&order.id);
            let is_behind = mark.as_ref().is_none_or(|mark| mark.version < order.version);
            match mark.as_ref().and_then(|mark| mark.claim.clone()).filter(|claim| !claim.is_settled()) {
                Some(claim) if is_behind || self.may_end(&claim.shard) => {
                    in_doubt.push((order, mark.unwrap_or_default(), claim));
                }
                _ if is_behind => behind.push(order.clone()),
                _ => {}
            }
        }
        let mut left = Vec::new();
        for ((order, mark, claim), is_done) in are_done(app, in_doubt).await? {
            let is_behind = mark.version < order.version;
            if is_done {
                behind.extend(is_behind.then(|| order.clone()));
                continue;
            }
            left.extend(is_behind.then(|| order.id.to_string()));
            if let Some(order) = order.as_of(mark.version).filter(|_| self.may_end(&claim.shard)) {
                let records = vec![order.id.to_string()];
                let image = OrderImage { order, records, versions: claim.records };
                self.under_way.entry(claim.shard).or_default().push(image);
            }
        }
        let images = behind.into_iter().map(|order| {
            self.counted += 1;
            let records = vec![order.id.to_string()];
            OrderImage { records, ..OrderImage::new(order, self.counted.to_string()) }
        });
        let images = images.collect();
        let uncounted = apply_batch(app, None, &self.shard, images).await.into_records();
        if !uncounted.is_empty() {
            // What it may have claimed and not counted is looked at again, and ended as another's.
            *self = Self { under_way: std::mem::take(&mut self.under_way), ..Self::new(self.is_restored) };
        }
        left.extend(uncounted);
        Ok(left)
    }

    fn may_end(&self, shard: &Shard) -> bool {
        *shard != self.shard && (self.is_restored || shard.is_of_operator())
    }
}

type InDoubt<'a> = (&'a Order, Watermark, Claim);

/// Whether all counters have what is said to be under way of some orders.
async fn are_done<'a>(app: &App, orders: Vec<InDoubt<'a>>) -> Result<Vec<(InDoubt<'a>, bool)>, TableError> {
    let mut touched: Vec<BTreeSet<Place>> = Vec::with_capacity(orders.len());
    for (order, _, claim) in &orders {
        touched.push(app.claimed_places(order, claim).await?);
    }
    let places: BTreeSet<&Place> = touched.iter().flatten().collect();
    let lanes = app.table().lanes_of(places.into_iter().cloned()).await?;
    let is_done = |claim: &Claim, touched: &BTreeSet<Place>| {
        let counted = |place| lanes.get(place).and_then(|lanes: &Lanes| lanes.of(&claim.shard));
        touched.iter().all(|place| counted(place) >= claim.last())
    };
    let both = orders.into_iter().zip(touched).map(|(one, touched)| {
        let is_done = is_done(&one.2, &touched);
        (one, is_done)
    });
    Ok(both.collect())
}

impl App {
    /// The items of counters that what is claimed of an order is counted in.
    async fn claimed_places(&self, order: &Order, claim: &Claim) -> Result<BTreeSet<Place>, TableError> {
        let mut order = order.clone();
        self.complete_log(&mut order, claim.before).await?;
        let versions = std::iter::once(claim.before).chain(claim.records.values().copied());
        let versions: Vec<u64> = versions.filter(|version| *version <= order.version).collect();
        Ok(self.added_by(&order, &versions)?.into_keys().collect())
    }
}
