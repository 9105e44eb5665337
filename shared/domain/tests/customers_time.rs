//! The hour that a customer has for what their bank asks.

mod fixtures;

use fixtures::{at, by, line, new_order, product, store};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::place::place;
use oms_domain::{Currency, Decimal, Order, PaymentMethod, PaymentState};
use serde_json::Map;

const HOUR_S: i64 = 3_600;

fn waiting() -> Order {
    let store = store(Currency::USD, Decimal::new(1, 1), Decimal::TEN);
    let new = new_order(store, vec![line(1, 2)], Decimal::ZERO);
    let order = place(new, &[product(1, Decimal::new(2999, 2))], false, &by(0)).expect("a good order");
    let payment_method = PaymentMethod::CreditCard;
    let new = NewPayment {
        payment_method,
        amount: None,
        payment_details: Map::new(),
        provider: PaymentProvider::Stripe,
    };
    let order = order.add_payment(new, &by(10)).expect("it can be paid");
    let id = order.payments[0].id;
    order.start_payment_with_customer(id, PaymentProvider::Stripe, &by(20)).expect("it is pending")
}

#[test]
fn a_payment_waits_for_its_customer_for_an_hour_and_not_where_nobody_does() {
    let order = waiting();
    let until = at(20 + HOUR_S);
    for second in [20, 100, 19 + HOUR_S] {
        assert_eq!(order.waits_for_customer_until(at(second)), Some(until));
        assert!(!order.payments[0].is_over_for_customer(at(second)));
    }
    assert_eq!(order.waits_for_customer_until(until), None);
    assert!(order.payments[0].is_over_for_customer(until));
    let mut away = waiting();
    away.payments[0].customer_until = None;
    assert!(away.waits_for_customer_until(at(20)).is_none() && !away.payments[0].is_over_for_customer(until));
}

#[test]
fn a_gateway_owes_an_answer_from_when_it_was_asked_or_the_customer_s_time_was_over() {
    let order = waiting();
    assert_eq!(order.awaits_gateway_since(), Some(at(20 + HOUR_S)));
    let mut away = waiting();
    away.payments[0].customer_until = None;
    assert_eq!(away.awaits_gateway_since(), Some(at(20)));
    let id = order.payments[0].id;
    let paid = order.finish_payment(id, ChargeOutcome::Paid(Map::new()), &by(30)).unwrap();
    assert_eq!(paid.awaits_gateway_since(), None);
    let cancelled = paid.cancel(true, "", &by(40)).unwrap().order;
    assert_eq!(cancelled.awaits_gateway_since(), Some(at(40)), "the refund");
}

#[test]
fn an_order_that_is_called_off_waits_for_nobody() {
    let ended = waiting().cancel(false, "", &by(60)).unwrap().order;
    let payment = &ended.payments[0];
    assert_eq!((payment.status, ended.waits_for_customer_until(at(60))), (PaymentState::Processing, None));
    assert!(payment.is_over_for_customer(at(60)));
    assert!(
        ended.log.last().unwrap().changes.keys().any(|path| path.starts_with("payments.")),
        "or nobody looks"
    );
    // The money that comes all the same is paid back.
    let paid = ended.clone().finish_payment(payment.id, ChargeOutcome::Paid(Map::new()), &by(70)).unwrap();
    assert_eq!(paid.payments[0].pending_refunds().count(), 1);
    assert!(!paid.payments[0].is_over_for_customer(at(HOUR_S * 2)));
}
