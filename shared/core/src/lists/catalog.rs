//! Lists of stores and products by time, read from the indexes at any length; what is searched or
//! sorted otherwise is read as a whole.

use crate::app::App;
use crate::lists::just_changed::{JustChanged, Listed};
use crate::lists::orders::{Entry, IndexMerge, MAX_READ};
use crate::lists::paging::{CursorBound, PageSlice, SortKey, Sorting, Window};
use oms_domain::catalog::StoreStatus;
use oms_domain::{Error, Outcome};
use oms_http::pages::{PageNumber, PageRequest};
use oms_runtime::meter;
use oms_table::catalog::stores::StoreSummary;
use oms_table::keys::{self, Index};
use oms_table::lists::Span;

/// How many entries of the catalogue are as cheap to read as one.
const IN_A_BLOCK: u64 = 10;

/// A page of lists that an index keeps by time. Where it begins without being counted, as the first
/// one and one at a cursor do, it is read while the lists are being counted.
pub struct ByTime<'a, T, K> {
    app: &'a App,
    sorting: &'a Sorting<K>,
    request: &'a PageRequest,
    at: Option<CursorBound>,
    spans: Vec<Span>,
    begun: Option<IndexMerge<'a, T>>,
}

impl<'a, T: Entry + Listed, K: SortKey> ByTime<'a, T, K> {
    /// Begins to read some lists, of which the first has most of what is wanted.
    ///
    /// # Errors
    /// 404 for a cursor that says nothing here.
    pub async fn begin(
        app: &'a App,
        spans: Vec<Span>,
        sorting: &'a Sorting<K>,
        request: &'a PageRequest,
    ) -> Outcome<Self> {
        let at = sorting.at(request)?;
        let mut page = Self { app, sorting, request, at, spans: Vec::new(), begun: None };
        if page.at.is_none() && request.number != PageNumber::Nth(1) {
            page.spans = spans;
            return Ok(page);
        }
        let descends = sorting.towards(page.at.as_ref()).descends;
        let reads = page.beyond(spans, u64::from(request.size) + 1, descends);
        let mut walk = IndexMerge::new(app, reads, descends);
        walk.read_on().await?;
        page.begun = Some(walk);
        Ok(page)
    }

    /// What of some spans comes after the cursor, and how many entries of each to read at a time:
    /// of those after the first, few are on the page.
    fn beyond(&self, spans: Vec<Span>, reach: u64, descends: bool) -> Vec<(Span, u64)> {
        let few = (reach / 4).max(IN_A_BLOCK).min(reach);
        let first = usize::from(self.begun.is_some());
        let spans = spans.into_iter().map(|span| span.narrowed(self.after(), descends));
        spans.zip(first..).map(|(span, n)| (span, if n == 0 { reach } else { few })).collect()
    }

    fn after(&self) -> Option<String> {
        self.at.as_ref().map(CursorBound::place).map(|place| keys::list_at(place.created_at, place.id))
    }

    /// The page: of those that are wanted in these lists and some `more`, and of what is known
    /// besides, which have so many together.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read for it.
    pub async fn cut(
        self,
        more: Vec<Span>,
        known: Vec<T>,
        counted: u64,
        wanted: impl Fn(&T) -> bool,
    ) -> Outcome<PageSlice<T>> {
        let window = Window::of(counted, self.request, self.at.as_ref())?;
        let descends = self.sorting.towards(self.at.as_ref()).descends != window.from_end;
        let (reach, after) = (window.reach(), self.after());
        let spans = self.spans.iter().cloned().chain(more).collect();
        let reads = self.beyond(spans, reach as u64, descends);
        let known = known.into_iter().map(|one| (keys::list_at(one.created_at(), one.id()), one)).collect();
        let walk = self.begun.unwrap_or_else(|| IndexMerge::new(self.app, Vec::new(), descends));
        let mut walk = walk.along(reads).with_all(known, after.as_deref());
        Ok(window.cut(walk.take(reach, wanted, too_far).await?))
    }
}

fn too_far() -> Error {
    Error::TooMuch {
        code: "too_far",
        message: format!(
            "More than {MAX_READ} entries lie before this page: narrow the filter, or follow `next`."
        ),
    }
}

impl App {
    /// A page of all stores of some statuses by time, among them what was just changed, and of some
    /// others.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read for it.
    pub async fn stores_by_time<K: SortKey>(
        &self,
        statuses: &[StoreStatus],
        changed: &JustChanged<StoreSummary>,
        others: Vec<StoreSummary>,
        sorting: &Sorting<K>,
        request: &PageRequest,
    ) -> Outcome<PageSlice<StoreSummary>> {
        let spans = statuses.iter().map(|status| Span::all(Index::All, keys::list_of_stores(*status)));
        let counts = async { Ok(self.table().count_of_stores(statuses).await?) };
        let begun = ByTime::begin(self, spans.collect(), sorting, request);
        let (counted, page) = meter::both(counts, begun).await?;
        let counted = counted + others.len() as u64;
        let has_status = |store: &&StoreSummary| statuses.contains(&store.status);
        let known = changed.entries.iter().filter(has_status).cloned().chain(others).collect();
        page.cut(Vec::new(), known, counted, |store| !changed.has(store.id.0)).await
    }
}
