//! Counts what the stream has not brought: for operators, while the stream's own consumer is at
//! work.
//!
//! A run counts as a few shards of its own, each of which brings one order at a time. It leaves an
//! order alone while the stream's consumer has it under way, and moves its watermark only from
//! where it was seen, so that each change is counted by one of the two. What a run leaves half
//! done is ended by whoever meets it first, the stream's consumer or another run: it is of one
//! order, and counted once whoever counts it. What the stream of a table had under way that was
//! restored since is ended here, too, each batch as a whole, as nobody else will.

use super::counting::apply_batch;
use super::failures::Unapplied;
use super::stream::OrderImage;
use crate::app::App;
use crate::statistics::verify::STATS;
use futures::future::join_all;
use oms_domain::{Order, OrderId};
use oms_runtime::logging::chain;
use oms_table::TableError;
use oms_table::counters::Place;
use oms_table::counters::stream_position::{BatchRange, Lanes, Shard};
use oms_table::orders::watermarks::{Claim, Watermark};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many orders a run counts at the same time.
const LANES: usize = 8;

/// One run of an operator.
#[derive(Debug)]
pub struct Run {
    lanes: [Lane; LANES],
    is_restored: bool,
    /// What the stream of a table that was restored had under way, by its shards.
    under_way: BTreeMap<Shard, Vec<OrderImage>>,
}

/// A shard of a run.
#[derive(Debug)]
struct Lane {
    shard: Shard,
    counted: u64,
}

impl Lane {
    fn new() -> Self {
        Self { shard: Shard::of_operator(), counted: 0 }
    }

    /// Counts some orders, one after the other; the ids of those that could not be counted.
    async fn count(&mut self, app: &App, orders: Vec<Order>) -> Vec<String> {
        let mut left = Vec::new();
        for order in orders {
            self.counted += 1;
            let records = vec![order.id.to_string()];
            let image = OrderImage { records, ..OrderImage::new(order, self.counted.to_string()) };
            let uncounted = apply_batch(app, None, &self.shard, vec![image]).await;
            if !uncounted.again.is_empty() {
                // What was claimed all the same stays the last of its shard until it is ended.
                *self = Self::new();
            }
            left.extend(uncounted.into_records());
        }
        left
    }
}

impl Run {
    /// A run over a table, which may have been restored: then its stream is another one now.
    #[must_use]
    pub fn new(is_restored: bool) -> Self {
        Self { lanes: std::array::from_fn(|_| Lane::new()), is_restored, under_way: BTreeMap::new() }
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

    /// Ends what the stream of a table that was restored had under way of the orders that were
    /// looked at: each batch as a whole. The ids of those that could not be counted.
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
                Some(claim) if is_behind || self.is_restored || claim.shard.is_of_operator() => {
                    in_doubt.push((order, mark.unwrap_or_default(), claim));
                }
                _ if is_behind => behind.push(order.clone()),
                _ => {}
            }
        }
        let mut left = Vec::new();
        for ((order, mark, claim), is_done) in are_done(app, in_doubt).await? {
            let is_behind = mark.version < order.version;
            let is_of_run = claim.shard.is_of_operator();
            let is_done = match is_done {
                Ok(false) if is_of_run => app.end_claim(order, &mark, claim.clone()).await?.is_none(),
                Ok(is_done) => is_done,
                Err(_) => false,
            };
            if is_done {
                behind.extend(is_behind.then(|| order.clone()));
                continue;
            }
            left.extend((is_behind || is_of_run).then(|| order.id.to_string()));
            if let Some(order) = order.as_of(mark.version).filter(|_| self.is_restored && !is_of_run) {
                let records = vec![order.id.to_string()];
                let image = OrderImage { order, records, versions: claim.records };
                self.under_way.entry(claim.shard).or_default().push(image);
            }
        }
        let mut shares: [Vec<Order>; LANES] = std::array::from_fn(|_| Vec::new());
        for (number, order) in behind.into_iter().enumerate() {
            shares[number % LANES].push(order);
        }
        let counted = self.lanes.iter_mut().zip(shares).map(|(lane, orders)| lane.count(app, orders));
        left.extend(join_all(counted).await.into_iter().flatten());
        Ok(left)
    }
}

type InDoubt<'a> = (&'a Order, Watermark, Claim);

/// Whether all counters have what is said to be under way of some orders; why it cannot be told of
/// one, where that does not pass.
async fn are_done<'a>(
    app: &App,
    orders: Vec<InDoubt<'a>>,
) -> Result<Vec<(InDoubt<'a>, Result<bool, TableError>)>, TableError> {
    let mut touched: Vec<Result<BTreeSet<Place>, TableError>> = Vec::with_capacity(orders.len());
    for (order, _, claim) in &orders {
        touched.push(match app.claimed_places(order, claim).await {
            Err(error) if !error.is_lasting() => return Err(error),
            places => places,
        });
    }
    let places: BTreeSet<&Place> = touched.iter().flatten().flatten().collect();
    let lanes = app.table().lanes_of(places.into_iter().cloned()).await?;
    let is_done = |claim: &Claim, touched: BTreeSet<Place>| {
        let counted = |place| lanes.get(place).and_then(|lanes: &Lanes| lanes.of(&claim.shard));
        touched.iter().all(|place| counted(place) >= claim.last())
    };
    let both = orders.into_iter().zip(touched).map(|(one, touched)| {
        let is_done = touched.map(|touched| is_done(&one.2, touched));
        (one, is_done)
    });
    Ok(both.collect())
}

impl App {
    /// The orders of a batch but for those that another shard has under way still, of those that
    /// may meet: what an operator's run has claimed and not counted is ended first, whether it is
    /// at work or has died, and what the stream's consumer has is left to it. The watermarks are
    /// those that the batch moves next, so nobody else gets in between.
    pub(super) async fn free_of_others(
        &self,
        batch: &BatchRange,
        arrived: Vec<OrderImage>,
        marks: &HashMap<OrderId, Watermark>,
        unapplied: &mut Unapplied,
    ) -> Result<Vec<OrderImage>, TableError> {
        let in_doubt = arrived.iter().filter_map(|OrderImage { order, .. }| {
            let mark = marks.get(&order.id).filter(|mark| mark.version <= order.version)?;
            let others = |claim: &&Claim| claim.shard != batch.shard && !claim.is_settled();
            let claim = mark.claim.as_ref().filter(others)?;
            let meet = claim.shard.is_of_operator() || batch.shard.is_of_operator();
            meet.then(|| (order, mark.clone(), claim.clone()))
        });
        let (mut left, mut aside) = (BTreeSet::new(), BTreeMap::new());
        for ((order, mark, claim), is_done) in are_done(self, in_doubt.collect()).await? {
            let why_not = match is_done {
                Ok(true) => None,
                Ok(false) if claim.shard.is_of_operator() => self.end_claim(order, &mark, claim).await?,
                Ok(false) => {
                    left.insert(order.id);
                    None
                }
                Err(error) => Some(chain(&error)),
            };
            aside.extend(why_not.map(|why_not| (order.id, why_not)));
        }
        let mut free = Vec::with_capacity(arrived.len());
        for one in arrived {
            match aside.remove(&one.order.id) {
                Some(why_not) => {
                    tracing::error!(order = %one.order.id, error = why_not, "cannot be counted");
                    unapplied.set_aside(one.records, why_not);
                }
                None if left.contains(&one.order.id) => unapplied.deliver_again(vec![one]),
                None => free.push(one),
            }
        }
        Ok(free)
    }

    /// Counts what a run has claimed of an order, in the items that lack it; why not, where that
    /// would fail each time.
    async fn end_claim(
        &self,
        order: &Order,
        mark: &Watermark,
        claim: Claim,
    ) -> Result<Option<String>, TableError> {
        let mut order = order.clone();
        self.complete_log(&mut order, claim.before).await?;
        let Some(order) = order.as_of(mark.version) else {
            return Ok(Some(chain(&TableError::LogTooShort(order.id))));
        };
        let image = OrderImage { records: vec![order.id.to_string()], order, versions: claim.records };
        let unapplied = Box::pin(apply_batch(self, None, &claim.shard, vec![image])).await;
        match unapplied.again.is_empty() {
            true => Ok(unapplied.poison.into_iter().next().map(|poison| poison.reason)),
            false => Err(TableError::Conflict),
        }
    }

    /// The items of counters that what is claimed of an order is counted in.
    async fn claimed_places(&self, order: &Order, claim: &Claim) -> Result<BTreeSet<Place>, TableError> {
        let mut order = order.clone();
        self.complete_log(&mut order, claim.before).await?;
        let versions = std::iter::once(claim.before).chain(claim.records.values().copied());
        let versions: Vec<u64> = versions.filter(|version| *version <= order.version).collect();
        Ok(self.added_by(&order, &versions)?.into_keys().collect())
    }
}
