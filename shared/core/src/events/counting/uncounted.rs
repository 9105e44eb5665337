//! What a batch brings that is not counted yet, where it may have been under way before.

use crate::app::App;
use crate::events::stream::OrderImage;
use oms_domain::OrderId;
use oms_table::TableError;
use oms_table::counters::stream_position::{BatchRange, Sequence};
use oms_table::orders::watermarks::{Claim, Watermark, this_hour};
use std::collections::HashMap;

/// An order with changes that are not counted yet.
pub(super) struct Uncounted {
    pub(super) image: OrderImage,
    /// The version that all counters have.
    pub(super) seen: u64,
    /// The watermark as it was found, and as it is to be.
    pub(super) found: Option<Watermark>,
    pub(super) mark: Watermark,
    /// The watermark once it is counted, where it was found to speak of a longer batch.
    pub(super) after: Option<Watermark>,
}

impl App {
    /// What the counters may not have of the orders of a batch, with logs that reach back to what
    /// they have.
    pub(super) async fn uncounted_of(
        &self,
        batch: &BatchRange,
        arrived: Vec<OrderImage>,
        mut marks: HashMap<OrderId, Watermark>,
        begun: Option<&Sequence>,
    ) -> Result<Vec<Uncounted>, TableError> {
        let uncounted = arrived.into_iter().filter_map(|image| {
            let found = marks.remove(&image.order.id);
            Uncounted::of(batch, image, found, begun)
        });
        let mut uncounted: Vec<Uncounted> = uncounted.collect();
        for Uncounted { image, seen, .. } in &mut uncounted {
            self.complete_log(&mut image.order, *seen).await?;
        }
        Ok(uncounted)
    }

    /// What the records of an order show up to one of them, and what the later ones show.
    pub(super) async fn split(
        &self,
        mut image: OrderImage,
        end: &Sequence,
    ) -> Result<[Option<OrderImage>; 2], TableError> {
        let mut earlier = image.versions.clone();
        let later = earlier.split_off(end);
        let mut later = later;
        if let Some(version) = later.remove(end) {
            earlier.insert(end.clone(), version);
        }
        let Some(version) = earlier.values().copied().max() else { return Ok([None, Some(image)]) };
        if later.is_empty() {
            return Ok([Some(image), None]);
        }
        self.complete_log(&mut image.order, version).await?;
        let records = image.records.clone();
        let then = image.order.as_of(version);
        let then = then.map(|order| OrderImage { order, records, versions: earlier });
        image.versions = later;
        Ok([then, Some(image)])
    }
}

/// Where an earlier try at a batch ended that has grown since. What that has begun is ended first:
/// it may have counted what the whole batch, taken together, does not.
pub(super) fn end_of_earlier(
    batch: &BatchRange,
    marks: &HashMap<OrderId, Watermark>,
    begun: Option<&Sequence>,
) -> Option<Sequence> {
    let claims = marks.values().filter_map(|mark| mark.claim.as_ref());
    let under_way = claims.filter(|claim| is_under_way(batch, claim, begun));
    under_way.map(|claim| &claim.end).filter(|end| **end < batch.last).min().cloned()
}

/// Whether it may be that some counters have what is claimed and others do not: a batch of the
/// shard that was begun last, or is to be begun, and none that it has gone on from.
fn is_under_way(batch: &BatchRange, claim: &Claim, begun: Option<&Sequence>) -> bool {
    let is_last = begun.is_none_or(|begun| claim.end >= *begun);
    claim.shard == batch.shard && claim.last >= batch.first && is_last
}

impl Uncounted {
    /// What the counters may not have of an order; none where they have all of it.
    fn of(
        batch: &BatchRange,
        image: OrderImage,
        found: Option<Watermark>,
        begun: Option<&Sequence>,
    ) -> Option<Self> {
        let (first, last) =
            (image.versions.keys().next()?.clone(), image.versions.keys().next_back()?.clone());
        let version = image.order.version;
        let of_shard = found.as_ref().and_then(|mark| mark.claim.clone());
        let of_shard = of_shard.filter(|claim| claim.shard == batch.shard);
        let is_under_way = of_shard.as_ref().is_some_and(|claim| is_under_way(batch, claim, begun));
        let claim = |before, before_by| Claim {
            shard: batch.shard.clone(),
            first: first.clone(),
            last: last.clone(),
            end: batch.last.clone(),
            before,
            before_by,
            hour: this_hour(),
        };
        let mut after = None;
        let (seen, mark) = match (of_shard, &found) {
            // This batch, or one that it is a part of, which was under way before.
            (Some(under_way), Some(found)) if is_under_way && under_way.last > last => {
                let claim = Claim {
                    before: version,
                    before_by: Some(last),
                    first: under_way.last.clone(),
                    ..under_way
                };
                after = Some(Watermark { version: found.version, claim: Some(claim) });
                (under_way.before, found.clone())
            }
            (Some(under_way), Some(found)) if is_under_way && under_way.last == last => {
                (under_way.before, found.clone())
            }
            (Some(under_way), _) if is_under_way => {
                let claim = claim(under_way.before, under_way.before_by);
                (under_way.before, Watermark { version, claim: Some(claim) })
            }
            (of_shard, found) => {
                let before = found.as_ref().map_or(0, |mark| mark.version);
                let claim = claim(before, of_shard.map(|claim| claim.last));
                (before, Watermark { version, claim: Some(claim) })
            }
        };
        (version > seen).then_some(Self { image, seen, found, mark, after })
    }
}
