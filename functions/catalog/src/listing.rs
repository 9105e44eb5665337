//! Lists of the catalogue: searched, sorted, counted and cut into pages in memory, because they
//! are small; the API contract's "Lists". How much is read for one has a limit, [`MAX_LISTED`].

use jiff::Timestamp;
use oms_core::http::pages::Links;
use oms_core::http::search::contains_all;
use oms_core::http::{ApiError, Page, PageRequest, Query, Reply};
use oms_core::table::catalog_lists::{Listed, MAX_LISTED};
use std::cmp::Ordering;
use uuid::Uuid;

/// An entry of a list, before anything but its page is shown.
#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    /// Its id, which is also the cursor that continues after it.
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
pub(crate) fn complete<T>(listed: Listed<T>, what: &str) -> Reply<Vec<T>> {
    if listed.is_complete {
        Ok(listed.entries)
    } else {
        Err(ApiError::Rule {
            code: "too_many_entries",
            message: format!("More than {MAX_LISTED} {what}: narrow the filter."),
        })
    }
}

/// The page that is asked for, after search and ordering.
///
/// # Errors
/// 404 for a page that does not exist.
pub(crate) fn page<T>(
    mut entries: Vec<Entry<T>>,
    query: &Query,
    request: &PageRequest,
    links: &Links,
) -> Reply<Page<T>> {
    let terms = query.search_terms();
    entries.retain(|entry| contains_all(entry.searched.iter().map(String::as_str), &terms));
    let keys = ordering(query);
    entries.sort_by(|a, b| compare(&keys, a, b));

    let count = entries.len();
    let number = request.resolve(as_u64(count))?;
    let size = as_usize(u64::from(request.size));
    let start = start(&entries, request, as_usize(number - 1).saturating_mul(size));
    let has_next = count > start + size;
    let results: Vec<Entry<T>> = entries.into_iter().skip(start).take(size).collect();
    let cursor = results.last().map(|last| last.id.to_string());
    Ok(Page {
        count: as_u64(count),
        next: has_next.then(|| links.page(number + 1, cursor.as_deref())),
        previous: (number > 1).then(|| links.page(number - 1, None)),
        results: results.into_iter().map(|entry| entry.shown).collect(),
    })
}

/// Where the page begins: after the entry that its cursor names, so that nothing is skipped or
/// shown twice when the list grows meanwhile; where that entry has gone, by number.
fn start<T>(entries: &[Entry<T>], request: &PageRequest, by_number: usize) -> usize {
    let last = request.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    let last = last.and_then(|last: Uuid| entries.iter().position(|entry| entry.id == last));
    last.map_or(by_number, |last| last + 1)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    CreatedAt,
    Name,
}

/// What to sort by, most important first, each with whether it descends; newest first where
/// nothing known is asked for.
fn ordering(query: &Query) -> Vec<(Key, bool)> {
    let mut keys = query.sort_keys(|name| match name {
        "created_at" => Some(Key::CreatedAt),
        "name" => Some(Key::Name),
        _ => None,
    });
    let ties_descend = keys.first().is_none_or(|(_, descends)| *descends);
    keys.push((Key::CreatedAt, ties_descend));
    keys
}

fn compare<T>(keys: &[(Key, bool)], a: &Entry<T>, b: &Entry<T>) -> Ordering {
    let directed = |ordering: Ordering, descends: bool| {
        if descends { ordering.reverse() } else { ordering }
    };
    let by_keys = keys.iter().map(|(key, descends)| {
        let ordering = match key {
            Key::CreatedAt => a.created_at.cmp(&b.created_at),
            Key::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
        };
        directed(ordering, *descends)
    });
    let ties_descend = keys.last().is_some_and(|(_, descends)| *descends);
    by_keys.fold(Ordering::Equal, Ordering::then).then_with(|| directed(a.id.cmp(&b.id), ties_descend))
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::FromRequestParts;
    use oms_core::config::Config;
    use oms_core::http::pages::PageNumber;
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
        cursor: Option<Uuid>,
    ) -> Reply<Page<String>> {
        let uri = format!("http://localhost/api/products/?{query}");
        let (mut parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let Ok(links) = Links::from_request_parts(&mut parts, &config()).await;
        let request = PageRequest { number, cursor: cursor.map(|id| id.to_string()), size: 3 };
        page(entries, &Query::parse(query), &request, &links)
    }

    fn config() -> Arc<Config> {
        let required = ["TABLE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let settings = |name: &str| required.contains(&name).then(|| name.to_owned());
        Arc::new(Config::from_lookup(settings).unwrap())
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
    async fn a_cursor_goes_on_where_the_page_before_ended() {
        let first = asked(fruit(), "", PageNumber::Nth(1), None).await.unwrap();
        let next = first.next.unwrap();
        assert!(next.starts_with("http://localhost/api/products/?page=2&cursor="), "{next}");
        assert_eq!(cursor_of(&next), Some(Uuid::from_u128(1).to_string()));
        assert_eq!((first.count, first.previous), (4, None));

        let mut grown = fruit();
        grown.push(entry(5, "newest", 99));
        let second = asked(grown.clone(), "", PageNumber::Nth(2), Some(Uuid::from_u128(1))).await.unwrap();
        assert_eq!((second.count, second.results), (5, vec!["apple".to_owned()]));
        assert_eq!(second.previous.as_deref(), Some("http://localhost/api/products/"));

        let gone = asked(grown, "", PageNumber::Nth(2), Some(Uuid::from_u128(77))).await.unwrap();
        assert_eq!(gone.results, ["pear", "apple"], "where the entry has gone, the number counts");
    }

    #[tokio::test]
    async fn pages_end_where_the_list_does() {
        let last = asked(fruit(), "", PageNumber::Last, None).await.unwrap();
        assert_eq!((last.results, last.next), (vec!["apple".to_owned()], None));
        assert!(matches!(asked(fruit(), "", PageNumber::Nth(3), None).await, Err(ApiError::InvalidPage)));
        assert_eq!(asked(Vec::new(), "", PageNumber::Nth(1), None).await.unwrap().count, 0);
    }

    #[test]
    fn a_list_that_was_not_read_in_full_is_refused() {
        let listed = Listed { entries: vec![1], is_complete: false };
        let error = complete(listed, "products").unwrap_err();
        assert_eq!(error.to_string(), "More than 10000 products: narrow the filter.");
    }
}
