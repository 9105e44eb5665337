//! Reads spans of indexes side by side, merged in the order that the indexes keep.

use crate::app::App;
use oms_domain::{Error, Outcome};
use oms_runtime::meter::side_by_side;
use oms_table::lists::Entry;
use oms_table::lists::Span;
use oms_table::{Item, TableError};
use std::collections::VecDeque;

/// The most entries that are read for one page.
pub(crate) const MAX_READ: usize = 20_000;
/// The most that one query is asked for.
const MAX_AT_ONCE: usize = 1_000;

/// A span as far as it has been read.
struct Stream<T> {
    span: Span,
    /// How many entries are read at a time.
    at_once: usize,
    ready: VecDeque<(String, T)>,
    rest: Option<Item>,
    is_over: bool,
    /// Whether all of it is wanted, as was found out before.
    is_known: bool,
}

impl<T: Entry> Stream<T> {
    fn new((span, at_once): (Span, u64)) -> Self {
        let at_once = usize::try_from(at_once).unwrap_or(MAX_AT_ONCE).clamp(1, MAX_AT_ONCE);
        Self { span, at_once, ready: VecDeque::new(), rest: None, is_over: false, is_known: false }
    }

    async fn read(&mut self, app: &App, descends: bool) -> Result<usize, TableError> {
        let found = app.table().read_span(&self.span, descends, self.at_once, self.rest.take()).await?;
        let read = found.entries.len();
        self.ready.extend(found.entries);
        self.is_over = found.rest.is_none();
        self.rest = found.rest;
        Ok(read)
    }
}

/// Several streams as one.
pub(crate) struct IndexMerge<'a, T> {
    app: &'a App,
    descends: bool,
    streams: Vec<Stream<T>>,
    /// How many entries have been read.
    pub(crate) read: usize,
}

impl<'a, T: Entry> IndexMerge<'a, T> {
    /// A walk along some spans, so many entries of each at a time.
    pub(crate) fn new(app: &'a App, spans: Vec<(Span, u64)>, descends: bool) -> Self {
        Self { app, descends, streams: spans.into_iter().map(Stream::new).collect(), read: 0 }
    }

    /// The same along more spans.
    pub(crate) fn along(mut self, spans: Vec<(Span, u64)>) -> Self {
        self.streams.extend(spans.into_iter().map(Stream::new));
        self
    }

    /// A stream of what has been read already and is wanted, in the walk's direction.
    pub(crate) fn with(mut self, known: Vec<(String, T)>) -> Self {
        let span = Span::nothing();
        let ready = known.into();
        self.streams.push(Stream { span, at_once: 0, ready, rest: None, is_over: true, is_known: true });
        self
    }

    /// The same, of whatever comes after a place, in any order.
    pub(crate) fn with_all(self, mut known: Vec<(String, T)>, after: Option<&str>) -> Self {
        let descends = self.descends;
        known.retain(|(at, _)| {
            let at = at.as_str();
            after.is_none_or(|after| if descends { at < after } else { at > after })
        });
        known.sort_by(|(a, _), (b, _)| if descends { b.cmp(a) } else { a.cmp(b) });
        self.with(known)
    }

    /// The next `limit` of what is wanted; fewer only where the walk is over.
    ///
    /// # Errors
    /// `too_far` where more than [`MAX_READ`] entries would have to be read.
    pub(crate) async fn take(
        &mut self,
        limit: usize,
        wanted: impl Fn(&T) -> bool,
        too_far: impl Fn() -> Error,
    ) -> Outcome<Vec<T>> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            while let Some((entry, is_known)) = self.next_ready() {
                if is_known || wanted(&entry) {
                    taken.push(entry);
                    if taken.len() == limit {
                        return Ok(taken);
                    }
                }
            }
            if self.streams.iter().all(|stream| stream.is_over) {
                break;
            }
            if self.read >= MAX_READ {
                return Err(too_far());
            }
            self.read_on().await?;
        }
        Ok(taken)
    }

    /// The next entry of all streams, if each has one or is over; and whether it is known to be
    /// wanted.
    fn next_ready(&mut self) -> Option<(T, bool)> {
        if self.streams.iter().any(|stream| stream.ready.is_empty() && !stream.is_over) {
            return None;
        }
        let filled = self.streams.iter_mut().filter(|stream| !stream.ready.is_empty());
        let first = |stream: &Stream<T>| stream.ready.front().map(|(at, _)| at.clone());
        let next =
            if self.descends { filled.max_by_key(|s| first(s)) } else { filled.min_by_key(|s| first(s)) };
        let next = next?;
        let is_known = next.is_known;
        next.ready.pop_front().map(|(_, entry)| (entry, is_known))
    }

    /// Reads on where nothing is left of what was read.
    pub(crate) async fn read_on(&mut self) -> Result<(), TableError> {
        let (app, descends) = (self.app, self.descends);
        let dry = self.streams.iter_mut().filter(|stream| stream.ready.is_empty() && !stream.is_over);
        let reads = dry.map(|stream| stream.read(app, descends));
        self.read += side_by_side(reads).await?.into_iter().sum::<usize>();
        Ok(())
    }
}
