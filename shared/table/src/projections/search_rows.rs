//! The rows by which orders are found by a part of one of their codes: order number, tracking
//! number, payment reference; and the names of their payments, unless they are the reference.
//!
//! Every code has a row for each [`STEP`]th place in it, under the three characters there and in
//! the order of what follows. A term that is long enough lies over one of those places, whichever
//! it begins at: as many queries as there are places between two rows find it, and the code, which
//! the row carries, tells whether it is there. Of an order number, whose digits repeat every day,
//! only the part behind the date is found so, and the whole by itself; which numbers have a part of
//! their date, their days tell.
//!
//! | pk | sk |
//! |---|---|
//! | `SEARCH#<three characters>` | `<what follows>#<order>#<field and place>` |
//! | `SEARCH#<date>-<four digits>` | `<the rest>#<order>#<field>` |
//!
//! An order has about eleven rows in its life: two for its number, four or five for each of the
//! two codes, each written once; and one for the name that we give to a payment, which is found
//! from its beginning.

pub(crate) use crate::keys::SEARCH_PREFIX;
use crate::{Item, Table, TableError, key, keys, text};
use futures::{StreamExt, TryStreamExt};
use jiff::civil::Date;
use oms_domain::text::folded;
use oms_domain::{Order, OrderId};
use oms_runtime::meter::side_by_side;
use std::collections::BTreeSet;

/// How far apart the places of a code are that have rows.
const STEP: usize = 5;
/// How many characters rows stand under.
const HEAD: usize = 3;
/// The shortest term that is found by rows.
pub const SHORTEST: usize = STEP + HEAD - 1;
/// How many characters of what follows stand in a row's key.
const MAX_TAIL: usize = 40;
/// How many places of a code have rows at most.
const MAX_PLACES: usize = 40;
/// How many rows are written at the same time.
const AT_ONCE: usize = 16;
const CODE: &str = "code";
/// What the names that we give to payments begin with.
const OURS: &str = "txn-";
/// How many digits follow.
const DIGITS: usize = 16;

/// Where a row stands, and the code that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    pk: String,
    sk: String,
    code: String,
}

fn under(head: &str) -> String {
    format!("{SEARCH_PREFIX}{head}")
}

/// The keys of an order's rows; of a deleted one, none.
pub fn row_keys(order: &Order) -> BTreeSet<(String, String)> {
    rows(order).into_iter().map(|row| (row.pk, row.sk)).collect()
}

/// The rows of an order; none of a deleted one.
fn rows(order: &Order) -> BTreeSet<Row> {
    if order.is_deleted() {
        return BTreeSet::new();
    }
    let number = folded(&order.order_number);
    let mut rows = BTreeSet::new();
    if let Some((before, behind)) = number.rsplit_once('-') {
        rows.extend(row(behind, &format!("{}#n", order.id), &number));
        // Seven digits and more may be sought without the date.
        let places = (STEP..behind.len()).step_by(STEP);
        rows.extend(places.filter_map(|at| row(behind.get(at..)?, &format!("{}#n{at}", order.id), &number)));
        let date = before.rsplit('-').next().unwrap_or_default();
        if let Some((first, rest)) = behind.split_at_checked(4) {
            let pk = under(&format!("{date}-{first}"));
            rows.insert(Row { pk, sk: format!("{rest}#{}#n", order.id), code: number.clone() });
        }
    }
    for (field, code) in [('t', &order.tracking_number), ('r', &order.payment_reference)] {
        rows.extend(rows_of(order.id, &field.to_string(), &folded(code)));
    }
    for payment in &order.payments {
        let number = payment.id.number().unwrap_or_default();
        let (name, code) = (folded(&payment.id.transaction_id()), folded(&payment.transaction_id));
        // Also of a name that has been replaced: to remove the row would cost more than it does.
        rows.extend(row(&name[OURS.len()..], &format!("{}#p{number}", order.id), &name));
        if code != name && code != folded(&order.payment_reference) {
            rows.extend(rows_of(order.id, &format!("p{number}."), &code));
        }
    }
    rows
}

/// The keys of a code of an order, as a tracking number has them.
#[cfg(test)]
pub(crate) fn keys_of_code(order: OrderId, code: &str) -> Vec<(String, String)> {
    rows_of(order, "t", code).into_iter().map(|row| (row.pk, row.sk)).collect()
}

/// The rows of a code of an order.
fn rows_of(order: OrderId, field: &str, code: &str) -> Vec<Row> {
    let places = code.char_indices().map(|(at, _)| at).step_by(STEP).take(MAX_PLACES);
    places.filter_map(|at| row(&code[at..], &format!("{order}#{field}{at}"), code)).collect()
}

/// The row of what begins at one place of an order's code; none where too little does.
fn row(from: &str, place: &str, code: &str) -> Option<Row> {
    let (head, tail) = split(from)?;
    let tail: String = tail.chars().take(MAX_TAIL).collect();
    Some(Row { pk: under(&head), sk: format!("{tail}#{place}"), code: code.to_owned() })
}

fn split(from: &str) -> Option<(String, String)> {
    let head: String = from.chars().take(HEAD).collect();
    (head.chars().count() == HEAD).then(|| (head, from.chars().skip(HEAD).collect()))
}

/// What the rows tell of a term: which orders have a code that contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchCoverage {
    /// Those orders.
    All,
    /// Those orders, but for the order numbers that contain it where their date is.
    AllButDates,
    /// Nothing: it is too short.
    Nothing,
}

/// What the rows tell of a term, folded.
pub fn coverage(term: &str) -> SearchCoverage {
    match of_numbers(term) {
        _ if term.chars().count() < SHORTEST => SearchCoverage::Nothing,
        Numbers::OfDays => SearchCoverage::AllButDates,
        Numbers::None | Numbers::At(_) => SearchCoverage::All,
    }
}

/// Where codes that contain a term have rows: partitions, and what sort keys begin with. None where
/// the term is too short.
fn places(term: &str) -> Option<BTreeSet<(String, String)>> {
    if term.chars().count() < SHORTEST {
        return None;
    }
    let mut places = BTreeSet::new();
    for (at, _) in term.char_indices().take(STEP) {
        let (head, tail) = split(&term[at..])?;
        places.insert((under(&head), tail.chars().take(MAX_TAIL).collect()));
    }
    if let Numbers::At((pk, tail)) = of_numbers(term) {
        places.insert((pk, tail.chars().take(MAX_TAIL).collect()));
    }
    Some(places)
}

/// Which order numbers contain a term not only behind their date.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Numbers {
    None,
    /// Those that have rows there.
    At((String, String)),
    /// Those of some days.
    OfDays,
}

fn of_numbers(term: &str) -> Numbers {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((before, behind)) = term.rsplit_once('-') else {
        return if may_be_of_a_date(term) { Numbers::OfDays } else { Numbers::None };
    };
    let date = before.rsplit('-').next().unwrap_or_default();
    match (before, behind) {
        (_, behind) if !is_digits(behind) => Numbers::None,
        ("ord" | "rd" | "d" | "", date) if date.len() <= 8 => Numbers::OfDays,
        _ if !is_digits(date) => Numbers::None,
        _ => match (behind.split_at_checked(4), split(behind)) {
            (Some((first, rest)), _) if date.len() == 8 => {
                Numbers::At((under(&format!("{date}-{first}")), rest.to_owned()))
            }
            (Some(_), Some((head, tail))) => Numbers::At((under(&head), tail)),
            // Hundreds of every day begin with the same digits.
            (None, _) | (_, None) => Numbers::OfDays,
        },
    }
}

/// Whether a term may lie within the name that we give to a payment, behind its beginning, where it
/// has no row.
pub fn is_within_a_name(term: &str) -> bool {
    term.len() < DIGITS && term.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether digits may stand in the date of an order number.
fn may_be_of_a_date(digits: &str) -> bool {
    let is_date = |text: &str| text.starts_with("20") && Date::strptime("%Y%m%d", text).is_ok();
    match digits.len() {
        8 => is_date(digits),
        7 => ('0'..='9').any(|one| is_date(&format!("{digits}{one}")) || is_date(&format!("{one}{digits}"))),
        _ => false,
    }
}

impl Table {
    /// Writes the rows that a change of an order asks for, and removes those of codes that it no
    /// longer has.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn write_search_rows<'a>(
        &self,
        changes: impl IntoIterator<Item = (Option<Order>, &'a Order)>,
    ) -> Result<(), TableError> {
        let mut puts = Vec::new();
        let mut deletes = Vec::new();
        for (before, after) in changes {
            let (before, after) = (before.as_ref().map(rows).unwrap_or_default(), rows(after));
            for row in after.difference(&before) {
                let item = key(row.pk.clone(), row.sk.clone());
                let code = aws_sdk_dynamodb::types::AttributeValue::S(row.code.clone());
                puts.push(self.put_any(item.into_iter().chain([(CODE.to_owned(), code)]).collect())?);
            }
            let is_kept = |old: &Row| after.iter().any(|row| row.pk == old.pk && row.sk == old.sk);
            for row in before.difference(&after).filter(|row| !is_kept(row)) {
                deletes.push(self.delete_any(row.pk.clone(), row.sk.clone())?);
            }
        }
        let writes = futures::stream::iter(puts.into_iter().map(|put| self.put(put, None)));
        writes.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        for deletes in deletes.chunks(100) {
            self.transact(deletes.to_vec(), None).await?;
        }
        Ok(())
    }

    /// The orders of which rows tell that they have a code which contains a term, folded; at
    /// most `limit` and a few. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn with_code(&self, term: &str, limit: usize) -> Result<BTreeSet<OrderId>, TableError> {
        let places = places(term).unwrap_or_default();
        let reads = places.into_iter().map(|(pk, sk)| async move { self.beginning(pk, sk, limit).await });
        let found = side_by_side(reads).await?.into_iter().flatten();
        let found = found.filter(|row| text(row, CODE).contains(term));
        Ok(found.filter_map(|row| order_of(&row)).collect())
    }
}

/// Whose row it is.
pub fn order_of(row: &Item) -> Option<OrderId> {
    text(row, keys::SK).rsplit('#').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_lies_over_a_place_that_has_a_row_wherever_it_begins() {
        let code = "1z4000000abcdefghijk";
        let rows: Vec<Row> =
            (0..code.len()).step_by(STEP).filter_map(|at| row(&code[at..], "order#t", code)).collect();
        for from in 0..=code.len() - SHORTEST {
            for to in from + SHORTEST..=code.len() {
                let places = places(&code[from..to]).unwrap();
                let is_found = |(pk, sk): &(String, String)| {
                    rows.iter().any(|row| row.pk == *pk && row.sk.starts_with(sk))
                };
                assert!(places.iter().any(is_found), "{}", &code[from..to]);
            }
        }
        assert_eq!(places("short6"), None);
    }

    #[test]
    fn the_names_of_payments_are_found_from_their_beginning() {
        for (term, is_within) in [
            ("txn-8dddeee", false),
            ("n-8dddeee", false),
            ("8dddeeeeffff8000", false),
            ("8dddeeeeffff800", true),
            ("1122334", true),
            ("20261122-0042", false),
            ("wire-77", false),
        ] {
            assert_eq!(is_within_a_name(term), is_within, "{term}");
        }
    }

    #[test]
    fn a_term_however_long_is_looked_for_under_a_key_that_dynamodb_takes() {
        let digits = "1".repeat(9_000);
        let terms = ["𝛼".repeat(9_000), digits.clone(), format!("1-{digits}"), format!("20261122-{digits}")];
        for (pk, sk) in terms.iter().flat_map(|term| places(term).unwrap_or_default()) {
            assert!(pk.len() <= 2_048 && sk.len() < 1_000, "{} and {} bytes", pk.len(), sk.len());
        }
    }

    #[test]
    fn order_numbers_are_found_by_what_is_behind_the_date_or_by_their_day() {
        let place = |pk: &str, sk: &str| Numbers::At((under(pk), sk.to_owned()));
        assert_eq!(of_numbers("ord-20261122-0042"), place("20261122-0042", ""));
        assert_eq!(of_numbers("20261122-12345"), place("20261122-1234", "5"));
        assert_eq!(of_numbers("1122-0042"), place("004", "2"));
        for of_days in [
            "ord-202611",
            "20261122",
            "2026112",
            "-202611",
            "d-20261122",
            "20261122-00",
            "122-004",
            "261122-",
        ] {
            assert_eq!(coverage(of_days), SearchCoverage::AllButDates, "{of_days}");
        }
        for other in ["40000000", "1z40000000", "wire-mai-1", "wire-77"] {
            assert_eq!((of_numbers(other), coverage(other)), (Numbers::None, SearchCoverage::All), "{other}");
        }
        assert_eq!(
            (coverage("202611"), coverage("short6")),
            (SearchCoverage::Nothing, SearchCoverage::Nothing)
        );
    }
}
