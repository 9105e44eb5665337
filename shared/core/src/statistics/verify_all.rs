//! All statistics against all orders, while the system runs.
//!
//! No moment is long enough to read a million orders in. So whoever counts keeps a journal
//! meanwhile ([`oms_table::counters::lock`]): the orders are read in their own time, those that the
//! journal names are read again, and so on until few are left. What is summed up then is what had
//! been counted at one moment, up to the journal's last entries. A scope whose counters are just
//! that is right. The others are compared some at a time, while for moments nothing is counted.

use crate::app::App;
use crate::statistics::verify::STATS;
use futures::stream::{self, SelectAll, Stream, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use oms_domain::reconciliation::{Counters, Difference, differences};
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Order, OrderId, Outcome};
use oms_runtime::deadline;
use oms_table::TableError;
use oms_table::counters::item_of;
use oms_table::counters::lock::Journal;
use oms_table::counters::stream_position::{Sequence, Shard};
use oms_table::orders::scan::{Scanned, Segment, Unreadable};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::time::Duration;

/// How many parts of the table are read side by side.
const SEGMENTS: u16 = 8;
/// How often journals are read before a comparison, at most.
const ROUNDS: u32 = 10;
/// How many orders of a journal are few.
const FEW: usize = 50;
/// Of how many orders it is kept what the last batches of a shard counted: more than one batch has.
const NEWEST_OF_SHARD: usize = 256;
/// How many orders are read again at a time.
const PAGE: usize = 250;
/// How many scopes' counters are read side by side.
const SCOPES_AT_ONCE: usize = 16;
/// How many scopes are compared while nothing is counted: some tenths of a second.
const SCOPES_A_STOP: usize = 32;

/// How an operator has all orders read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// How many orders a second at most; none is as fast as it goes.
    pub orders_per_second: Option<u32>,
    /// Is told how many orders have been read.
    pub progress: &'a dyn Fn(u64),
}

impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("orders_per_second", &self.orders_per_second).finish_non_exhaustive()
    }
}

impl Reading<'_> {
    /// Tells how many have been read since it began, and waits until there may be more.
    pub async fn pace(&self, began: Timestamp, now: Timestamp, orders: u64) {
        (self.progress)(orders);
        let Some(rate) = self.orders_per_second else { return };
        let due_ms = orders.saturating_mul(1_000) / u64::from(rate.max(1));
        let passed = now.duration_since(began);
        let due = SignedDuration::from_millis(i64::try_from(due_ms).unwrap_or(i64::MAX));
        deadline::pause(Duration::try_from(due - passed).unwrap_or_default()).await;
    }
}

/// What was found of all orders.
#[derive(Clone, Debug)]
pub struct VerifiedAll {
    /// How many orders were looked at, deleted ones included.
    pub orders: u64,
    /// Of how many users and stores, and of all.
    pub scopes: usize,
    /// The orders that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Of how many scopes it cannot be told, since such an order may have been counted in them.
    pub doubtful: usize,
    /// The counters that are wrong, by the scope they belong to.
    pub wrong: Vec<(Scope, Vec<Difference>)>,
}

/// What all orders have counted for, as far as it is known.
struct Expected<'a> {
    app: &'a App,
    tally: Tally,
    /// Each order's version of which the tally is.
    marks: HashMap<OrderId, u64>,
    /// What the newest records of each shard count for: of a batch that is under way, some counters
    /// have it and others do not.
    newest: BTreeMap<Shard, BTreeMap<Sequence, Tally>>,
    scopes: BTreeSet<Scope>,
    unreadable: Vec<Unreadable>,
}

type Pages<'a> = SelectAll<Pin<Box<dyn Stream<Item = Result<Scanned, TableError>> + 'a>>>;

impl App {
    /// All orders there are, in pages of several parts of the table.
    pub fn all_orders(&self) -> Pages<'_> {
        let part = |part| {
            let pages =
                stream::try_unfold(Some(None), move |next: Option<Option<oms_table::Item>>| async move {
                    let Some(after) = next else { return Ok(None) };
                    let page = self.table().scan_orders(part, after).await?;
                    let next = page.next.clone().map(Some);
                    Ok(Some((page, next)))
                });
            Box::pin(pages) as Pin<Box<dyn Stream<Item = _> + '_>>
        };
        stream::select_all(Segment::all(SEGMENTS).map(part))
    }

    /// Adds up what all orders have counted for, each as of its watermark, and compares it with the
    /// counters of every user, every store and of all: those that differ. Keeps the sums in memory,
    /// some kilobytes a user and 50 bytes an order. An order that cannot be read is named, and the
    /// counters that it may be in are left out.
    ///
    /// # Errors
    /// 503 where the table cannot be read; 409 where the lock that the journal is of was lifted.
    pub async fn verify_all(&self, journal: &mut Journal, reading: Reading<'_>) -> Outcome<VerifiedAll> {
        let mut expected = Expected {
            app: self,
            tally: Tally::default(),
            marks: HashMap::new(),
            newest: BTreeMap::new(),
            scopes: BTreeSet::from([Scope::All]),
            unreadable: Vec::new(),
        };
        let (began, mut pages, mut orders) = (self.now(), self.all_orders(), 0);
        while let Some(page) = pages.try_next().await? {
            orders += page.orders.len() as u64;
            expected.unreadable.extend(page.unreadable);
            expected.add(page.orders).await?;
            reading.pace(began, self.now(), orders).await;
        }
        for _ in 0..ROUNDS {
            if expected.catch_up(self.table().next_journal(journal).await?).await? < FEW {
                break;
            }
        }
        let (doubtful, certain): (Vec<_>, Vec<_>) =
            expected.scopes.iter().cloned().partition(|scope| expected.is_in_doubt(scope));
        let scopes = expected.scopes.len();
        let suspects = expected.differing(certain).await?;
        expected.catch_up(self.table().next_journal(journal).await?).await?;
        let suspects = expected.differing(suspects.into_iter().map(|(scope, _)| scope).collect()).await?;
        let mut wrong = Vec::new();
        for suspects in suspects.chunks(SCOPES_A_STOP) {
            expected.catch_up(self.table().next_journal(journal).await?).await?;
            expected.catch_up(self.table().stop_counting(journal).await?).await?;
            let suspects = suspects.iter().map(|(scope, _)| scope.clone()).collect();
            wrong.extend(expected.differing(suspects).await?);
            self.table().next_journal(journal).await?;
        }
        let Expected { marks, unreadable, .. } = expected;
        Ok(VerifiedAll { orders: marks.len() as u64, scopes, wrong, unreadable, doubtful: doubtful.len() })
    }
}

impl Expected<'_> {
    /// Adds up some orders anew, as of their watermarks.
    async fn add(&mut self, orders: Vec<Order>) -> Result<(), TableError> {
        let marks = self.app.table().watermarks(STATS, orders.iter().map(|order| order.id)).await?;
        for mut order in orders {
            let of = Scope::of(&order);
            self.scopes.extend(of.clone());
            let id = order.id;
            let known = self.marks.entry(id).or_default();
            let Some(mark) = marks.get(&id) else { continue };
            let claim = mark.claim.as_ref();
            let counted = match claim {
                // It was read before the record that is being counted.
                Some(claim) if mark.version > order.version => claim.before,
                _ => mark.version,
            };
            // One that was counted while it was read is in the journal.
            if counted == *known || counted > order.version {
                continue;
            }
            match self.app.table().recall(&mut order, 0).await {
                Ok(()) => {}
                Err(error) if error.is_of_the_item() => {
                    self.unreadable.push(Unreadable::new(id.to_string(), &error, Some(of)));
                    continue;
                }
                Err(error) => return Err(error),
            }
            let Some(now) = order.as_of(counted) else { continue };
            let zone = &self.app.config().time_zone;
            self.tally.absorb(tally(order.as_of(*known).as_ref(), &now, zone));
            *known = counted;
            if let Some(claim) = claim.filter(|_| counted == mark.version) {
                let newest = self.newest.entry(claim.shard.clone()).or_default();
                let mut before = order.as_of(claim.before);
                for (record, version) in &claim.records {
                    let Some(then) = order.as_of(*version) else { continue };
                    newest.insert(record.clone(), tally(before.as_ref(), &then, zone));
                    before = Some(then);
                }
                while newest.len() > NEWEST_OF_SHARD {
                    newest.pop_first();
                }
            }
        }
        Ok(())
    }

    /// Adds up anew what was counted meanwhile; how many orders that were.
    async fn catch_up(&mut self, counted: BTreeSet<OrderId>) -> Result<usize, TableError> {
        let ids: Vec<OrderId> = counted.into_iter().collect();
        for ids in ids.chunks(PAGE) {
            let orders = self.app.table().orders_and_tombstones(ids.iter().copied()).await?;
            self.add(orders).await?;
        }
        Ok(ids.len())
    }

    /// Those of some scopes whose counters are not what is expected.
    async fn differing(&self, scopes: Vec<Scope>) -> Result<Vec<(Scope, Vec<Difference>)>, TableError> {
        let compared = scopes.into_iter().map(|scope| async {
            let items = self.app.table().cells_by_item(&scope).await?;
            let mut expected: Counters = self.tally.of(&scope).collect();
            for (shard, newest) in &self.newest {
                let lanes = |sk: &str| {
                    items.iter().find(|(of, _, _)| of == sk).and_then(|(_, lanes, _)| lanes.of(shard))
                };
                for (last, tally) in newest {
                    for (cell, value) in tally.of(&scope) {
                        if lanes(&item_of(&scope, &cell)).is_none_or(|counted| counted < last) {
                            *expected.entry(cell).or_default() -= value;
                        }
                    }
                }
            }
            let counted: Counters = items.into_iter().flat_map(|(_, _, cells)| cells).collect();
            Ok((scope, differences(&counted, &expected)))
        });
        let compared = stream::iter(compared).buffered(SCOPES_AT_ONCE);
        compared.try_filter(|(_, wrong)| std::future::ready(!wrong.is_empty())).try_collect().await
    }

    fn is_in_doubt(&self, scope: &Scope) -> bool {
        let may_count = |order: &Unreadable| order.scopes.as_ref().is_none_or(|of| of.contains(scope));
        self.unreadable.iter().any(may_count)
    }
}
