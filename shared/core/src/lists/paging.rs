//! Lists in the order that a client asks for: the keys of `ordering`, the place that an entry has
//! by them, and the page that a number or a cursor asks for. What ties goes by the time of making,
//! then by id, in the direction of the first key: so that an index read from either end has them
//! right.

mod window;

pub use window::{CursorBound, PageSlice, Window, cut};

use jiff::Timestamp;
use oms_domain::{Decimal, Outcome};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::query::Query;
use serde::Serialize;
use std::cmp::Ordering;
use uuid::Uuid;

/// What a list can be sorted by.
pub trait SortKey: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];
    /// The time of making.
    const CREATED_AT: Self;

    /// As requests name it.
    fn name(self) -> &'static str;

    /// The value that a text shows.
    fn read(self, text: &str) -> Option<Value>;
}

/// The only key of lists that are sorted by nothing but the time of making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByTime {
    /// The time of making.
    CreatedAt,
}

impl SortKey for ByTime {
    const ALL: &'static [Self] = &[Self::CreatedAt];
    const CREATED_AT: Self = Self::CreatedAt;

    fn name(self) -> &'static str {
        "created_at"
    }

    fn read(self, text: &str) -> Option<Value> {
        text.parse().ok().map(Value::Time)
    }
}

impl Sorting<ByTime> {
    /// Where an entry stands among others that are sorted by time.
    pub fn place_in_time(&self, created_at: Timestamp, id: Uuid) -> SortPosition {
        self.place(created_at, id, |ByTime::CreatedAt| Value::Time(created_at))
    }
}

/// A value that a list is sorted by; what has none stands after all others, as in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A moment.
    Time(Timestamp),
    /// A number.
    Amount(Decimal),
    /// One of a closed set of words.
    Word(&'static str),
    /// What somebody has typed, in lower case.
    Text(String),
    /// No value.
    Nothing,
}

impl Value {
    fn show(&self) -> Option<String> {
        match self {
            Self::Time(time) => Some(time.to_string()),
            Self::Amount(amount) => Some(amount.to_string()),
            Self::Word(word) => Some((*word).to_owned()),
            Self::Text(text) => Some(text.clone()),
            Self::Nothing => None,
        }
    }
}

/// How a list is sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorting<K> {
    keys: Vec<(K, bool)>,
    /// The direction of the first key, and of ties.
    pub descends: bool,
}

/// Where an entry stands in a sorted list, whether or not it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortPosition {
    values: Vec<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl SortPosition {
    /// The amount, where it is sorted by.
    pub fn amount(&self) -> Option<Decimal> {
        self.values.iter().find_map(|value| match value {
            Value::Amount(amount) => Some(*amount),
            Value::Time(_) | Value::Word(_) | Value::Text(_) | Value::Nothing => None,
        })
    }
}

impl<K: SortKey> Sorting<K> {
    /// Reads `ordering`; the newest first where it names nothing that can be sorted by.
    pub fn read(query: &Query) -> Self {
        let mut keys = query.sort_keys(|name| K::ALL.iter().copied().find(|key| key.name() == name));
        // A key that comes again says nothing new.
        let mut seen = Vec::new();
        keys.retain(|(key, _)| {
            let is_new = !seen.contains(key);
            seen.push(*key);
            is_new
        });
        let descends = keys.first().is_none_or(|(_, descends)| *descends);
        // The ties say what a last `created_at` of the same direction does.
        if keys.last() == Some(&(K::CREATED_AT, descends)) {
            keys.pop();
        }
        Self { keys, descends }
    }

    /// The keys but for the ties.
    pub fn keys(&self) -> Vec<K> {
        self.keys.iter().map(|(key, _)| *key).collect()
    }

    /// What it sorts by first, as requests name it.
    pub fn first(&self) -> &'static str {
        self.keys.first().map_or(K::CREATED_AT, |(key, _)| *key).name()
    }

    /// The same from its other end.
    pub fn reversed(&self) -> Self {
        let keys = self.keys.iter().map(|(key, descends)| (*key, !descends));
        Self { keys: keys.collect(), descends: !self.descends }
    }

    /// Where an entry stands that has these values.
    pub fn place(&self, created_at: Timestamp, id: Uuid, value: impl Fn(K) -> Value) -> SortPosition {
        SortPosition { values: self.keys.iter().map(|(key, _)| value(*key)).collect(), created_at, id }
    }

    /// Which of two comes first.
    pub fn compare(&self, a: &SortPosition, b: &SortPosition) -> Ordering {
        let directed = |compared: Ordering, descends| if descends { compared.reverse() } else { compared };
        let values = self.keys.iter().zip(a.values.iter().zip(&b.values));
        let by_keys = values.map(|((_, descends), (a, b))| directed(a.cmp(b), *descends));
        let ties = (a.created_at, a.id).cmp(&(b.created_at, b.id));
        by_keys.fold(Ordering::Equal, Ordering::then).then(directed(ties, self.descends))
    }

    /// A place as text, for a cursor.
    pub fn show(&self, place: &SortPosition) -> String {
        let values: Vec<_> = place.values.iter().map(Value::show).collect();
        serde_json::json!([place.created_at, place.id, values]).to_string()
    }

    /// The place that a text shows.
    pub fn read_place(&self, text: &str) -> Option<SortPosition> {
        let (created_at, id, values): (Timestamp, Uuid, Vec<Option<String>>) =
            serde_json::from_str(text).ok()?;
        if values.len() != self.keys.len() {
            return None;
        }
        let values = self.keys.iter().zip(values).map(|((key, _), value)| match value {
            Some(value) => key.read(&value),
            None => Some(Value::Nothing),
        });
        Some(SortPosition { values: values.collect::<Option<_>>()?, created_at, id })
    }

    /// Where a request's page begins or ends, if a cursor says so.
    ///
    /// # Errors
    /// `InvalidPage` for a cursor that says nothing here.
    pub fn at(&self, request: &PageRequest) -> Outcome<Option<CursorBound>> {
        CursorBound::read(request, |text| self.read_place(text))
    }

    /// The direction in which a page is read: from its end where it ends at a place.
    pub fn towards(&self, at: Option<&CursorBound>) -> Self {
        match at {
            Some(CursorBound::Before(_)) => self.reversed(),
            Some(CursorBound::After(_)) | None => self.clone(),
        }
    }

    /// A page of all that is wanted, which is sorted here.
    ///
    /// # Errors
    /// `InvalidPage` beyond the last page.
    pub fn cut<T>(
        &self,
        all: Vec<(SortPosition, T)>,
        request: &PageRequest,
        at: Option<&CursorBound>,
    ) -> Outcome<PageSlice<T>> {
        cut(all, |a, b| self.compare(a, b), request, at)
    }

    /// A page as clients see it, from the places of its first and last entries and from what it
    /// shows, each behind its place.
    pub fn page<T: Serialize>(
        &self,
        cut: &PageSlice<impl Sized>,
        ends: Option<(SortPosition, SortPosition)>,
        shown: Vec<(SortPosition, T)>,
        links: &Links,
    ) -> Page<T> {
        let shown = shown.into_iter().map(|(place, view)| (self.show(&place), view)).collect();
        cut.page(ends.map(|(first, last)| (self.show(&first), self.show(&last))), shown, links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Key {
        CreatedAt,
        Amount,
    }

    impl SortKey for Key {
        const ALL: &'static [Self] = &[Key::CreatedAt, Key::Amount];
        const CREATED_AT: Self = Key::CreatedAt;

        fn name(self) -> &'static str {
            match self {
                Key::CreatedAt => "created_at",
                Key::Amount => "amount",
            }
        }

        fn read(self, text: &str) -> Option<Value> {
            match self {
                Key::CreatedAt => text.parse().ok().map(Value::Time),
                Key::Amount => text.parse().ok().map(Value::Amount),
            }
        }
    }

    fn sorting(text: &str) -> Sorting<Key> {
        Sorting::read(&Query::parse(&format!("ordering={text}")))
    }

    fn place(by: &Sorting<Key>, amount: Option<i64>, second: i64, id: u128) -> SortPosition {
        let made = Timestamp::from_second(second).unwrap();
        by.place(made, Uuid::from_u128(id), |key| match key {
            Key::CreatedAt => Value::Time(made),
            Key::Amount => amount.map_or(Value::Nothing, |amount| Value::Amount(amount.into())),
        })
    }

    #[test]
    fn what_names_nothing_or_says_nothing_new_is_left_out() {
        for (text, keys, descends) in [
            ("", vec![], true),
            ("created_at", vec![], false),
            ("-nope,-amount,-created_at", vec![Key::Amount], true),
            ("amount,-created_at,amount", vec![Key::Amount, Key::CreatedAt], false),
        ] {
            assert_eq!((sorting(text).keys(), sorting(text).descends), (keys, descends), "{text}");
        }
    }

    #[test]
    fn nothing_is_the_largest_and_ties_go_the_way_of_the_first_key() {
        let (up, down) = (sorting("amount"), sorting("-amount"));
        let sorted = [(Some(4), 9, 9), (Some(5), 1, 1), (Some(5), 1, 2), (Some(5), 2, 1), (None, 1, 1)];
        let sorted = sorted.map(|(amount, second, id)| place(&up, amount, second, id));
        let mut places = sorted.clone();
        places.reverse();
        places.sort_by(|a, b| up.compare(a, b));
        assert_eq!(places, sorted);
        places.sort_by(|a, b| down.compare(a, b));
        assert!(places.iter().eq(sorted.iter().rev()));
        assert_eq!(up.reversed(), down);
    }

    #[test]
    fn a_place_survives_as_text() {
        let by = sorting("-amount");
        for place in [place(&by, Some(5), 2, 1), place(&by, None, 2, 1)] {
            assert_eq!(by.read_place(&by.show(&place)).as_ref(), Some(&place));
            assert_eq!(sorting("").read_place(&by.show(&place)), None);
        }
        assert_eq!(by.read_place("[]"), None);
    }
}
