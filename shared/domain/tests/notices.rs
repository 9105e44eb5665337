//! What those who run a store are told.

mod fixtures;

use fixtures::{at, by, line, new_order, product, store};
use oms_domain::order_events::EventType;
use oms_domain::place::place;
use oms_domain::{Actor, Currency, Decimal, Order, UserId};

fn order() -> Order {
    let store = store(Currency::USD, Decimal::ZERO, Decimal::ZERO);
    let new = new_order(store, vec![line(1, 1)], Decimal::ZERO);
    place(new, &[product(1, Decimal::TEN)], false, &by(0)).expect("it is placed")
}

#[test]
fn a_reason_stands_on_one_line_as_the_words_of_whoever_gave_it() {
    let customer = order().user.id.0;
    let reason = "Too late.\r\n\r\nPayment: \"Paid\"\u{202E}";
    for (who, told) in [
        (customer.as_str(), ". The customer wrote: \"Too late. Payment: 'Paid'\""),
        ("somebody else", ". The seller wrote: \"Too late. Payment: 'Paid'\""),
        ("system", ": Too late. Payment: \"Paid\""),
    ] {
        let actor = Actor { id: UserId(who.to_owned()), at: at(1) };
        let order = order().cancel(true, reason, &actor).expect("it is cancelled").order;
        let change = order.log.last().expect("a change");
        let report = EventType::OrderCancelled.report(&order, change);
        assert_eq!(report, format!("Order {} has been cancelled{told}", order.order_number));
    }
}

#[test]
fn nothing_said_is_nothing_told() {
    let order = order().cancel(true, " \u{200B} ", &by(1)).expect("it is cancelled").order;
    let report = EventType::OrderCancelled.report(&order, order.log.last().expect("a change"));
    assert_eq!(report, format!("Order {} has been cancelled.", order.order_number));
}
