//! How many orders were placed between two times, from the counters by day and by quarter of an
//! hour: only what is left of a quarter is counted in the list itself.

use crate::app::App;
use crate::table::TableError;
use crate::table::lists::{OrderList, Span, time_bound};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use oms_domain::quarter::Quarter;
use oms_domain::statistics::Counts;

/// The length of a quarter of an hour, in seconds.
const QUARTER_S: i64 = 15 * 60;

impl App {
    /// How many orders of a list were placed from one time on and before another, by its counters
    /// from the month of the first on.
    pub(super) async fn count_between(
        &self,
        list: &OrderList,
        counts: &Counts,
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    ) -> Result<u64, TableError> {
        if let (Some(from), Some(before)) = (from, before)
            && before <= from
        {
            return Ok(0);
        }
        let (least, most) = futures::try_join!(
            self.count_before(list, counts, from),
            self.count_before(list, counts, before)
        )?;
        let all = counts.days.values().sum();
        Ok(most.unwrap_or(all).saturating_sub(least.unwrap_or(0)))
    }

    /// How many of the orders that the counters know were placed before a time.
    async fn count_before(
        &self,
        list: &OrderList,
        counts: &Counts,
        at: Option<Timestamp>,
    ) -> Result<Option<u64>, TableError> {
        let Some(at) = at else { return Ok(None) };
        let zone = &self.config().time_zone;
        let quarter = Quarter::of(at, zone);
        let days: u64 = counts.days.range(..quarter.day).map(|(_, count)| count).sum();
        let begin = quarter.day.to_zoned(zone.clone()).map_or(at, |midnight| midnight.timestamp());
        if at == begin {
            return Ok(Some(days));
        }
        let quarter_begin = begin + SignedDuration::from_secs(QUARTER_S * i64::from(quarter.number));
        let spans = self.table().spans_of(list).into_iter().map(|span| Span {
            above: Some(time_bound(quarter_begin)),
            below: Some(time_bound(at)),
            ..span
        });
        let (scope, cut) = (super::scope_of(list), [quarter.day].into());
        let (quarters, part) = futures::try_join!(self.table().quarters(&scope, &cut), async {
            let mut part = 0;
            for span in spans.filter(|_| quarter_begin < at) {
                part += self.table().count_span(&span).await?;
            }
            Ok(part)
        })?;
        let whole = quarters.quarters.iter().filter(|((_, of), _)| of.number < quarter.number);
        Ok(Some(days + whole.map(|(_, group)| group.count).sum::<u64>() + part))
    }

    /// The first day whose counters say how many orders were placed since a time.
    pub(super) fn counted_since(&self, from: Option<Timestamp>) -> Date {
        from.map_or(Date::MIN, |from| from.to_zoned(self.config().time_zone.clone()).date())
    }
}
