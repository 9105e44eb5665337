//! An order's past: the states that its log leads back to, and how the log is kept short.

use crate::change::{fill_in, rewind};
use crate::order::{MAX_LOG, State};
use crate::{Change, Order};
use jiff::Timestamp;
use serde_json::Value;

impl Order {
    /// The order as it was after the change that made `version`, as far as the log reaches back,
    /// with what it keeps for its store now.
    #[must_use]
    pub fn as_of(&self, version: u64) -> Option<Order> {
        let first = self.log.first()?.version;
        if version < first || version > self.version {
            return None;
        }
        let kept = usize::try_from(version - first).ok()? + 1;
        let (then, since) = self.log.split_at_checked(kept)?;
        let state = since.iter().rev().fold(self.state(), rewind);
        let then = from_state(state, then.to_vec(), self.status_since_before(since))?;
        Some(Order { stored: self.stored.clone(), ..then })
    }

    /// Every change that the log reaches back to, oldest first, with what each added filled in.
    #[must_use]
    pub fn history(&self) -> Vec<Change> {
        let mut changes = self.log.clone();
        let mut state = self.state();
        for change in changes.iter_mut().rev() {
            fill_in(change, &state);
            state = rewind(state, change);
        }
        changes
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
    pub fn trimmed(self) -> (Order, Vec<Change>) {
        let count = self.log.len();
        self.without_oldest(if count > MAX_LOG { count / 2 } else { 0 })
    }

    /// The order with all but the last change apart: a few changes may hold as much as many.
    #[must_use]
    pub fn stripped(self) -> (Order, Vec<Change>) {
        let count = self.log.len();
        self.without_oldest(count.saturating_sub(1))
    }

    fn without_oldest(mut self, count: usize) -> (Order, Vec<Change>) {
        let older = self.log.drain(..count).collect();
        (self, older)
    }

    /// Whether the log has every change from a version on, or from the placing where that is 0.
    #[must_use]
    pub fn log_reaches(&self, version: u64) -> bool {
        let first = self.log.first().map_or(u64::MAX, |change| change.version);
        let is_whole = u64::try_from(self.log.len()) == Ok((self.version + 1).saturating_sub(first));
        first <= version.max(1) && is_whole
    }

    /// Puts back some of what was taken away, in any order, also where it overlaps. What came after
    /// this state is left out: the order may have gone on since it was read.
    pub fn recall(&mut self, older: Vec<Change>) {
        let version = self.version;
        self.log.extend(older.into_iter().filter(|change| change.version <= version));
        self.log.sort_by_key(|change| change.version);
        self.log.dedup_by_key(|change| change.version);
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
