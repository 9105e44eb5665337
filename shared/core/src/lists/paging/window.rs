//! The part of a list that a page is: from where to where it is read, and what was cut out of it.

use super::SortPosition;
use oms_domain::{Error, Outcome};
use oms_http::pages::{self, Links, Page, PageRequest};
use serde::Serialize;
use std::cmp::Ordering;

/// The largest page, in bytes as it is sent: within the 6 MB that Lambda takes, with room to spare.
const MAX_PAGE_BYTES: usize = 5_000_000;

/// Where a page begins, or ends: at an entry that the page before, or after it, showed.
#[derive(Clone, Debug)]
pub enum CursorBound<P = SortPosition> {
    /// It begins after this one.
    After(P),
    /// It ends before this one.
    Before(P),
}

impl<P> CursorBound<P> {
    /// Reads a cursor: the direction, and the place as whoever wrote it reads it.
    ///
    /// # Errors
    /// `InvalidPage` for a cursor that says nothing here.
    pub fn read(request: &PageRequest, place: impl Fn(&str) -> Option<P>) -> Outcome<Option<Self>> {
        let Some(cursor) = &request.cursor else { return Ok(None) };
        let read = || {
            let place = place(cursor.get(1..)?)?;
            match cursor.chars().next()? {
                '>' => Some(Self::After(place)),
                '<' => Some(Self::Before(place)),
                _ => None,
            }
        };
        read().map(Some).ok_or(Error::NoSuchPage)
    }

    /// The entry.
    pub const fn place(&self) -> &P {
        match self {
            Self::After(place) | Self::Before(place) => place,
        }
    }
}

/// A page before it is shown.
#[derive(Debug)]
pub struct PageSlice<T> {
    /// How many entries all pages have together.
    pub count: u64,
    pub(crate) number: u64,
    pub(crate) has_next: bool,
    /// Whether it begins behind an entry that a cursor names.
    pub(crate) begins_at: bool,
    /// What is on it.
    pub listed: Vec<T>,
}

impl<T> PageSlice<T> {
    /// The places of its first and last entries; none where it is empty.
    pub fn ends<P>(&self, place: impl Fn(&T) -> P) -> Option<(P, P)> {
        let (first, last) = self.listed.first().zip(self.listed.last())?;
        Some((place(first), place(last)))
    }

    /// The same page of something else.
    #[must_use]
    pub fn map<V>(self, other: impl FnMut(T) -> V) -> PageSlice<V> {
        let Self { count, number, has_next, begins_at, listed } = self;
        PageSlice { count, number, has_next, begins_at, listed: listed.into_iter().map(other).collect() }
    }

    /// A page as clients see it, from the places of its first and last entries and from what it
    /// shows, each behind its place; places as [`CursorBound::read`] will be given them. What would
    /// be too much for one answer is on the next one, which has the same number.
    pub fn page<V: Serialize>(
        &self,
        ends: Option<(String, String)>,
        mut shown: Vec<(String, V)>,
        links: &Links,
    ) -> Page<V> {
        let (first, last) = ends.unzip();
        let first = first.map(|first| format!("<{first}"));
        let fitting = fitting(&shown);
        let next = if fitting < shown.len() {
            shown.truncate(fitting);
            shown.last().map(|(place, _)| links.rest(self.number, &format!(">{place}")))
        } else {
            let last = last.map(|last| format!(">{last}"));
            self.has_next.then(|| links.page(self.number + 1, last.as_deref()))
        };
        let previous = match self.number {
            1 => self.begins_at.then(|| links.page(1, None)),
            number => Some(links.page(number - 1, first.as_deref())),
        };
        Page { count: self.count, next, previous, results: shown.into_iter().map(|(_, view)| view).collect() }
    }
}

/// How many entries fit into an answer, one at least.
fn fitting<V: Serialize>(shown: &[(String, V)]) -> usize {
    let mut bytes = 0;
    let fits = shown.iter().take_while(|(_, view)| {
        bytes += serde_json::to_vec(view).map_or(0, |json| pages::sent_bytes(&json));
        bytes <= MAX_PAGE_BYTES
    });
    fits.count().max(1)
}

/// A page of all that is wanted, which is sorted here.
///
/// # Errors
/// `InvalidPage` beyond the last page.
pub fn cut<P, T>(
    mut all: Vec<(P, T)>,
    compare: impl Fn(&P, &P) -> Ordering,
    request: &PageRequest,
    at: Option<&CursorBound<P>>,
) -> Outcome<PageSlice<T>> {
    all.sort_by(|(a, _), (b, _)| compare(a, b));
    let count = all.len() as u64;
    let number = request.resolve(count)?;
    let size = usize::try_from(request.size).unwrap_or(usize::MAX);
    let before = |place: &P| all.partition_point(|(p, _)| compare(p, place).is_lt());
    let (start, end) = match at {
        None => {
            let start = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(size);
            (start, start.saturating_add(size))
        }
        Some(CursorBound::After(place)) => {
            let start = all.partition_point(|(p, _)| compare(p, place).is_le());
            (start, start + size)
        }
        Some(CursorBound::Before(place)) => (before(place).saturating_sub(size), before(place)),
    };
    let has_next = end < all.len();
    let begins_at = matches!(at, Some(CursorBound::After(_)));
    let listed = all.into_iter().skip(start).take(end.saturating_sub(start));
    Ok(PageSlice { count, number, has_next, begins_at, listed: listed.map(|(_, one)| one).collect() })
}

/// The part of a list that is walked through for a page.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    counted: u64,
    number: u64,
    size: u64,
    /// How many entries come before the page.
    before: u64,
    /// How many come after it.
    behind: u64,
    /// Whether it is read from the end of the list, which is nearer.
    pub from_end: bool,
    begins_at: bool,
    ends_at: bool,
    /// How many entries are read over.
    pub skipped: u64,
    on_page: u64,
}

impl Window {
    /// The part that a request asks for of a list of so many entries.
    ///
    /// # Errors
    /// `InvalidPage` beyond the last page.
    pub fn of<P>(counted: u64, request: &PageRequest, at: Option<&CursorBound<P>>) -> Outcome<Self> {
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
        let begins_at = matches!(at, Some(CursorBound::After(_)));
        let ends_at = matches!(at, Some(CursorBound::Before(_)));
        Ok(Self { counted, number, size, before, behind, from_end, begins_at, ends_at, skipped, on_page })
    }

    /// Whether the page is read against the order of the list: from the end, or from where it ends.
    pub const fn is_backward(&self) -> bool {
        self.from_end || self.ends_at
    }

    /// How many entries are to be found.
    pub fn reach(&self) -> usize {
        usize::try_from(self.skipped + self.on_page).unwrap_or(usize::MAX)
    }

    /// The page, of what was found in the direction of reading.
    pub fn cut<T>(self, mut found: Vec<T>) -> PageSlice<T> {
        found.drain(..found.len().min(usize::try_from(self.skipped).unwrap_or(usize::MAX)));
        let mut has_next = found.len() as u64 > self.size;
        found.truncate(usize::try_from(self.size).unwrap_or(usize::MAX));
        if self.is_backward() {
            found.reverse();
            has_next = self.behind > 0 || self.ends_at;
        }
        let seen = self.before + found.len() as u64 + u64::from(has_next);
        let is_end =
            !has_next && !self.from_end && !self.begins_at && (self.number == 1 || !found.is_empty());
        // The counters follow the table within moments; what was read is there for certain.
        let count = if is_end { seen } else { self.counted.max(seen) };
        PageSlice { count, number: self.number, has_next, begins_at: self.begins_at, listed: found }
    }
}
