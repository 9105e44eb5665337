//! What the rows of codes find of a search, and what is left to look for in the lists.
//!
//! A term that the rows tell all about gives the orders themselves. One that may stand in the date
//! of order numbers is found twice: by the rows where another code contains it, and by the days
//! whose numbers do. Those days are the counters', so they are as few as there are, and how many
//! orders they have is known.

use super::days::{Days, Numbers, numbers_of};
use super::entry::ListEntry;
use super::filters::Filters;
use super::plan::Base;
use super::query::PageQuery;
use crate::app::App;
use futures::future::BoxFuture;
use oms_domain::{OrderId, Outcome};
use oms_runtime::meter::side_by_side;
use oms_table::lists::OrderList;
use oms_table::projections::search_rows::{SearchCoverage, coverage};
use std::collections::BTreeSet;

/// How many orders a search may find by a term.
const MAX_FOUND: usize = 1_000;

/// What has been found, and what is left to look for.
pub(super) struct Search {
    /// Found already; nothing of it is found by the filters.
    pub(super) found: Vec<ListEntry>,
    /// Whether that is all.
    pub(super) is_all: bool,
    /// What is left to look for.
    pub(super) filters: Filters,
    /// In which lists.
    pub(super) bases: Vec<Base>,
}

/// How the terms of a search are gone about.
enum SearchPath<'a> {
    /// The rows know which orders have this one.
    Rows(&'a str),
    /// The days know which order numbers have it, the rows which other codes.
    Days(&'a str),
    /// It may be in every number, because every day has it.
    EveryDay(&'a str),
    /// In the lists.
    Lists,
}

fn way<'a>(filters: &'a Filters, lists: &[OrderList]) -> SearchPath<'a> {
    if lists.iter().all(|list| matches!(list, OrderList::OfUser(_))) {
        // The whole list is as cheap to look through.
        return SearchPath::Lists;
    }
    let longest = |wanted: SearchCoverage| {
        filters.terms.iter().filter(|term| coverage(term) == wanted).max_by_key(|term| term.len())
    };
    let is_like_a_date = |term: &&String| {
        term.trim_start_matches(|c: char| "ord-".contains(c)).bytes().all(|byte| byte.is_ascii_digit())
    };
    if let Some(term) = longest(SearchCoverage::All) {
        SearchPath::Rows(term)
    } else if let Some(term) = longest(SearchCoverage::AllButDates) {
        SearchPath::Days(term)
    } else if let Some(term) = longest(SearchCoverage::Nothing).filter(is_like_a_date) {
        SearchPath::EveryDay(term)
    } else {
        SearchPath::Lists
    }
}

/// What is read at the same time.
enum Read {
    Codes(BTreeSet<OrderId>),
    Lists(Vec<Base>),
}

impl App {
    /// What a request asks for, as far as the rows of codes can tell.
    ///
    /// # Errors
    /// 400 where a term is in the codes of too many orders.
    pub(super) async fn sought(&self, turn: PageQuery<'_>) -> Outcome<Search> {
        let filters = turn.asked.filters.clone();
        let lists = turn.visible.narrowed(turn.caller, &filters);
        let mut sought = match way(&turn.asked.filters, &lists) {
            SearchPath::Rows(term) => {
                let ids = self.table().with_code(term, MAX_FOUND).await?;
                let found = self.among(turn, ids).await?;
                return Ok(Search { found, is_all: true, filters, bases: Vec::new() });
            }
            SearchPath::Days(term) => self.sought_by_day(turn, term).await?,
            SearchPath::EveryDay(term) => {
                let bases = self.bases(turn, true).await?;
                let mut days = bases.iter().flat_map(|base| base.counts.days.keys());
                let says_nothing = days.all(|day| numbers_of(*day, term) == Numbers::All);
                let filters = if says_nothing { without(&filters, term) } else { filters };
                Search { found: Vec::new(), is_all: false, filters, bases }
            }
            SearchPath::Lists => {
                let bases = self.bases(turn, false).await?;
                Search { found: Vec::new(), is_all: false, filters, bases }
            }
        };
        let own = self.own_elsewhere(turn).await?;
        sought.found.retain(|found| own.iter().all(|own| own.id() != found.id()));
        sought.found.extend(own);
        Ok(sought)
    }

    async fn sought_by_day(&self, turn: PageQuery<'_>, term: &str) -> Outcome<Search> {
        let filters = &turn.asked.filters;
        let reads: [BoxFuture<'_, Outcome<Read>>; 2] = [
            Box::pin(async { Ok(Read::Codes(self.table().with_code(term, MAX_FOUND).await?)) }),
            Box::pin(async { Ok(Read::Lists(self.bases(turn, true).await?)) }),
        ];
        let (mut ids, mut bases) = (BTreeSet::new(), Vec::new());
        for read in side_by_side(reads).await? {
            match read {
                Read::Codes(found) => ids = found,
                Read::Lists(found) => bases = found,
            }
        }
        let dates: BTreeSet<_> = bases.iter().flat_map(|base| base.counts.days.keys().copied()).collect();
        let with =
            |numbers: Numbers| dates.iter().copied().filter(move |day| numbers_of(*day, term) == numbers);
        let some = with(Numbers::Some).next().is_some();
        let days: BTreeSet<_> = with(Numbers::All).chain(with(Numbers::Some)).collect();
        let mut found = self.among(turn, ids).await?;
        let Some(days) = Days::new(days, &self.config().time_zone) else {
            let filters = filters.clone();
            return Ok(Search { found: Vec::new(), is_all: false, filters, bases });
        };
        for base in &mut bases {
            let counts = base.counts.days.iter().filter(|(day, _)| days.dates.contains(day));
            base.on_days = Some(counts.map(|(_, count)| count).sum());
        }
        found.retain(|order| !days.hold(order.created_at()));
        // Where only some numbers of a day have it, each is looked at.
        let left = if some { filters.clone() } else { without(filters, term) };
        Ok(Search { found, is_all: false, filters: Filters { days: Some(days), ..left }, bases })
    }

    /// Those of some orders that are asked for, but for what the reader has just changed.
    async fn among(&self, turn: PageQuery<'_>, ids: BTreeSet<OrderId>) -> Outcome<Vec<ListEntry>> {
        if ids.len() >= MAX_FOUND {
            return Err(turn.asked.too_many());
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let mut orders = self.table().summaries(&ids).await?;
        orders.retain(|order| {
            turn.asked.filters.want(order) && turn.visible.holds(order) && !turn.has_changed(order.id)
        });
        Ok(orders.into_iter().map(|order| ListEntry::Summary(Box::new(order))).collect())
    }
}

fn without(filters: &Filters, term: &str) -> Filters {
    let mut filters = filters.clone();
    filters.terms.retain(|one| one != term);
    filters
}
