//! Counts what the stream has not brought: for operators, while the stream's own consumer is at
//! work.
//!
//! A run counts as a shard of its own. It leaves an order alone while the stream's consumer has it
//! under way, and moves its watermark only from where it was seen, so that each change is counted
//! by one of the two. What an earlier run left half done is ended first.

use super::counting::{added_by, apply_batch};
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
}

impl Default for Run {
    fn default() -> Self {
        Self { shard: Shard::of_operator(), counted: 0 }
    }
}

impl Run {
    /// Counts what is not counted of some orders; the ids of those that are under way, or could not
    /// be counted.
    pub async fn catch_up(&mut self, app: &App, orders: &[Order]) -> Vec<String> {
        match self.try_to(app, orders).await {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(error = chain(&error), "could not look at orders");
                orders.iter().map(|order| order.id.to_string()).collect()
            }
        }
    }

    async fn try_to(&mut self, app: &App, orders: &[Order]) -> Result<Vec<String>, TableError> {
        let mut marks = app.table().watermarks(STATS, orders.iter().map(|order| order.id)).await?;
        let (mut behind, mut in_doubt) = (Vec::new(), Vec::new());
        for order in orders {
            let mark = marks.remove(&order.id);
            let is_behind = mark.as_ref().is_none_or(|mark| mark.version < order.version);
            match mark.as_ref().and_then(|mark| mark.claim.clone()).filter(|claim| !claim.is_settled()) {
                Some(claim) if is_behind || claim.shard.is_of_operator() => {
                    in_doubt.push((order, mark.unwrap_or_default(), claim));
                }
                _ if is_behind => behind.push(order.clone()),
                _ => {}
            }
        }
        let mut left = Vec::new();
        for ((order, mark, claim), is_done) in are_done(app, in_doubt).await? {
            if is_done {
                behind.extend((mark.version < order.version).then(|| order.clone()));
                continue;
            }
            let then = order.as_of(mark.version).filter(|_| claim.shard.is_of_operator());
            let Some(then) = then else {
                left.push(order.id.to_string());
                continue;
            };
            let image = OrderImage {
                records: vec![order.id.to_string()],
                versions: BTreeMap::from([(claim.last, then.version)]),
                order: then,
            };
            left.extend(apply_batch(app, None, &claim.shard, vec![image]).await.into_records());
            left.extend((mark.version < order.version).then(|| order.id.to_string()));
        }
        let images = behind.into_iter().map(|order| {
            self.counted += 1;
            let records = vec![order.id.to_string()];
            OrderImage { records, ..OrderImage::new(order, self.counted.to_string()) }
        });
        let images = images.collect();
        left.extend(apply_batch(app, None, &self.shard, images).await.into_records());
        Ok(left)
    }
}

type InDoubt<'a> = (&'a Order, Watermark, Claim);

/// Whether all counters have what is said to be under way of some orders.
async fn are_done<'a>(app: &App, orders: Vec<InDoubt<'a>>) -> Result<Vec<(InDoubt<'a>, bool)>, TableError> {
    let mut touched: Vec<BTreeSet<Place>> = Vec::with_capacity(orders.len());
    for (order, mark, claim) in &orders {
        touched.push(added_by(app, order, claim.before, mark.version).await?.into_keys().collect());
    }
    let places: BTreeSet<&Place> = touched.iter().flatten().collect();
    let lanes = app.table().lanes_of(places.into_iter().cloned()).await?;
    let is_done = |claim: &Claim, touched: &BTreeSet<Place>| {
        touched.iter().all(|place| {
            let counted = lanes.get(place).and_then(|lanes: &Lanes| lanes.of(&claim.shard));
            counted.is_some_and(|counted| *counted >= claim.last)
        })
    };
    let both = orders.into_iter().zip(touched).map(|(one, touched)| {
        let is_done = is_done(&one.2, &touched);
        (one, is_done)
    });
    Ok(both.collect())
}
