//! Lists in the order that a client asks for: the keys of `ordering`, the place that an entry has by
//! them, and the page that a number or a cursor asks for. What ties goes by the time of making, then by
//! id, in the direction of the first key: so that an index read from either end has them right.

use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::http::query::Query;
use jiff::Timestamp;
use oms_domain::Decimal;
use std::cmp::Ordering;
use uuid::Uuid;

/// What a list can be sorted by.
pub(crate) trait SortKey: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];
    /// The time of making.
    const CREATED_AT: Self;

    /// As requests name it.
    fn name(self) -> &'static str;

    /// The value that a text shows.
    fn read(self, text: &str) -> Option<Value>;
}

/// A value that a list is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Time(Timestamp),
    Amount(Decimal),
    Word(&'static str),
}

impl Value {
    fn show(&self) -> String {
        match self {
            Self::Time(time) => time.to_string(),
            Self::Amount(amount) => amount.to_string(),
            Self::Word(word) => (*word).to_owned(),
        }
    }
}

/// How a list is sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sorting<K> {
    keys: Vec<(K, bool)>,
    /// The direction of the first key, and of ties.
    pub(crate) descends: bool,
}

/// Where an entry stands in a sorted list, whether or not it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    values: Vec<Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) id: Uuid,
}

impl Place {
    /// The amount, where it is sorted by.
    pub(crate) fn amount(&self) -> Option<Decimal> {
        self.values.iter().find_map(|value| match value {
            Value::Amount(amount) => Some(*amount),
            Value::Time(_) | Value::Word(_) => None,
        })
    }
}

impl<K: SortKey> Sorting<K> {
    /// Reads `ordering`; the newest first where it names nothing that can be sorted by.
    pub(crate) fn read(query: &Query) -> Self {
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
    pub(crate) fn keys(&self) -> Vec<K> {
        self.keys.iter().map(|(key, _)| *key).collect()
    }

    /// What it sorts by first, as requests name it.
    pub(crate) fn first(&self) -> &'static str {
        self.keys.first().map_or(K::CREATED_AT, |(key, _)| *key).name()
    }

    /// The same from its other end.
    pub(crate) fn reversed(&self) -> Self {
        let keys = self.keys.iter().map(|(key, descends)| (*key, !descends));
        Self { keys: keys.collect(), descends: !self.descends }
    }

    pub(crate) fn place(&self, created_at: Timestamp, id: Uuid, value: impl Fn(K) -> Value) -> Place {
        Place { values: self.keys.iter().map(|(key, _)| value(*key)).collect(), created_at, id }
    }

    pub(crate) fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let directed = |compared: Ordering, descends| if descends { compared.reverse() } else { compared };
        let values = self.keys.iter().zip(a.values.iter().zip(&b.values));
        let by_keys = values.map(|((_, descends), (a, b))| directed(a.cmp(b), *descends));
        let ties = (a.created_at, a.id).cmp(&(b.created_at, b.id));
        by_keys.fold(Ordering::Equal, Ordering::then).then(directed(ties, self.descends))
    }

    fn show(&self, place: &Place) -> String {
        let values: Vec<_> = place.values.iter().map(Value::show).collect();
        serde_json::json!([place.created_at, place.id, values]).to_string()
    }

    fn read_place(&self, text: &str) -> Option<Place> {
        let (created_at, id, values): (Timestamp, Uuid, Vec<String>) = serde_json::from_str(text).ok()?;
        if values.len() != self.keys.len() {
            return None;
        }
        let values = self.keys.iter().zip(values).map(|((key, _), value)| key.read(&value));
        Some(Place { values: values.collect::<Option<_>>()?, created_at, id })
    }

    /// Where a request's page begins or ends, if a cursor says so.
    ///
    /// # Errors
    /// `InvalidPage` for a cursor that says nothing here.
    pub(crate) fn at(&self, request: &PageRequest) -> Reply<Option<At>> {
        let Some(cursor) = &request.cursor else { return Ok(None) };
        let read = || {
            let place = self.read_place(cursor.get(1..)?)?;
            match cursor.chars().next()? {
                '>' => Some(At::After(place)),
                '<' => Some(At::Before(place)),
                _ => None,
            }
        };
        read().map(Some).ok_or(ApiError::InvalidPage)
    }

    /// The direction in which a page is read: from its end where it ends at a place.
    pub(crate) fn towards(&self, at: Option<&At>) -> Self {
        match at {
            Some(At::Before(_)) => self.reversed(),
            Some(At::After(_)) | None => self.clone(),
        }
    }

    /// A page of all that is wanted, which is sorted here.
    ///
    /// # Errors
    /// `InvalidPage` beyond the last page.
    pub(crate) fn cut<T>(
        &self,
        mut all: Vec<(Place, T)>,
        request: &PageRequest,
        at: Option<&At>,
    ) -> Reply<Cut<T>> {
        all.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let count = all.len() as u64;
        let number = request.resolve(count)?;
        let size = usize::try_from(request.size).unwrap_or(usize::MAX);
        let before = |place: &Place| all.partition_point(|(p, _)| self.compare(p, place).is_lt());
        let (start, end) = match at {
            None => {
                let start = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(size);
                (start, start.saturating_add(size))
            }
            Some(At::After(place)) => {
                let start = all.partition_point(|(p, _)| self.compare(p, place).is_le());
                (start, start + size)
            }
            Some(At::Before(place)) => (before(place).saturating_sub(size), before(place)),
        };
        let has_next = end < all.len();
        let listed = all.into_iter().skip(start).take(end.saturating_sub(start));
        Ok(Cut { count, number, has_next, listed: listed.map(|(_, one)| one).collect() })
    }

    /// A page as clients see it, from what it shows and the places of its first and last entries.
    pub(crate) fn page<T>(
        &self,
        cut: &Cut<impl Sized>,
        ends: Option<(Place, Place)>,
        results: Vec<T>,
        links: &Links,
    ) -> Page<T> {
        let (first, last) = ends.unzip();
        let last = last.map(|place| format!(">{}", self.show(&place)));
        let first = first.map(|place| format!("<{}", self.show(&place)));
        Page {
            count: cut.count,
            next: cut.has_next.then(|| links.page(cut.number + 1, last.as_deref())),
            previous: (cut.number > 1).then(|| links.page(cut.number - 1, first.as_deref())),
            results,
        }
    }
}

/// Where a page begins, or ends: at an entry that the page before, or after it, showed.
#[derive(Clone, Debug)]
pub(crate) enum At {
    After(Place),
    Before(Place),
}

impl At {
    pub(crate) const fn place(&self) -> &Place {
        match self {
            Self::After(place) | Self::Before(place) => place,
        }
    }
}

/// A page before it is shown.
#[derive(Debug)]
pub(crate) struct Cut<T> {
    pub(crate) count: u64,
    number: u64,
    has_next: bool,
    pub(crate) listed: Vec<T>,
}

/// The part of a list that is walked through for a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    counted: u64,
    number: u64,
    size: u64,
    /// How many entries come before the page.
    before: u64,
    /// How many come after it.
    behind: u64,
    /// Whether it is read from the end of the list, which is nearer.
    pub(crate) from_end: bool,
    begins_at: bool,
    ends_at: bool,
    /// How many entries are read over.
    pub(crate) skipped: u64,
    on_page: u64,
}

impl Window {
    /// The part that a request asks for of a list of so many entries.
    ///
    /// # Errors
    /// `InvalidPage` beyond the last page.
    pub(crate) fn of(counted: u64, request: &PageRequest, at: Option<&At>) -> Reply<Self> {
        let number = request.resolve(counted)?;
        let size = u64::from(request.size);
        let before = (number - 1).saturating_mul(size);
        let behind = counted.saturating_sub(before + size);
        let from_end = at.is_none() && behind < before;
        let on_page = if from_end { size.min(counted.saturating_sub(before)) } else { size + 1 };
        let skipped = match at {
            Some(_) => 0,
            None if from_end => behind,
            None => before,
        };
        let begins_at = matches!(at, Some(At::After(_)));
        let ends_at = matches!(at, Some(At::Before(_)));
        Ok(Self { counted, number, size, before, behind, from_end, begins_at, ends_at, skipped, on_page })
    }

    /// How many entries are to be found.
    pub(crate) fn reach(&self) -> usize {
        usize::try_from(self.skipped + self.on_page).unwrap_or(usize::MAX)
    }

    /// The page, of what was found in the direction of reading.
    pub(crate) fn cut<T>(self, mut found: Vec<T>) -> Cut<T> {
        found.drain(..found.len().min(usize::try_from(self.skipped).unwrap_or(usize::MAX)));
        let mut has_next = found.len() as u64 > self.size;
        found.truncate(usize::try_from(self.size).unwrap_or(usize::MAX));
        if self.from_end || self.ends_at {
            found.reverse();
            has_next = self.behind > 0 || self.ends_at;
        }
        let seen = self.before + found.len() as u64 + u64::from(has_next);
        let is_end =
            !has_next && !self.from_end && !self.begins_at && (self.number == 1 || !found.is_empty());
        // The counters follow the table within moments; what was read is there for certain.
        let count = if is_end { seen } else { self.counted.max(seen) };
        Cut { count, number: self.number, has_next, listed: found }
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

    fn place(by: &Sorting<Key>, amount: i64, second: i64, id: u128) -> Place {
        let made = Timestamp::from_second(second).unwrap();
        by.place(made, Uuid::from_u128(id), |key| match key {
            Key::CreatedAt => Value::Time(made),
            Key::Amount => Value::Amount(amount.into()),
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
    fn ties_go_the_way_of_the_first_key_and_a_place_survives_as_text() {
        let by = sorting("-amount");
        let mut places = [(5, 1, 1), (7, 1, 1), (5, 2, 1), (5, 1, 2)].map(|(a, s, id)| place(&by, a, s, id));
        places.sort_by(|a, b| by.compare(a, b));
        let expected = [(7, 1, 1), (5, 2, 1), (5, 1, 2), (5, 1, 1)].map(|(a, s, id)| place(&by, a, s, id));
        assert_eq!(places, expected);
        assert_eq!(by.read_place(&by.show(&places[0])).as_ref(), Some(&places[0]));
        assert_eq!(sorting("").read_place(&by.show(&places[0])), None);
    }
}
