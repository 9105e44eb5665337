//! Orders that cost nothing: their payment is paid and goes back without a gateway.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::lifecycle::{NewRefund, Shipment};
use oms_domain::order_events::{EventType, notices};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::place::{StockMove, place};
use oms_domain::{
    Currency, Decimal, Order, PaymentId, PaymentMethod, PaymentState, PaymentStatus, RefundState,
    RuleViolation, Status,
};
use serde_json::Map;

/// An order of which all has been taken off, with a payment that nobody has sent.
fn pending() -> (Order, PaymentId) {
    let store = store(Currency::USD, Decimal::ZERO, Decimal::TEN);
    let new = new_order(store, vec![line(1, 2)], Decimal::from(30));
    let order = place(new, &[product(1, Decimal::TEN)], true, &by(0)).expect("a good order");
    assert!(order.total_amount.is_zero());
    let (payment_method, provider) = (PaymentMethod::CreditCard, PaymentProvider::Stripe);
    let new = NewPayment { payment_method, amount: None, payment_details: Map::new(), provider };
    let order = order.add_payment(new, &by(1)).expect("nothing else is live");
    let id = order.payments[0].id;
    (order, id)
}

fn paid() -> (Order, PaymentId) {
    let (order, id) = pending();
    (order.start_payment(id, PaymentProvider::Stripe, &by(2)).expect("it is pending"), id)
}

fn shipped() -> (Order, PaymentId) {
    let (order, id) = paid();
    let confirmed = order.confirm(&by(3)).expect("it is pending");
    (confirmed.ship(Shipment::default(), &by(4)).expect("it is confirmed"), id)
}

fn events(order: &Order) -> Vec<EventType> {
    let change = order.log.last().expect("it was placed");
    notices(order, change).iter().map(|notice| notice.event_type).collect()
}

#[test]
fn a_payment_of_nothing_is_paid_at_once_and_sent_to_nobody() {
    let (order, id) = pending();
    let waits = order.clone().start_payment_with_customer(id, PaymentProvider::Stripe, &by(2)).unwrap();
    for order in [paid().0, waits] {
        let payment = order.payment(id).unwrap();
        assert_eq!((payment.status, payment.provider), (PaymentState::Paid, Some(PaymentProvider::Manual)));
        assert_eq!((payment.processed_at, payment.customer_until), (Some(by(2).at), None));
        assert_eq!((order.payment_status, order.awaits_gateway()), (PaymentStatus::Paid, false));
        assert_eq!(events(&order), [EventType::PaymentPaid]);
        let again = order.start_payment(id, PaymentProvider::Stripe, &by(3));
        assert_eq!(again, Err(RuleViolation::PaymentNotProcessable));
    }
}

#[test]
fn cancelling_gives_back_a_payment_of_nothing_at_once_whoever_cancels() {
    for as_manager in [true, false] {
        let (order, id) = paid();
        let cancelled = order.cancel(as_manager, "No more", &by(3)).unwrap().order;
        let payment = cancelled.payment(id).unwrap();
        assert_eq!((payment.status, payment.refunds.len()), (PaymentState::Refunded, 1));
        assert_eq!(cancelled.payment_status, PaymentStatus::Refunded);
        assert!(!cancelled.awaits_gateway() && !payment.needs_attention());
        assert!(cancelled.delete(&by(4)).is_ok());
    }
}

#[test]
fn an_order_that_cost_nothing_is_refunded_in_one_step_with_its_pieces() {
    for restock in [true, false] {
        let (order, id) = shipped();
        assert!(order.can_refund());
        let seen = order.version;
        let (moved, refund) = order.start_order_refund(restock, "Broken", &by(5)).unwrap();
        let order = moved.order;
        assert_eq!((order.version, order.status), (seen + 1, Status::Refunded));
        assert_eq!(order.payment_status, PaymentStatus::Refunded);
        let refund = order.payment(id).unwrap().refund(refund).unwrap();
        assert_eq!((refund.amount, refund.status), (Decimal::ZERO, RefundState::Succeeded));
        assert_eq!(refund.reason, "Broken");
        let pieces: Vec<StockMove> = order.lines.iter().map(StockMove::back_from).collect();
        assert_eq!(moved.stock, if restock { pieces } else { Vec::new() });
        assert_eq!(events(&order), [EventType::OrderRefunded, EventType::PaymentRefunded]);
        assert!(order.delete(&by(6)).is_ok());
    }
}

#[test]
fn a_payment_of_nothing_is_refunded_once_and_by_no_other_amount() {
    let (order, id) = paid();
    let of = |amount: Option<i64>| NewRefund { amount: amount.map(Decimal::from), ..NewRefund::default() };
    for (amount, words) in
        [(-1, "Ensure this value is greater than 0."), (1, "Ensure this value is less than or equal to 0.")]
    {
        let refused = order.clone().start_refund(id, of(Some(amount)), &by(3));
        let message = words.to_owned();
        assert_eq!(refused, Err(RuleViolation::Field { field: "amount", message }));
    }
    for amount in [None, Some(0)] {
        let back = order.clone().start_refund(id, of(amount), &by(3)).unwrap().0.order;
        assert_eq!(back.payment(id).unwrap().status, PaymentState::Refunded);
        let again = back.start_refund(id, of(None), &by(4));
        assert_eq!(again, Err(RuleViolation::PaymentNotRefundable));
    }
}

#[test]
fn an_order_that_holds_a_payment_of_nothing_can_be_deleted() {
    assert!(paid().0.delete(&by(3)).is_ok());
    assert!(shipped().0.delete(&by(5)).is_ok());
}

#[test]
fn what_a_gateway_says_of_a_payment_of_nothing_needs_no_other_answer() {
    let (order, id) = pending();
    let mut sent = order;
    sent.payments[0].status = PaymentState::Processing;
    assert_eq!(sent.clone().delete(&by(3)), Err(RuleViolation::HoldsPayment));
    let called_off = sent.cancel(true, "", &by(3)).unwrap().order;
    let charged = called_off.finish_payment(id, ChargeOutcome::Paid(Map::new()), &by(4)).unwrap();
    assert_eq!(charged.payment_status, PaymentStatus::Refunded);
    assert!(!charged.awaits_gateway());
}
