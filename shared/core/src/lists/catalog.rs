//! Lists of stores and products by time, read from the indexes at any length; what is searched or
//! sorted otherwise is read as a whole.

use crate::app::App;
use crate::lists::just_changed::{JustChanged, Listed};
use crate::lists::orders::{Entry, IndexMerge, MAX_READ};
use crate::lists::paging::{CursorBound, PageSlice, SortKey, Sorting, Window};
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::{Error, Outcome, StoreId};
use oms_http::pages::PageRequest;
use oms_table::catalog::products::ProductSummary;
use oms_table::catalog::stores::StoreSummary;
use oms_table::keys::{self, Index};
use oms_table::lists::Span;

/// Lists that an index keeps by time, and how many entries they have together.
#[derive(Clone, Debug, Default)]
pub struct ByTime {
    spans: Vec<Span>,
    counted: u64,
}

impl ByTime {
    /// The products of a status of all stores, of which so many are wanted.
    pub fn add_products(&mut self, status: ProductStatus, counted: u64) {
        self.spans.push(Span::all(Index::All, keys::list_of_products(status)));
        self.counted += counted;
    }

    /// The products of a status of a store, of which there are so many. None need not be read: what
    /// the counter does not know yet shows a moment later.
    pub fn add_products_of(&mut self, store: StoreId, status: ProductStatus, counted: u64) {
        if counted > 0 {
            self.spans.push(Span::all(Index::Store, keys::list_of_store_products(store, status)));
            self.counted += counted;
        }
    }

    /// A page of them, of those that are wanted, and of what is known besides and counted.
    async fn cut<T: Entry + Listed, K: SortKey>(
        self,
        app: &App,
        known: Vec<T>,
        wanted: impl Fn(&T) -> bool,
        sorting: &Sorting<K>,
        request: &PageRequest,
    ) -> Outcome<PageSlice<T>> {
        let at = sorting.at(request)?;
        let window = Window::of(self.counted, request, at.as_ref())?;
        let descends = sorting.towards(at.as_ref()).descends != window.from_end;
        let after =
            at.as_ref().map(CursorBound::place).map(|place| keys::list_at(place.created_at, place.id));
        let known = known.into_iter().map(|one| (keys::list_at(one.created_at(), one.id()), one)).collect();
        let reach = window.reach();
        let spans = self.spans.into_iter().map(|span| (span.narrowed(after.clone(), descends), reach as u64));
        let mut walk = IndexMerge::new(app, spans.collect(), descends).with_all(known, after.as_deref());
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
    /// A page of products by time, of those that are wanted, among them what was just changed.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read for it.
    pub async fn products_by_time<K: SortKey>(
        &self,
        lists: ByTime,
        changed: &JustChanged<ProductSummary>,
        sorting: &Sorting<K>,
        request: &PageRequest,
        wanted: impl Fn(&ProductSummary) -> bool,
    ) -> Outcome<PageSlice<ProductSummary>> {
        let known = changed.entries.iter().filter(|product| wanted(product)).cloned().collect();
        let is_wanted = |product: &ProductSummary| wanted(product) && !changed.has(product.id.0);
        lists.cut(self, known, is_wanted, sorting, request).await
    }

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
        let counted = self.table().count_of_stores(statuses).await? + others.len() as u64;
        let lists = ByTime { spans: spans.collect(), counted };
        let has_status = |store: &&StoreSummary| statuses.contains(&store.status);
        let known = changed.entries.iter().filter(has_status).cloned().chain(others).collect();
        lists.cut(self, known, |store| !changed.has(store.id.0), sorting, request).await
    }
}
