//! The counters that statistics and counts are read from, one small item a group of a scope.
//!
//! | sk | attributes |
//! |---|---|
//! | `AT_QUARTER#<day>` | `n<quarter><currency>` orders placed, `r<quarter><currency>` revenue, by quarter of an hour |
//! | `AT_STATUS` | `n<status>` orders |
//! | `AT_TOTAL` | `n…` orders, by the size and first two digits of their total |
//! | `AT_TOTAL#<size and two digits>` | `n<two more digits>` orders |
//! | `BY_DAY#<year>-<month>` | `n<day><currency>` orders placed, `r<day><currency>` revenue |
//! | `CELLS#<status>` | `n…` orders, `a…` amount, by payment status, payment method, shipping method, currency; `l` their lines, `v` how many were rated, `s` their stars |
//! | `PAYMENTS` | `n…` payments, `a…` amount, by status, method, currency; `r<currency>` refunded |
//! | `STAMP` | `v` a text that is another one after each change of the scope's counters |
//! | `TRANSITIONS` | `n<from><to>` how often, `t<from><to>` microseconds together |
//!
//! An addition is charged by the size of the whole item, so attribute names are short: each choice
//! stands for itself as one letter, `a` for the first of its list, and the lists only ever grow at
//! their end. The sort keys begin where one query reads the last months and all the rest.

use super::watermarks::Claim;
use super::writes::part;
use super::{Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use futures::future::try_join_all;
use jiff::civil::Date;
use oms_domain::drift::{Cells, Difference};
use oms_domain::quarter::Quarter;
use oms_domain::statistics::Counts;
use oms_domain::tally::{Cell, OrderFacets, PaymentFacets, Scope, Tally};
use oms_domain::totals::TotalBucket;
use oms_domain::{Currency, Decimal, PaymentMethod, PaymentState, PaymentStatus, ShippingMethod, Status};
use std::collections::{BTreeMap, BTreeSet};

/// Before what every statistic reads: quarters are read for other time zones only.
const AT_QUARTER: &str = "AT_QUARTER#";
const AT_STATUS: &str = "AT_STATUS";
const AT_TOTAL: &str = "AT_TOTAL";
const BY_DAY: &str = "BY_DAY#";
const CELLS: &str = "CELLS#";
const PAYMENTS: &str = "PAYMENTS";
const STAMP: &str = "STAMP";
/// The stamp's only attribute; no counter begins so.
const STAMP_VALUE: &str = "v";
const TRANSITIONS: &str = "TRANSITIONS";

/// One letter for a choice.
fn letter<T: PartialEq>(all: &[T], choice: &T) -> char {
    let index = all.iter().position(|one| one == choice).unwrap_or_default();
    char::from(b'a' + u8::try_from(index).unwrap_or_default())
}

fn choice<T: Copy>(all: &[T], letter: Option<char>) -> Option<T> {
    let index = u32::from(letter?).checked_sub(u32::from('a'))?;
    all.get(usize::try_from(index).ok()?).copied()
}

/// The facets of an order, a letter for each and the currency's code.
pub(crate) fn letters_of(facets: &OrderFacets) -> String {
    format!("{}{}", letter(Status::ALL, &facets.status), letters_but_status(facets))
}

fn letters_but_status(facets: &OrderFacets) -> String {
    format!(
        "{}{}{}{}",
        letter(PaymentStatus::ALL, &facets.payment_status),
        letter(PaymentMethod::ALL, &facets.payment_method),
        letter(ShippingMethod::ALL, &facets.shipping_method),
        facets.currency.code()
    )
}

/// The facets that these letters stand for.
pub(crate) fn facets_of(letters: &str) -> Option<OrderFacets> {
    let status = choice(Status::ALL, letters.chars().next())?;
    facets_but_status(status, letters.get(1..)?)
}

fn facets_but_status(status: Status, letters: &str) -> Option<OrderFacets> {
    let mut letters = letters.chars();
    Some(OrderFacets {
        status,
        payment_status: choice(PaymentStatus::ALL, letters.next())?,
        payment_method: choice(PaymentMethod::ALL, letters.next())?,
        shipping_method: choice(ShippingMethod::ALL, letters.next())?,
        currency: Currency::from_code(letters.as_str())?,
    })
}

/// A text of digits with its leading zeros as one letter.
fn short(digits: &str) -> String {
    let rest = digits.trim_start_matches('0');
    let zeros = u8::try_from(digits.len() - rest.len()).unwrap_or_default();
    format!("{}{rest}", char::from(b'a' + zeros))
}

fn long(short: &str) -> Option<String> {
    let zeros = short.bytes().next()?.checked_sub(b'a')?;
    Some(format!("{}{}", "0".repeat(usize::from(zeros)), short.get(1..)?))
}

fn of_total(bucket: TotalBucket) -> String {
    format!("{AT_TOTAL}#{}", short(&bucket.whole().text()))
}

/// Where a counter stands: the item's sort key, and the attribute.
fn place_of(cell: &Cell) -> (String, String) {
    let of_order = |kind: char, f: &OrderFacets| {
        (format!("{CELLS}{}", f.status), format!("{kind}{}", letters_but_status(f)))
    };
    let of_payment = |kind: char, f: &PaymentFacets| {
        let status = letter(PaymentState::ALL, &f.status);
        let method = letter(PaymentMethod::ALL, &f.payment_method);
        (PAYMENTS.to_owned(), format!("{kind}{status}{method}{}", f.currency.code()))
    };
    let of_day = |kind: char, day: &Date, currency: &Currency| {
        let month = format!("{BY_DAY}{}", day.strftime("%Y-%m"));
        (month, format!("{kind}{:02}{}", day.day(), currency.code()))
    };
    let of_quarter = |kind: char, quarter: &Quarter, currency: &Currency| {
        (at_quarter(quarter.day), format!("{kind}{:02}{}", quarter.number, currency.code()))
    };
    let of_status = |kind: &str, status: &Status| (format!("{CELLS}{status}"), kind.to_owned());
    let of_move = |kind: char, from: &Status, to: &Status| {
        let (from, to) = (letter(Status::ALL, from), letter(Status::ALL, to));
        (TRANSITIONS.to_owned(), format!("{kind}{from}{to}"))
    };
    match cell {
        Cell::Orders(facets) => of_order('n', facets),
        Cell::OrderAmount(facets) => of_order('a', facets),
        Cell::StatusOrders(status) => (AT_STATUS.to_owned(), format!("n{}", letter(Status::ALL, status))),
        Cell::Totals(bucket) => (AT_TOTAL.to_owned(), format!("n{}", short(&bucket.text()))),
        Cell::FineTotals(bucket) => {
            let rest = bucket.text().split_off(bucket.whole().text().len());
            (of_total(*bucket), format!("n{rest}"))
        }
        Cell::DayOrders(day, currency) => of_day('n', day, currency),
        Cell::DayRevenue(day, currency) => of_day('r', day, currency),
        Cell::QuarterOrders(quarter, currency) => of_quarter('n', quarter, currency),
        Cell::QuarterRevenue(quarter, currency) => of_quarter('r', quarter, currency),
        Cell::Payments(facets) => of_payment('n', facets),
        Cell::PaymentAmount(facets) => of_payment('a', facets),
        Cell::Refunded(currency) => (PAYMENTS.to_owned(), format!("r{}", currency.code())),
        Cell::Lines(status) => of_status("l", status),
        Cell::Ratings(status) => of_status("v", status),
        Cell::Stars(status) => of_status("s", status),
        Cell::Transitions(from, to) => of_move('n', from, to),
        Cell::TransitionMicros(from, to) => of_move('t', from, to),
    }
}

/// The counter that stands there; none for an attribute that is no counter.
fn cell_at(sk: &str, name: &str) -> Option<Cell> {
    let mut letters = name.chars();
    let kind = letters.next()?;
    if let Some(month) = sk.strip_prefix(BY_DAY) {
        let rest = letters.as_str();
        let day = format!("{month}-{}", rest.get(..2)?).parse().ok()?;
        let currency = Currency::from_code(rest.get(2..)?)?;
        return match kind {
            'n' => Some(Cell::DayOrders(day, currency)),
            'r' => Some(Cell::DayRevenue(day, currency)),
            _ => None,
        };
    }
    if let Some(day) = sk.strip_prefix(AT_QUARTER) {
        let rest = letters.as_str();
        let quarter = Quarter { day: day.parse().ok()?, number: rest.get(..2)?.parse().ok()? };
        let currency = Currency::from_code(rest.get(2..)?)?;
        return match kind {
            'n' => Some(Cell::QuarterOrders(quarter, currency)),
            'r' => Some(Cell::QuarterRevenue(quarter, currency)),
            _ => None,
        };
    }
    if let Some(status) = sk.strip_prefix(CELLS) {
        let status = status.parse().ok()?;
        match name {
            "l" => return Some(Cell::Lines(status)),
            "v" => return Some(Cell::Ratings(status)),
            "s" => return Some(Cell::Stars(status)),
            _ => {}
        }
        let facets = facets_but_status(status, letters.as_str())?;
        return match kind {
            'n' => Some(Cell::Orders(facets)),
            'a' => Some(Cell::OrderAmount(facets)),
            _ => None,
        };
    }
    if let Some(coarse) = sk.strip_prefix(AT_TOTAL).and_then(|rest| rest.strip_prefix('#')) {
        let text = format!("{}{}", long(coarse)?, letters.as_str());
        return TotalBucket::parse(&text).filter(|_| kind == 'n').map(Cell::FineTotals);
    }
    match (sk, kind) {
        (AT_STATUS, 'n') => choice(Status::ALL, letters.next()).map(Cell::StatusOrders),
        (AT_TOTAL, 'n') => TotalBucket::parse(&long(letters.as_str())?).map(Cell::Totals),
        (PAYMENTS, 'r') => Some(Cell::Refunded(Currency::from_code(letters.as_str())?)),
        (PAYMENTS, 'n' | 'a') => {
            let facets = PaymentFacets {
                status: choice(PaymentState::ALL, letters.next())?,
                payment_method: choice(PaymentMethod::ALL, letters.next())?,
                currency: Currency::from_code(letters.as_str())?,
            };
            Some(if kind == 'n' { Cell::Payments(facets) } else { Cell::PaymentAmount(facets) })
        }
        (TRANSITIONS, 'n' | 't') => {
            let from = choice(Status::ALL, letters.next())?;
            let to = choice(Status::ALL, letters.next())?;
            Some(if kind == 'n' { Cell::Transitions(from, to) } else { Cell::TransitionMicros(from, to) })
        }
        _ => None,
    }
}

fn at_quarter(day: Date) -> String {
    format!("{AT_QUARTER}{day}")
}

/// The counters that stand in an item.
fn cells_of(item: &super::Item) -> impl Iterator<Item = (Cell, Decimal)> {
    let sk = super::text(item, keys::SK);
    item.iter().filter_map(move |(name, value)| Some((cell_at(sk, name)?, value.as_n().ok()?.parse().ok()?)))
}

/// How many items a transaction may have.
const TRANSACTION_LIMIT: usize = 100;

/// The additions to one item.
type Additions = BTreeMap<(Scope, String), BTreeMap<String, Decimal>>;

fn additions(tally: &Tally) -> Additions {
    let mut additions = Additions::new();
    for (scope, cell, value) in tally.iter() {
        let (sk, name) = place_of(&cell);
        additions.entry((scope.clone(), sk)).or_default().insert(name, value);
    }
    additions
}

fn scopes_of(additions: &Additions) -> BTreeSet<&Scope> {
    additions.keys().map(|(scope, _)| scope).collect()
}

/// Whether claims and the counters of a tally fit into one transaction.
#[must_use]
pub fn fits(claims: usize, tally: &Tally) -> bool {
    let additions = additions(tally);
    claims + additions.len() + scopes_of(&additions).len() <= TRANSACTION_LIMIT
}

impl Table {
    /// The counters of a scope: of the months from `since` on, and all that have no month. Not a
    /// consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts(&self, scope: &Scope, since: Date) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let items = self.range(keys::counters(scope), &from, false).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by quarter of an hour, of some days: those that follow one another
    /// are read together. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn quarters(&self, scope: &Scope, days: &BTreeSet<Date>) -> Result<Counts, TableError> {
        let runs = runs(days);
        let reads = runs
            .iter()
            .map(|(first, last)| self.between(keys::counters(scope), at_quarter(*first), at_quarter(*last)));
        let items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// What [`counts`](Self::counts) and [`quarters`](Self::quarters) give, by consistent reads,
    /// together with what is still to be counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_and(
        &self,
        scope: &Scope,
        since: Date,
        days: &BTreeSet<Date>,
        missing: &Tally,
    ) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let quarters = runs(days).into_iter().map(|(first, last)| (at_quarter(first), at_quarter(last)));
        // After every sort key that is used.
        let ranges = quarters.chain([(from, "~".to_owned())]);
        let reads = ranges.map(|(from, to)| self.between_exactly(keys::counters(scope), from, to));
        let items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        let is_asked_for = |cell: &Cell| match place_of(cell).0.strip_prefix(AT_QUARTER) {
            Some(day) => day.parse().is_ok_and(|day| days.contains(&day)),
            None => true,
        };
        let missing = missing.of(scope).filter(|(cell, _)| is_asked_for(cell));
        let mut cells: BTreeMap<Cell, Decimal> = BTreeMap::new();
        for (cell, value) in items.iter().flat_map(cells_of).chain(missing) {
            *cells.entry(cell).or_default() += value;
        }
        Ok(cells.into_iter().collect())
    }

    /// The orders of a scope by status alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_status(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), AT_STATUS.to_owned(), AT_STATUS.to_owned()).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by facets alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_facets(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), CELLS.to_owned(), format!("{CELLS}~")).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by day, from the month of `since` on. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_day(&self, scope: &Scope, since: Date) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let items = self.between(keys::counters(scope), from, format!("{BY_DAY}~")).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by total: coarsely, or within a coarse bucket. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_total(
        &self,
        scope: &Scope,
        within: Option<TotalBucket>,
    ) -> Result<Counts, TableError> {
        let sk = within.map_or_else(|| AT_TOTAL.to_owned(), of_total);
        let items = self.between(keys::counters(scope), sk.clone(), sk).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// Every counter of a scope that is not zero. A consistent read of all there is, for verifying.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn cells(&self, scope: &Scope) -> Result<Cells, TableError> {
        let items = self.range(keys::counters(scope), "", true).await?;
        let cells = items.iter().flat_map(cells_of);
        Ok(cells.filter(|(_, value)| !value.is_zero()).collect())
    }

    /// Adds a tally to the counters, and moves the watermarks of the orders that it is of, all or
    /// nothing.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where a watermark is not as it was seen: somebody else has counted
    /// some of it.
    pub async fn count(&self, consumer: &str, claims: &[Claim], tally: &Tally) -> Result<(), TableError> {
        let mut items = Vec::with_capacity(TRANSACTION_LIMIT);
        for claim in claims {
            items.push(self.move_watermark(consumer, claim)?);
        }
        let additions = additions(tally);
        for scope in scopes_of(&additions) {
            items.push(self.stamp(scope)?);
        }
        for ((scope, sk), values) in additions {
            items.push(self.add(keys::counters(&scope), sk, values)?);
        }
        self.transact(items).await.map_err(TableError::or_conflict)
    }

    /// The stamps of some scopes, in one trip and as consistent reads, in no order: other ones as
    /// soon as any of their counters has changed.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stamps(&self, scopes: &[Scope]) -> Result<BTreeMap<String, String>, TableError> {
        let wanted = scopes.iter().map(|scope| (keys::counters(scope), STAMP.to_owned()));
        let items = self.get_items(wanted.collect()).await?;
        let text = |item: &super::Item, name: &str| super::text(item, name).to_owned();
        Ok(items.iter().map(|item| (text(item, keys::PK), text(item, STAMP_VALUE))).collect())
    }

    fn stamp(&self, scope: &Scope) -> Result<TransactWriteItem, TableError> {
        let mut item = key(keys::counters(scope), STAMP.to_owned());
        let stamp = crate::config::random_uuid_v7().simple().to_string();
        item.insert(STAMP_VALUE.to_owned(), AttributeValue::S(stamp));
        Ok(part(self.put_any(item)?))
    }

    /// Adds what is missing to the wrong counters of a scope, and takes away what is too much. As it
    /// adds, what the consumer counts meanwhile stays counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written; then some may be corrected, and verifying
    /// tells which are not.
    pub async fn correct(&self, scope: &Scope, wrong: &[Difference]) -> Result<(), TableError> {
        let mut additions: BTreeMap<String, BTreeMap<String, Decimal>> = BTreeMap::new();
        for Difference { cell, counted, expected } in wrong {
            let (sk, name) = place_of(cell);
            additions.entry(sk).or_default().insert(name, expected - counted);
        }
        let pk = keys::counters(scope);
        let items: Vec<_> = additions
            .into_iter()
            .map(|(sk, values)| self.add(pk.clone(), sk, values))
            .collect::<Result<_, _>>()?;
        for items in items.chunks(TRANSACTION_LIMIT - 1) {
            let stamped = items.iter().cloned().chain([self.stamp(scope)?]);
            self.transact(stamped.collect()).await.map_err(TableError::or_conflict)?;
        }
        Ok(())
    }

    fn add(
        &self,
        pk: String,
        sk: String,
        values: BTreeMap<String, Decimal>,
    ) -> Result<TransactWriteItem, TableError> {
        let mut update = Update::builder().table_name(&self.name).set_key(Some(key(pk, sk)));
        let mut clauses = Vec::with_capacity(values.len());
        for (n, (name, value)) in values.into_iter().enumerate() {
            clauses.push(format!("#a{n} :v{n}"));
            update = update
                .expression_attribute_names(format!("#a{n}"), name)
                .expression_attribute_values(format!(":v{n}"), AttributeValue::N(value.to_string()));
        }
        let update = update.update_expression(format!("ADD {}", clauses.join(", ")));
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The first and last of each run of days without a gap.
fn runs(days: &BTreeSet<Date>) -> Vec<(Date, Date)> {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match runs.last_mut().filter(|(_, last)| last.tomorrow().ok().as_ref() == Some(day)) {
            Some((_, last)) => *last = *day,
            None => runs.push((*day, *day)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_found_again_where_it_was_put() {
        let day = jiff::civil::date(2026, 2, 3);
        let mut cells = vec![
            Cell::DayOrders(day, Currency::USD),
            Cell::DayRevenue(day, Currency::JPY),
            Cell::Refunded(Currency::EUR),
            Cell::QuarterOrders(Quarter { day, number: 7 }, Currency::USD),
            Cell::QuarterRevenue(Quarter { day, number: 99 }, Currency::USD),
        ];
        for status in Status::ALL {
            cells.push(Cell::StatusOrders(*status));
            cells.extend([Cell::Lines(*status), Cell::Ratings(*status), Cell::Stars(*status)]);
            cells.push(Cell::Transitions(Status::Pending, *status));
            cells.push(Cell::TransitionMicros(*status, Status::Refunded));
            for payment_status in PaymentStatus::ALL {
                let facets = OrderFacets {
                    status: *status,
                    payment_status: *payment_status,
                    payment_method: PaymentMethod::Cryptocurrency,
                    shipping_method: ShippingMethod::International,
                    currency: Currency::USD,
                };
                cells.extend([Cell::Orders(facets), Cell::OrderAmount(facets)]);
            }
        }
        for status in PaymentState::ALL {
            for payment_method in PaymentMethod::ALL {
                let (status, payment_method) = (*status, *payment_method);
                let facets = PaymentFacets { status, payment_method, currency: Currency::USD };
                cells.extend([Cell::Payments(facets), Cell::PaymentAmount(facets)]);
            }
        }
        for total in ["0", "0.05", "9.99", "75.98", "1500", "123456.78"] {
            let total: Decimal = total.parse().unwrap();
            cells.push(Cell::Totals(TotalBucket::coarse(total)));
            cells.push(Cell::FineTotals(TotalBucket::fine(total)));
        }
        let places: std::collections::BTreeSet<_> = cells.iter().map(place_of).collect();
        assert_eq!(places.len(), cells.len());
        for cell in cells {
            let (sk, name) = place_of(&cell);
            assert_eq!(cell_at(&sk, &name), Some(cell), "{sk} {name}");
        }
        assert_eq!(cell_at(PAYMENTS, "pk"), None);
        assert_eq!(cell_at("CELLS#pending", "sk"), None);
    }
}
