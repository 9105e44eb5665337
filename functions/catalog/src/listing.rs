//! Lists of the catalogue. By time an index has them in order, at any length.
//! What is searched or sorted by name is read as a whole, up to [`MAX_LISTED`], and cut into pages
//! in memory.

use jiff::Timestamp;
use oms_core::lists::paging::{PageSlice, SortKey, SortPosition, Sorting, Value};
use oms_domain::{Error, Outcome};
use oms_http::pages::Links;
use oms_http::search::contains_all;
use oms_http::{Page, PageRequest, Query};
use oms_table::catalog::catalog_lists::{Listed, MAX_LISTED};
use serde::Serialize;
use uuid::Uuid;

/// An entry of a list, before anything but its page is shown.
#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    /// Its id, which decides what ties.
    pub(crate) id: Uuid,
    /// What `ordering=name` sorts by.
    pub(crate) name: String,
    /// What `ordering=created_at` sorts by.
    pub(crate) created_at: Timestamp,
    /// What `search` looks into.
    pub(crate) searched: Vec<String>,
    /// What the page is shown from.
    pub(crate) shown: T,
}

/// The entries of a list that was read in full.
///
/// # Errors
/// 400 where there are more than [`MAX_LISTED`] of one status.
pub(crate) fn complete<T>(listed: Listed<T>, what: &str) -> Outcome<Vec<T>> {
    if listed.is_complete {
        Ok(listed.entries)
    } else {
        Err(Error::TooMuch {
            code: "too_many_entries",
            message: format!("More than {MAX_LISTED} {what}: narrow the filter."),
        })
    }
}

/// The entries of a page, before what they show is read in full.
pub(crate) struct Found<T> {
    sorting: Sorting<Key>,
    cut: PageSlice<(SortPosition, T)>,
}

impl<T> Found<T> {
    /// What the entries show, in their order.
    pub(crate) fn listed(&self) -> Vec<&T> {
        self.cut.listed.iter().map(|(_, shown)| shown).collect()
    }

    /// The page of what there is of the entries.
    pub(crate) fn page<V: Serialize>(&self, view: impl Fn(&T) -> Option<V>, links: &Links) -> Page<V> {
        let ends = self.cut.ends(|(place, _)| place.clone());
        let shown = self.cut.listed.iter().filter_map(|(place, shown)| Some((place.clone(), view(shown)?)));
        self.sorting.page(&self.cut, ends, shown.collect(), links)
    }
}

/// The entries of the page that is asked for, after search and ordering.
///
/// # Errors
/// 404 for a page that does not exist.
pub(crate) fn found<T>(
    mut entries: Vec<Entry<T>>,
    query: &Query,
    request: &PageRequest,
) -> Outcome<Found<T>> {
    let terms = query.search_terms();
    entries.retain(|entry| contains_all(entry.searched.iter().map(String::as_str), &terms));
    let sorting = Sorting::<Key>::read(query);
    let at = sorting.at(request)?;
    let placed = entries.into_iter().map(|entry| {
        let place = sorting.place(entry.created_at, entry.id, |key| match key {
            Key::CreatedAt => Value::Time(entry.created_at),
            Key::Name => Value::Text(entry.name.to_lowercase()),
        });
        (place.clone(), (place, entry.shown))
    });
    let cut = sorting.cut(placed.collect(), request, at.as_ref())?;
    Ok(Found { sorting, cut })
}

/// The direction in which a list goes by time, where nothing else is asked for.
pub(crate) fn by_time(query: &Query) -> Option<Sorting<Key>> {
    let sorting = Sorting::read(query);
    (sorting.keys().is_empty() && query.search_terms().is_empty()).then_some(sorting)
}

/// A page of what an index has in order, each entry with when it was made and its id.
pub(crate) fn found_by_time<T, S>(
    sorting: Sorting<Key>,
    cut: PageSlice<T>,
    made: impl Fn(&T) -> (Timestamp, Uuid),
    shown: impl Fn(T) -> S,
) -> Found<S> {
    let cut = cut.map(|entry| {
        let (created_at, id) = made(&entry);
        (sorting.place(created_at, id, |_| Value::Time(created_at)), shown(entry))
    });
    Found { sorting, cut }
}

/// What the catalogue is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    CreatedAt,
    Name,
}

impl SortKey for Key {
    const ALL: &'static [Self] = &[Self::CreatedAt, Self::Name];
    const CREATED_AT: Self = Self::CreatedAt;

    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Name => "name",
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::CreatedAt => text.parse().ok().map(Value::Time),
            Self::Name => Some(Value::Text(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::FromRequestParts;
    use oms_http::pages::PageNumber;
    use oms_runtime::config::{Config, GatewayKeys};
    use std::sync::Arc;

    fn entry(n: u128, name: &str, second: i64) -> Entry<String> {
        Entry {
            id: Uuid::from_u128(n),
            name: name.to_owned(),
            created_at: Timestamp::from_second(second).unwrap(),
            searched: vec![name.to_owned(), format!("SKU-{n}")],
            shown: name.to_owned(),
        }
    }

    fn fruit() -> Vec<Entry<String>> {
        vec![entry(1, "pear", 10), entry(2, "Apple", 20), entry(3, "fig tree", 20), entry(4, "apple", 5)]
    }

    async fn asked(
        entries: Vec<Entry<String>>,
        query: &str,
        number: PageNumber,
        cursor: Option<String>,
    ) -> Outcome<Page<String>> {
        let uri = format!("http://localhost/api/products/?{query}");
        let (mut parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let Ok(links) = Links::from_request_parts(&mut parts, &config()).await;
        let request = PageRequest { number, cursor, size: 3 };
        Ok(found(entries, &Query::parse(query), &request)?.page(|shown| Some(shown.clone()), &links))
    }

    fn config() -> Arc<Config> {
        let required = ["TABLE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let settings = |name: &str| required.contains(&name).then(|| name.to_owned());
        Arc::new(Config::from_lookup(GatewayKeys::NotNeeded, settings).unwrap())
    }

    /// The cursor of a link, opened.
    fn cursor_of(link: &str) -> Option<String> {
        let query = Query::parse(link.split_once('?')?.1);
        PageRequest::from_query("/api/products/", &query, &config()).unwrap().cursor
    }

    async fn names(query: &str) -> Vec<String> {
        asked(fruit(), query, PageNumber::Nth(1), None).await.unwrap().results
    }

    #[tokio::test]
    async fn lists_are_newest_first_unless_asked_otherwise() {
        assert_eq!(names("").await, ["fig tree", "Apple", "pear"]);
        assert_eq!(names("ordering=price").await, names("").await);
        assert_eq!(names("ordering=created_at").await, ["apple", "pear", "Apple"]);
        assert_eq!(names("ordering=name").await, ["apple", "Apple", "fig tree"]);
        assert_eq!(names("ordering=-name").await, ["pear", "fig tree", "Apple"]);
        assert_eq!(names("ordering=name,-created_at").await, ["Apple", "apple", "fig tree"]);
    }

    #[tokio::test]
    async fn every_term_of_a_search_must_be_contained() {
        assert_eq!(names("search=APPLE").await, ["Apple", "apple"]);
        assert_eq!(names("search=apple+sku-4").await, ["apple"]);
        assert_eq!(names("search=tree+fig").await, ["fig tree"]);
        assert!(names("search=%22tree+fig%22").await.is_empty());
        assert_eq!(names("search=%27g+t%27").await, ["fig tree"]);
        assert_eq!(names("search=%20").await.len(), 3);
    }

    #[tokio::test]
    async fn a_cursor_goes_on_where_the_page_before_ended_and_back() {
        let first = asked(fruit(), "", PageNumber::Nth(1), None).await.unwrap();
        let next = first.next.unwrap();
        assert!(next.starts_with("http://localhost/api/products/?page=2&cursor="), "{next}");
        assert_eq!((first.count, first.previous), (4, None));

        let grown: Vec<_> = (5..9).map(|n| entry(n, "newest", 99)).chain(fruit()).collect();
        let second = asked(grown.clone(), "", PageNumber::Nth(2), cursor_of(&next)).await.unwrap();
        assert_eq!((second.count, &second.results[..]), (8, &["apple".to_owned()][..]));
        let third = asked(grown.clone(), "page=3", PageNumber::Nth(3), None).await.unwrap();
        assert_eq!(third.results, ["pear", "apple"]);
        let before = asked(grown, "", PageNumber::Nth(2), cursor_of(&third.previous.unwrap())).await.unwrap();
        assert_eq!(before.results, ["newest", "fig tree", "Apple"]);

        let mut without = fruit();
        without.retain(|one| one.name != "pear");
        let gone = asked(without, "", PageNumber::Nth(2), cursor_of(&next)).await.unwrap();
        assert_eq!(gone.results, ["apple"], "also where the entry has gone");
        let made_up = asked(fruit(), "", PageNumber::Nth(2), Some("7".to_owned())).await;
        assert!(matches!(made_up, Err(Error::NoSuchPage)));
    }

    #[tokio::test]
    async fn pages_end_where_the_list_does() {
        let last = asked(fruit(), "", PageNumber::Last, None).await.unwrap();
        assert_eq!((last.results, last.next), (vec!["apple".to_owned()], None));
        assert!(matches!(asked(fruit(), "", PageNumber::Nth(3), None).await, Err(Error::NoSuchPage)));
        assert_eq!(asked(Vec::new(), "", PageNumber::Nth(1), None).await.unwrap().count, 0);
    }

    #[test]
    fn a_list_that_was_not_read_in_full_is_refused() {
        let listed = Listed { entries: vec![1], is_complete: false };
        let error = complete(listed, "products").unwrap_err();
        assert_eq!(error.to_string(), "More than 10000 products: narrow the filter.");
    }
}
