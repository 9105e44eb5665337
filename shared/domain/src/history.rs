//! An order's past: the states that its log leads back to, and how the log is kept short.

use crate::change::rewind;
use crate::order::{MAX_LOG, State};
use crate::{Change, Order};
use jiff::Timestamp;
use serde_json::Value;

impl Order {
    /// The order as it was after the change that made `version`, as far as the log reaches back.
    #[must_use]
    pub fn as_of(&self, version: u64) -> Option<Order> {
        let first = self.log.first()?.version;
        if version < first || version > self.version {
            return None;
        }
        let kept = usize::try_from(version - first).ok()? + 1;
        let (then, since) = self.log.split_at_checked(kept)?;
        let state = since.iter().rev().fold(self.state(), rewind);
        from_state(state, then.to_vec(), self.status_since_before(since))
    }

    /// The last version that there was at a time; none before the order was placed.
    #[must_use]
    pub fn version_at(&self, at: Timestamp) -> Option<u64> {
        if at < self.created_at {
            return None;
        }
        let before = self.log.iter().rev().find(|change| change.at <= at);
        // A log that begins after that time says only that the version was an earlier one.
        before.map(|change| change.version).or_else(|| Some(self.log.first()?.version - 1))
    }

    /// The order with the older half of its log apart, where that has grown past [`MAX_LOG`]; the
    /// half, oldest first, is to be kept elsewhere.
    #[must_use]
    pub fn trimmed(mut self) -> (Order, Vec<Change>) {
        let older = if self.log.len() > MAX_LOG { self.log.len() / 2 } else { 0 };
        let older = self.log.drain(..older).collect();
        (self, older)
    }

    /// Puts back what [`Order::trimmed`] took away, in any order, also where it overlaps.
    pub fn recall(&mut self, mut older: Vec<Change>) {
        let first = self.log.first().map_or(u64::MAX, |change| change.version);
        older.retain(|change| change.version < first);
        older.append(&mut self.log);
        older.sort_by_key(|change| change.version);
        older.dedup_by_key(|change| change.version);
        self.log = older;
    }

    /// Since when the order had stood where it stood before some changes. The log may no longer
    /// hold the change that brought it there, but the first that ended it says how long it lasted.
    fn status_since_before(&self, changes: &[Change]) -> Timestamp {
        let ended = changes.iter().find_map(|change| Some((change.at, change.previous_status_lasted_us?)));
        ended.map_or(self.status_since, |(at, lasted_us)| {
            Timestamp::from_microsecond(at.as_microsecond() - lasted_us).unwrap_or(self.created_at)
        })
    }
}

fn from_state(mut state: State, log: Vec<Change>, status_since: Timestamp) -> Option<Order> {
    let last = log.last()?;
    state.insert("version".into(), last.version.into());
    state.insert("updated_at".into(), last.at.to_string().into());
    state.insert("status_since".into(), status_since.to_string().into());
    state.insert("log".into(), Value::Array(Vec::new()));
    let order: Order = serde_json::from_value(Value::Object(state)).ok()?;
    Some(Order { log, ..order })
}
