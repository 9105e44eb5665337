use super::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oms_domain::tally::Counter;

fn counts(cells: &[(Counter, i64)]) -> Counts {
    cells.iter().map(|(counter, value)| (*counter, Decimal::from(*value))).collect()
}

fn order_stats(counts: &Counts) -> OrderStats {
    let calendar = Calendar::new(Timestamp::UNIX_EPOCH, TimeZone::UTC, &TimeZone::UTC);
    OrderStats::new(counts, Currency::USD, &calendar, &[])
}

fn payment_stats(counts: &Counts) -> PaymentStats {
    PaymentStats::new(counts, Currency::USD, &[], &[])
}

#[test]
fn figures_are_rounded_half_up() {
    let (from, to) = (Status::Pending, Status::Confirmed);
    // 33 of 8 are 4.125; half to even would be 4.12.
    let stats = order_stats(&counts(&[
        (Counter::Ratings, 8),
        (Counter::Stars, 33),
        (Counter::Transitions(from, to), 2),
        (Counter::TransitionMicros(from, to), 1_000),
    ]));
    assert_eq!(stats.customer_satisfaction.average, Some(4.13));
    assert_eq!(stats.status_transition_times["pending→confirmed"].average_seconds, 0.001);
    // 1 of 32 is 0.03125, which half to even would keep at 0.0312.
    let finished = [
        (Counter::StatePayments(PaymentState::Paid, Currency::USD), 1),
        (Counter::StatePayments(PaymentState::Failed, Currency::USD), 31),
    ];
    assert_eq!(payment_stats(&counts(&finished)).success_rate, 0.0313);
}

#[test]
fn a_currency_of_which_nothing_is_counted_is_left_out() {
    let counted = counts(&[
        (Counter::StatusOrders(Status::Pending, Currency::USD), 0),
        (Counter::StatusOrders(Status::Pending, Currency::EUR), 1),
        (Counter::StatusOrders(Status::Pending, Currency::JPY), 1),
        (Counter::StatePayments(PaymentState::Paid, Currency::EUR), 1),
        (Counter::StatePayments(PaymentState::Paid, Currency::JPY), 0),
        (Counter::StatePayments(PaymentState::Paid, Currency::CHF), 1),
    ]);
    let of_orders: Vec<_> = order_stats(&counted).by_currency.into_keys().collect();
    assert_eq!(of_orders, ["EUR", "JPY"]);
    let of_payments: Vec<_> = payment_stats(&counted).by_currency.into_keys().collect();
    assert_eq!(of_payments, ["CHF", "EUR"]);
}
