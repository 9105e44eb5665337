//! Reads spans of indexes side by side, merged in the order that the indexes keep.

use super::listed::Listed;
use crate::app::App;
use crate::http::error::{ApiError, Reply};
use crate::http::meter::side_by_side;
use crate::table::lists::Span;
use crate::table::{Item, TableError};
use std::collections::VecDeque;

/// The most entries that are read for one page.
pub(super) const MAX_READ: usize = 20_000;
/// The most that one query is asked for.
const MAX_AT_ONCE: usize = 1_000;

/// A span as far as it has been read.
struct Stream {
    span: Span,
    /// How many entries are read at a time.
    at_once: usize,
    ready: VecDeque<(String, Listed)>,
    rest: Option<Item>,
    is_over: bool,
}

impl Stream {
    fn new((span, at_once): (Span, u64)) -> Self {
        let at_once = usize::try_from(at_once).unwrap_or(MAX_AT_ONCE).clamp(1, MAX_AT_ONCE);
        Self { span, at_once, ready: VecDeque::new(), rest: None, is_over: false }
    }

    async fn read(&mut self, app: &App, descends: bool) -> Result<usize, TableError> {
        let found = app.table().read_span(&self.span, descends, self.at_once, self.rest.take()).await?;
        let read = found.items.len();
        for item in found.items {
            let at = crate::table::range_of(&item, &self.span);
            self.ready.push_back((at, Listed::read(item)?));
        }
        self.is_over = found.rest.is_none();
        self.rest = found.rest;
        Ok(read)
    }
}

/// Several streams as one.
pub(super) struct Walk<'a> {
    app: &'a App,
    descends: bool,
    streams: Vec<Stream>,
    /// How many entries have been read.
    pub(super) read: usize,
}

impl<'a> Walk<'a> {
    /// A walk along some spans, so many entries of each at a time.
    pub(super) fn new(app: &'a App, spans: Vec<(Span, u64)>, descends: bool) -> Self {
        Self { app, descends, streams: spans.into_iter().map(Stream::new).collect(), read: 0 }
    }

    /// A stream of what has been read already, in the walk's direction.
    pub(super) fn with(mut self, known: Vec<(String, Listed)>) -> Self {
        let span = Span::nothing();
        self.streams.push(Stream { span, at_once: 0, ready: known.into(), rest: None, is_over: true });
        self
    }

    /// The next `limit` of the orders that are wanted; fewer only where the walk is over.
    ///
    /// # Errors
    /// `too_far` where more than [`MAX_READ`] entries would have to be read.
    pub(super) async fn take(
        &mut self,
        limit: usize,
        wanted: impl Fn(&Listed) -> bool,
        too_far: impl Fn() -> ApiError,
    ) -> Reply<Vec<Listed>> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            while let Some(order) = self.next_ready() {
                if wanted(&order) {
                    taken.push(order);
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

    /// The next entry of all streams, if each has one or is over.
    fn next_ready(&mut self) -> Option<Listed> {
        if self.streams.iter().any(|stream| stream.ready.is_empty() && !stream.is_over) {
            return None;
        }
        let filled = self.streams.iter_mut().filter(|stream| !stream.ready.is_empty());
        let first = |stream: &Stream| stream.ready.front().map(|(at, _)| at.clone());
        let next =
            if self.descends { filled.max_by_key(|s| first(s)) } else { filled.min_by_key(|s| first(s)) };
        next?.ready.pop_front().map(|(_, order)| order)
    }

    async fn read_on(&mut self) -> Result<(), TableError> {
        let (app, descends) = (self.app, self.descends);
        let dry = self.streams.iter_mut().filter(|stream| stream.ready.is_empty() && !stream.is_over);
        let reads = dry.map(|stream| stream.read(app, descends));
        self.read += side_by_side(reads).await?.into_iter().sum::<usize>();
        Ok(())
    }
}
