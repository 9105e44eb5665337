//! Which orders a request asks for, by its filters and `search`.

use super::days::Days;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oms_domain::number::plain_decimal;
use oms_domain::{
    Currency, Decimal, Error, OrderSummary, Outcome, PaymentMethod, PaymentStatus, ShippingMethod, Status,
    StoreId, UserId,
};
use oms_http::query::Query;
use oms_http::search::contains_all;
use oms_http::validation::Moment;
use oms_table::projections::order_rows::KnownFacets;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What Django says of a time that is none.
const NO_TIME: &str = "Enter a valid date/time.";
const NO_NUMBER: &str = "A valid number is required.";
/// The longest number that is read, in characters.
const MAX_NUMBER_CHARS: usize = 30;

/// The filters of a list of orders. What is none filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// The statuses that both `status` and `status__in` allow.
    pub(super) statuses: Option<BTreeSet<Status>>,
    pub(super) payment_status: Option<PaymentStatus>,
    pub(super) payment_method: Option<PaymentMethod>,
    pub(super) shipping_method: Option<ShippingMethod>,
    pub(super) currency: Option<Currency>,
    pub(super) store: Option<StoreId>,
    pub(super) user: Option<UserId>,
    /// Placed then or later.
    pub(super) from: Option<Timestamp>,
    /// Placed before.
    pub(super) before: Option<Timestamp>,
    /// Totals from this one on.
    pub(super) least: Option<Decimal>,
    /// Totals up to this one.
    pub(super) most: Option<Decimal>,
    /// In lower case; each must be contained in one of the fields that are searched.
    pub(super) terms: Vec<String>,
    /// Placed on one of these days: what a term says of the dates in order numbers.
    pub(super) days: Option<Days>,
}

impl Filters {
    /// Reads the filters of a request. A date means its midnight, and a time without an offset the
    /// hour, in `zone`.
    ///
    /// # Errors
    /// 400 with every value that makes no sense.
    pub fn read(query: &Query, zone: &TimeZone) -> Outcome<Self> {
        let mut reader = Reader { query, zone, wrong: Map::new() };
        let filters = Self {
            statuses: both(reader.choice("status").map(|one| BTreeSet::from([one])), reader.statuses_in()),
            payment_status: reader.choice("payment_status"),
            payment_method: reader.choice("payment_method"),
            shipping_method: reader.choice("shipping_method"),
            currency: reader.choice("currency"),
            store: reader.or_wrong(query.id("store")).flatten().map(StoreId),
            user: reader.or_wrong(query.user("user")).flatten(),
            from: reader.value("created_at__gte", NO_TIME, moment),
            before: reader.value("created_at__lt", NO_TIME, moment),
            least: reader.value("total_amount__gte", NO_NUMBER, number),
            most: reader.value("total_amount__lte", NO_NUMBER, number),
            terms: query.search_terms(),
            days: None,
        };
        if reader.wrong.is_empty() { Ok(filters) } else { Err(Error::Invalid(reader.wrong.into())) }
    }

    /// Only what was placed then or later, too.
    #[must_use]
    pub fn since(mut self, since: Timestamp) -> Self {
        self.from = Some(self.from.map_or(since, |from| from.max(since)));
        self
    }

    /// Only what has this status, too.
    #[must_use]
    pub fn of_status(mut self, status: Status) -> Self {
        self.statuses = both(self.statuses, Some(BTreeSet::from([status])));
        self
    }

    /// Whether orders with these facets are wanted, as far as the facets tell; not where a status
    /// is asked for that is not known.
    pub(super) fn want_facets(&self, facets: impl Into<KnownFacets>) -> bool {
        let KnownFacets { status, payment_status, payment_method, shipping_method, currency } = facets.into();
        self.statuses.as_ref().is_none_or(|wanted| status.is_some_and(|status| wanted.contains(&status)))
            && self.payment_status.is_none_or(|wanted| wanted == payment_status)
            && self.payment_method.is_none_or(|wanted| wanted == payment_method)
            && self.shipping_method.is_none_or(|wanted| wanted == shipping_method)
            && self.currency.is_none_or(|wanted| wanted == currency)
    }

    /// Whether an order is wanted, as far as facets, time and total tell.
    pub(super) fn want_entry(
        &self,
        facets: impl Into<KnownFacets>,
        created_at: Timestamp,
        total: Decimal,
    ) -> bool {
        self.want_facets(facets)
            && self.from.is_none_or(|from| created_at >= from)
            && self.before.is_none_or(|before| created_at < before)
            && self.days.as_ref().is_none_or(|days| days.hold(created_at))
            && self.least.is_none_or(|least| total >= least)
            && self.most.is_none_or(|most| total <= most)
    }

    /// Whether an order is wanted.
    pub(super) fn want(&self, order: &OrderSummary) -> bool {
        let (store, user, terms) = self.uncounted();
        let searched = [&*order.order_number, &*order.tracking_number, &*order.payment_reference];
        self.want_entry(order.facets(), order.created_at, order.total_amount)
            && store.is_none_or(|store| store == order.store.id)
            && user.is_none_or(|user| *user == order.user.id)
            && contains_all(searched, terms)
    }

    /// What is asked for of which the counters of a list know nothing. Every filter stands here by
    /// name, so that the compiler asks where a new one belongs: what counters know, and
    /// `want_entry` looks at, is passed over; all else is given back, or counts would leave it out.
    pub(super) fn uncounted(&self) -> (Option<StoreId>, Option<&UserId>, &[String]) {
        let Self {
            statuses: _,
            payment_status: _,
            payment_method: _,
            shipping_method: _,
            currency: _,
            from: _,
            before: _,
            days: _,
            least: _,
            most: _,
            store,
            user,
            terms,
        } = self;
        (*store, user.as_ref(), terms)
    }

    /// Whether totals are limited.
    pub(super) const fn limit_totals(&self) -> bool {
        self.least.is_some() || self.most.is_some()
    }

    /// Whether times are limited.
    pub(super) const fn limit_times(&self) -> bool {
        self.from.is_some() || self.before.is_some()
    }

    /// Whether any facet is asked for.
    pub(super) const fn limit_facets(&self) -> bool {
        self.statuses.is_some() || self.limit_more_than_statuses()
    }

    /// Whether any facet but the status is asked for.
    pub(super) const fn limit_more_than_statuses(&self) -> bool {
        self.payment_status.is_some() || self.limit_methods()
    }

    /// Whether any of the facets is asked for that orders are placed with.
    pub(super) const fn limit_methods(&self) -> bool {
        self.payment_method.is_some() || self.shipping_method.is_some() || self.currency.is_some()
    }
}

fn both(a: Option<BTreeSet<Status>>, b: Option<BTreeSet<Status>>) -> Option<BTreeSet<Status>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(&a & &b),
        (one, other) => one.or(other),
    }
}

/// A date, or a time with or without an offset.
fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    // A `+` that a client has not escaped arrives as a space.
    let text = if text.contains('T') { text.replace(' ', "+") } else { text.to_owned() };
    Moment::parse_in(&text, zone).map(|moment| moment.0)
}

fn number(text: &str, _: &TimeZone) -> Option<Decimal> {
    plain_decimal(text).filter(|_| text.len() <= MAX_NUMBER_CHARS)
}

/// Reads values one by one and gathers what is wrong with them.
struct Reader<'a> {
    query: &'a Query,
    zone: &'a TimeZone,
    wrong: Map<String, Value>,
}

impl Reader<'_> {
    fn value<T>(
        &mut self,
        name: &str,
        wrong: &str,
        read: impl FnOnce(&str, &TimeZone) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.query.filled(name)?, self.zone);
        if value.is_none() {
            self.wrong.insert(name.to_owned(), Value::from(vec![wrong]));
        }
        value
    }

    fn choice<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let choice = self.query.choice(name, |word| word.parse().ok());
        self.or_wrong(choice).flatten()
    }

    fn statuses_in(&mut self) -> Option<BTreeSet<Status>> {
        self.query.filled("status__in")?;
        let statuses = self.query.choices("status__in", |word| word.parse().ok());
        self.or_wrong(statuses).map(BTreeSet::from_iter)
    }

    fn or_wrong<T>(&mut self, read: Outcome<T>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(Error::Invalid(Value::Object(wrong))) => {
                self.wrong.extend(wrong);
                None
            }
            Err(_) => None,
        }
    }
}
