//! Lists of the catalogue: searched, sorted, counted and cut into pages in memory, because they
//! are small; the API contract's "Lists". How much is read for one has a limit, [`MAX_LISTED`].

use jiff::Timestamp;
use oms_core::http::pages::Links;
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
    let terms = terms(query.get("search").unwrap_or_default());
    entries.retain(|entry| contains_all(&entry.searched, &terms));
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
    let known = query.list("ordering").filter_map(|name| {
        let (name, descends) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
        match name {
            "created_at" => Some((Key::CreatedAt, descends)),
            "name" => Some((Key::Name, descends)),
            _ => None,
        }
    });
    let mut keys: Vec<_> = known.collect();
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

/// The terms of a search as Django REST Framework splits them: at white space, except within
/// quotes.
fn terms(search: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut term = String::new();
    let mut quote = None;
    for c in search.chars().filter(|c| *c != '\0') {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => term.push(c),
            None if matches!(c, '"' | '\'') && term.is_empty() => quote = Some(c),
            None if c.is_whitespace() => terms.push(std::mem::take(&mut term)),
            None => term.push(c),
        }
    }
    terms.push(term);
    terms.retain(|term| !term.is_empty());
    terms.iter().map(|term| term.to_lowercase()).collect()
}

fn contains_all(searched: &[String], terms: &[String]) -> bool {
    if terms.is_empty() {
        return true;
    }
    let searched: Vec<String> = searched.iter().map(|text| text.to_lowercase()).collect();
    terms.iter().all(|term| searched.iter().any(|text| text.contains(term)))
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
