//! Where each counter stands: the sort key of its item, and the attribute.
//!
//! Attribute names are short, because an addition is charged by the size of the whole item: each
//! choice stands for itself as one letter, `a` for the first of its list, and the lists only ever
//! grow at their end. The table of them is at the head of [`crate::counters`].

use crate::keys;
pub(crate) use crate::keys::{AT_QUARTER_HOUR, BY_DAY, CELLS};
use jiff::civil::Date;
use oms_domain::quarter_hour::QuarterHour;
use oms_domain::tally::{Counter, OrderFacets, PaymentFacets, Scope};
use oms_domain::totals::TotalBucket;
use oms_domain::{Currency, Decimal, PaymentMethod, PaymentState, PaymentStatus, ShippingMethod, Status};

pub(crate) const AT_TOTAL: &str = "AT_TOTAL";
/// What statistics show, but the days: after the days, so that one query reads both. Of a user also
/// what lists need.
pub(crate) const FRONT: &str = "BY_STATUS";
pub(crate) const PAYMENTS: &str = "PAYMENTS";

/// One letter for a choice.
pub(crate) fn letter<T: PartialEq>(all: &[T], choice: &T) -> char {
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

/// The same without the letter of the status.
pub(crate) fn letters_but_status(facets: &OrderFacets) -> String {
    format!("{}{}", letter(PaymentStatus::ALL, &facets.payment_status), methods_of(facets))
}

/// The facets that an order is placed with: a letter for each method, and the currency's code.
pub(crate) fn methods_of(facets: &OrderFacets) -> String {
    format!(
        "{}{}{}",
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

/// The facets with a status and what [`letters_but_status`] says.
pub(crate) fn facets_but_status(status: Status, letters: &str) -> Option<OrderFacets> {
    let mut letters = letters.chars();
    Some(OrderFacets {
        status,
        payment_status: choice(PaymentStatus::ALL, letters.next())?,
        payment_method: choice(PaymentMethod::ALL, letters.next())?,
        shipping_method: choice(ShippingMethod::ALL, letters.next())?,
        currency: Currency::from_code(letters.as_str())?,
    })
}

/// Behind the facets of a payment that a person must look at.
const ATTENTION: char = '!';

/// The facets of a payment, a letter for each and the currency's code; [`ATTENTION`] where it needs
/// it.
pub(crate) fn letters_of_payment(facets: &PaymentFacets) -> String {
    let mut letters = format!(
        "{}{}{}",
        letter(PaymentState::ALL, &facets.status),
        letter(PaymentMethod::ALL, &facets.payment_method),
        facets.currency.code()
    );
    letters.extend(facets.attention.then_some(ATTENTION));
    letters
}

/// The facets of a payment that these letters stand for.
pub(crate) fn payment_facets_of(letters: &str) -> Option<PaymentFacets> {
    let plain = letters.strip_suffix(ATTENTION);
    let mut letters = plain.unwrap_or(letters).chars();
    Some(PaymentFacets {
        status: choice(PaymentState::ALL, letters.next())?,
        payment_method: choice(PaymentMethod::ALL, letters.next())?,
        currency: Currency::from_code(letters.as_str())?,
        attention: plain.is_some(),
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

pub(crate) fn of_total(bucket: TotalBucket) -> String {
    format!("{AT_TOTAL}#{}", short(&bucket.whole().text()))
}

/// Where a counter of a scope stands: the item's sort key, and the attribute.
pub(crate) fn place_of(scope: &Scope, cell: &Counter) -> (String, String) {
    let is_user = matches!(scope, Scope::User(_));
    let of_day = |kind: char, day: &Date, currency: &Currency| {
        let month = format!("{BY_DAY}{}", day.strftime("%Y-%m"));
        (month, format!("{kind}{:02}{}", day.day(), currency.code()))
    };
    let of_quarter = |kind: char, quarter_hour: &QuarterHour, currency: &Currency| {
        (at_quarter(quarter_hour.day), format!("{kind}{:02}{}", quarter_hour.number, currency.code()))
    };
    let front = |name: String| (FRONT.to_owned(), name);
    let of_status = |kind: char, status: &Status, currency: &Currency| {
        front(format!("{kind}{}{}", letter(Status::ALL, status), currency.code()))
    };
    let of_state = |kind: char, state: &PaymentState, currency: &Currency| {
        front(format!("{kind}{}{}", letter(PaymentState::ALL, state), currency.code()))
    };
    let of_move = |kind: char, from: &Status, to: &Status| {
        front(format!("{kind}{}{}", letter(Status::ALL, from), letter(Status::ALL, to)))
    };
    match cell {
        Counter::Orders(facets) if is_user => front(format!("f{}", letters_of(facets))),
        Counter::Orders(facets) => {
            (format!("{CELLS}{}", facets.status), format!("n{}", letters_but_status(facets)))
        }
        Counter::StatusOrders(status, currency) => of_status('n', status, currency),
        Counter::StatusAmount(status, currency) => of_status('a', status, currency),
        Counter::Totals(bucket) => (AT_TOTAL.to_owned(), format!("n{}", short(&bucket.text()))),
        Counter::FineTotals(bucket) => {
            let rest = bucket.text().split_off(bucket.whole().text().len());
            (of_total(*bucket), format!("n{rest}"))
        }
        Counter::DayOrders(day, currency) => of_day('n', day, currency),
        Counter::DayRevenue(day, currency) => of_day('r', day, currency),
        Counter::QuarterHourOrders(quarter_hour, currency) => of_quarter('n', quarter_hour, currency),
        Counter::QuarterHourRevenue(quarter_hour, currency) => of_quarter('r', quarter_hour, currency),
        Counter::MonthOrders(month) => front(month.strftime("o%y%m").to_string()),
        Counter::MonthRevenue(month, currency) => {
            front(format!("{}{}", month.strftime("e%y%m"), currency.code()))
        }
        Counter::Payments(facets) if is_user => front(format!("g{}", letters_of_payment(facets))),
        Counter::Payments(facets) => (PAYMENTS.to_owned(), format!("n{}", letters_of_payment(facets))),
        Counter::StatePayments(state, currency) => of_state('p', state, currency),
        Counter::StateAmount(state, currency) => of_state('q', state, currency),
        Counter::MethodPayments(method) => front(format!("m{}", letter(PaymentMethod::ALL, method))),
        Counter::Refunded(currency) => front(format!("r{}", currency.code())),
        Counter::Lines => front("l".to_owned()),
        Counter::Ratings => front("v".to_owned()),
        Counter::Stars => front("s".to_owned()),
        Counter::Transitions(from, to) => of_move('c', from, to),
        Counter::TransitionMicros(from, to) => of_move('t', from, to),
    }
}

/// The counter that stands there; none for an attribute that is no counter.
fn cell_at(sk: &str, name: &str) -> Option<Counter> {
    let mut letters = name.chars();
    let kind = letters.next()?;
    if let Some(month) = sk.strip_prefix(BY_DAY) {
        let rest = letters.as_str();
        let day = format!("{month}-{}", rest.get(..2)?).parse().ok()?;
        let currency = Currency::from_code(rest.get(2..)?)?;
        return match kind {
            'n' => Some(Counter::DayOrders(day, currency)),
            'r' => Some(Counter::DayRevenue(day, currency)),
            _ => None,
        };
    }
    if let Some(day) = sk.strip_prefix(AT_QUARTER_HOUR) {
        let rest = letters.as_str();
        let quarter_hour = QuarterHour { day: day.parse().ok()?, number: rest.get(..2)?.parse().ok()? };
        let currency = Currency::from_code(rest.get(2..)?)?;
        return match kind {
            'n' => Some(Counter::QuarterHourOrders(quarter_hour, currency)),
            'r' => Some(Counter::QuarterHourRevenue(quarter_hour, currency)),
            _ => None,
        };
    }
    if let Some(status) = sk.strip_prefix(CELLS) {
        let facets = facets_but_status(status.parse().ok()?, letters.as_str())?;
        return Some(facets).filter(|_| kind == 'n').map(Counter::Orders);
    }
    if let Some(coarse) = sk.strip_prefix(AT_TOTAL).and_then(|rest| rest.strip_prefix('#')) {
        let text = format!("{}{}", long(coarse)?, letters.as_str());
        return TotalBucket::parse(&text).filter(|_| kind == 'n').map(Counter::FineTotals);
    }
    match (sk, kind) {
        (FRONT, _) => shown_at(kind, letters.as_str()),
        (AT_TOTAL, 'n') => TotalBucket::parse(&long(letters.as_str())?).map(Counter::Totals),
        (PAYMENTS, 'n') => payment_facets_of(letters.as_str()).map(Counter::Payments),
        _ => None,
    }
}

/// The counter of `BY_STATUS` with this kind and these letters.
fn shown_at(kind: char, letters: &str) -> Option<Counter> {
    let (first, second) = (letters.chars().next(), letters.chars().nth(1));
    let after = |n: usize| letters.get(n..).and_then(Currency::from_code);
    let month = || format!("20{}-{}-01", letters.get(..2)?, letters.get(2..4)?).parse().ok();
    match kind {
        'n' => Some(Counter::StatusOrders(choice(Status::ALL, first)?, after(1)?)),
        'a' => Some(Counter::StatusAmount(choice(Status::ALL, first)?, after(1)?)),
        'f' => facets_of(letters).map(Counter::Orders),
        'g' => payment_facets_of(letters).map(Counter::Payments),
        'o' => Some(Counter::MonthOrders(month()?)),
        'e' => Some(Counter::MonthRevenue(month()?, after(4)?)),
        'p' => Some(Counter::StatePayments(choice(PaymentState::ALL, first)?, after(1)?)),
        'q' => Some(Counter::StateAmount(choice(PaymentState::ALL, first)?, after(1)?)),
        'm' => Some(Counter::MethodPayments(choice(PaymentMethod::ALL, first)?)),
        'r' => Some(Counter::Refunded(after(0)?)),
        'l' if letters.is_empty() => Some(Counter::Lines),
        'v' if letters.is_empty() => Some(Counter::Ratings),
        's' if letters.is_empty() => Some(Counter::Stars),
        'c' => Some(Counter::Transitions(choice(Status::ALL, first)?, choice(Status::ALL, second)?)),
        't' => Some(Counter::TransitionMicros(choice(Status::ALL, first)?, choice(Status::ALL, second)?)),
        _ => None,
    }
}

pub(crate) fn at_quarter(day: Date) -> String {
    format!("{AT_QUARTER_HOUR}{day}")
}

/// The counters that stand in an item.
pub(crate) fn cells_of(item: &crate::Item) -> impl Iterator<Item = (Counter, Decimal)> {
    let sk = crate::text(item, keys::SK);
    item.iter().filter_map(move |(name, value)| Some((cell_at(sk, name)?, value.as_n().ok()?.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::UserId;
    use oms_domain::order_events::NotificationKind;

    #[test]
    fn every_counter_is_found_again_where_it_was_put() {
        let day = jiff::civil::date(2026, 2, 3);
        let mut cells = vec![
            Counter::DayOrders(day, Currency::USD),
            Counter::DayRevenue(day, Currency::JPY),
            Counter::MonthOrders(jiff::civil::date(2026, 2, 1)),
            Counter::MonthRevenue(jiff::civil::date(2026, 2, 1), Currency::JPY),
            Counter::Refunded(Currency::EUR),
            Counter::Lines,
            Counter::Ratings,
            Counter::Stars,
            Counter::QuarterHourOrders(QuarterHour { day, number: 7 }, Currency::USD),
            Counter::QuarterHourRevenue(QuarterHour { day, number: 99 }, Currency::USD),
        ];
        for status in Status::ALL {
            cells.push(Counter::StatusOrders(*status, Currency::USD));
            cells.push(Counter::StatusAmount(*status, Currency::USD));
            cells.push(Counter::Transitions(Status::Pending, *status));
            cells.push(Counter::TransitionMicros(*status, Status::Refunded));
            for payment_status in PaymentStatus::ALL {
                let facets = OrderFacets {
                    status: *status,
                    payment_status: *payment_status,
                    payment_method: PaymentMethod::Cryptocurrency,
                    shipping_method: ShippingMethod::International,
                    currency: Currency::USD,
                };
                cells.push(Counter::Orders(facets));
            }
        }
        for method in PaymentMethod::ALL {
            cells.push(Counter::MethodPayments(*method));
        }
        for status in PaymentState::ALL {
            cells.push(Counter::StatePayments(*status, Currency::USD));
            cells.push(Counter::StateAmount(*status, Currency::USD));
            for payment_method in PaymentMethod::ALL {
                let (status, payment_method) = (*status, *payment_method);
                for attention in [false, true] {
                    let currency = Currency::USD;
                    cells.push(Counter::Payments(PaymentFacets {
                        status,
                        payment_method,
                        currency,
                        attention,
                    }));
                }
            }
        }
        for total in ["0", "0.05", "9.99", "75.98", "1500", "123456.78"] {
            let total: Decimal = total.parse().unwrap();
            cells.push(Counter::Totals(TotalBucket::coarse(total)));
            cells.push(Counter::FineTotals(TotalBucket::fine(total)));
        }
        for scope in [Scope::All, Scope::User(UserId("ada".to_owned()))] {
            let places: std::collections::BTreeSet<_> =
                cells.iter().map(|cell| place_of(&scope, cell)).collect();
            assert_eq!(places.len(), cells.len());
            for cell in &cells {
                let (sk, name) = place_of(&scope, cell);
                assert_eq!(cell_at(&sk, &name), Some(*cell), "{sk} {name}");
            }
        }
        assert_eq!(cell_at(PAYMENTS, "pk"), None);
        for name in ["pk", "sk", "z", "d2611", "#a"] {
            assert_eq!(cell_at(FRONT, name), None, "{name}");
        }
        assert_eq!(cell_at("BY_DAY#2026-11", "w"), None);
        assert_eq!(cell_at("CELLS#pending", "sk"), None);
    }

    /// Counters, keys of the indexes and inboxes hold these letters. One that changed would give
    /// what is stored another meaning, without a word.
    #[test]
    fn every_choice_keeps_its_letter() {
        fn letters<T: PartialEq + std::fmt::Display>(all: &[T]) -> String {
            let letters: Vec<String> = all.iter().map(|one| format!("{}={one}", letter(all, one))).collect();
            letters.join(" ")
        }
        assert_eq!(
            letters(Status::ALL),
            "a=pending b=confirmed c=processing d=shipped e=out_for_delivery f=delivered g=cancelled h=refunded"
        );
        assert_eq!(
            letters(PaymentStatus::ALL),
            "a=pending b=authorized c=paid d=failed e=partially_refunded f=refunded g=cancelled"
        );
        assert_eq!(
            letters(PaymentMethod::ALL),
            "a=credit_card b=debit_card c=paypal d=bank_transfer e=cash_on_delivery f=digital_wallet g=cryptocurrency"
        );
        assert_eq!(letters(ShippingMethod::ALL), "a=standard b=express c=overnight d=pickup e=international");
        assert_eq!(
            letters(PaymentState::ALL),
            "a=pending b=processing c=authorized d=paid e=failed f=cancelled g=partially_refunded h=refunded"
        );
        assert_eq!(
            letters(NotificationKind::ALL),
            "a=order_status_update b=shipping_update c=order_delivered d=order_cancelled e=refund_processed f=payment_success g=payment_failed"
        );
    }
}
