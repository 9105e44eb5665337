//! Answers that are kept in memory, for as long as they can be shown to be what would be answered
//! anew.
//!
//! Function instances share no memory, so a kept answer is never trusted: it goes with *evidence*,
//! a text that is read anew for each request and is different whenever the answer would be. What
//! is saved is everything else that the answer takes.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use oms_domain::OrderId;
use oms_domain::tally::Scope;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Says on an answer whether it had been kept: `hit` or `miss`.
pub const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// The most answers that an instance keeps.
const MAX_ANSWERS: usize = 500;
/// The largest answer that is kept, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The answers of one function instance.
#[derive(Debug, Default)]
pub struct ResponseCache(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    evidence: String,
    body: Arc<str>,
    until: Timestamp,
}

/// An answer in JSON, and whether it had been kept.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The JSON.
    pub body: Arc<str>,
    /// Whether it had been kept.
    pub is_kept: bool,
}

impl ResponseCache {
    /// The answer to a question, if it was kept with this evidence and is not too old.
    pub fn get(&self, question: &str, evidence: &str, now: Timestamp) -> Option<Answer> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(question)?;
        (entry.evidence == evidence && entry.until > now)
            .then(|| Answer { body: Arc::clone(&entry.body), is_kept: true })
    }

    /// Keeps an answer for a time; none where that is nothing, and none that is too large. Where
    /// there are too many, the one that ends first makes room.
    pub fn store(
        &self,
        question: String,
        evidence: String,
        answer: &Answer,
        now: Timestamp,
        lifetime: Duration,
    ) {
        let Ok(until) = now.checked_add(lifetime) else { return };
        if lifetime.is_zero() || answer.body.len() > MAX_BYTES {
            return;
        }
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ANSWERS && !entries.contains_key(&question) {
            let first =
                entries.iter().min_by_key(|(_, entry)| entry.until).map(|(question, _)| question.clone());
            first.map(|first| entries.remove(&first));
        }
        entries.insert(question, Entry { evidence, body: Arc::clone(&answer.body), until });
    }
}

/// Of how many orders an instance remembers what it has found out.
const MAX_KNOWN: usize = 1_000;

/// Up to which version something is known of orders: what is said of one stays true of it, and of
/// all before.
#[derive(Debug)]
pub struct KnownVersions<K>(Mutex<BTreeMap<K, u64>>);

/// Which orders the counters of a scope have, in every consistent read of these that comes after.
/// Those of another scope may have them later.
pub type CountedOrders = KnownVersions<(Scope, OrderId)>;

impl<K> Default for KnownVersions<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord> KnownVersions<K> {
    /// Whether it is known of a version.
    pub fn has(&self, of: &K, version: u64) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(of).is_some_and(|known| *known >= version)
    }

    /// Notes that it is so of a version. Where there are too many, all are forgotten: they can be
    /// asked for again.
    pub fn note(&self, of: K, version: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(of, version);
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        let response_cache = HeaderValue::from_static(if self.is_kept { "hit" } else { "miss" });
        ([(CONTENT_TYPE, json), (X_CACHE, response_cache)], self.body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::StoreId;

    const LIFETIME: Duration = Duration::from_secs(10);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn answer(body: &str) -> Answer {
        Answer { body: body.into(), is_kept: false }
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_its_evidence() {
        let response_cache = ResponseCache::default();
        response_cache.store("q".into(), "e".into(), &answer("1"), at(0), LIFETIME);
        let found = |question, evidence, now| {
            response_cache.get(question, evidence, now).map(|found| found.body.to_string())
        };
        assert_eq!(found("q", "e", at(9)).as_deref(), Some("1"));
        assert_eq!(found("q", "other", at(9)), None);
        assert_eq!(found("other", "e", at(9)), None);
        assert_eq!(found("q", "e", at(10)), None);
        response_cache.store("none".into(), "e".into(), &answer("1"), at(0), Duration::ZERO);
        assert_eq!(found("none", "e", at(0)), None);
        response_cache.store(
            "large".into(),
            "e".into(),
            &answer(&"x".repeat(MAX_BYTES + 1)),
            at(0),
            LIFETIME,
        );
        assert_eq!(found("large", "e", at(0)), None);
    }

    #[test]
    fn what_is_counted_in_one_scope_need_not_be_in_another() {
        let counted = CountedOrders::default();
        let (order, store) = (OrderId(uuid::Uuid::from_u128(7)), Scope::Store(StoreId(uuid::Uuid::nil())));
        counted.note((Scope::All, order), 3);
        assert!(counted.has(&(Scope::All, order), 3) && !counted.has(&(Scope::All, order), 4));
        assert!(!counted.has(&(store, order), 1));
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let response_cache = ResponseCache::default();
        for n in 0..=MAX_ANSWERS {
            response_cache.store(
                n.to_string(),
                "e".into(),
                &answer("1"),
                at(n as i64),
                Duration::from_secs(10_000),
            );
        }
        assert!(
            response_cache.get("0", "e", at(0)).is_none() && response_cache.get("1", "e", at(0)).is_some()
        );
        assert_eq!(response_cache.0.lock().unwrap().len(), MAX_ANSWERS);
    }
}
