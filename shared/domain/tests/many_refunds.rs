//! A payment that is paid back in many parts: the last of its money always finds its way back.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::lifecycle::{NewRefund, RefundOutcome};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{
    ChargeOutcome, MAX_LATE_REASON_CHARS, MAX_REFUNDS, MAX_REFUNDS_EVER, PaymentProvider,
};
use oms_domain::place::place;
use oms_domain::{Currency, Decimal, Order, PaymentId, PaymentMethod, PaymentState, RuleViolation};
use serde_json::Map;

fn paid() -> (Order, PaymentId) {
    let store = store(Currency::USD, Decimal::ZERO, Decimal::ZERO);
    let new = new_order(store, vec![line(1, 1)], Decimal::ZERO);
    let order = place(new, &[product(1, Decimal::ONE_HUNDRED)], false, &by(0)).expect("a good order");
    let (payment_method, provider) = (PaymentMethod::CreditCard, PaymentProvider::Simulated);
    let new = NewPayment { payment_method, amount: None, payment_details: Map::new(), provider };
    let order = order.add_payment(new, &by(1)).expect("nothing else is live");
    let id = order.payments[0].id;
    let order = order.start_payment(id, PaymentProvider::Simulated, &by(2)).expect("it is pending");
    (order.finish_payment(id, ChargeOutcome::Paid(Map::new()), &by(3)).expect("it was sent"), id)
}

fn refund(
    order: Order,
    id: PaymentId,
    amount: Option<Decimal>,
    outcome: RefundOutcome,
) -> Result<Order, RuleViolation> {
    let new = NewRefund { amount, reason: "Broken ".repeat(60), ..NewRefund::default() };
    let (started, refund) = order.start_refund(id, new, &by(4))?;
    Ok(started.order.finish_refund(refund, outcome, &by(5)).order)
}

#[test]
fn all_that_is_left_goes_back_after_as_many_parts_as_there_may_be() {
    let (mut order, id) = paid();
    let cent = Some(Decimal::new(1, 2));
    for _ in 0..MAX_REFUNDS {
        order = refund(order, id, cent, RefundOutcome::Succeeded).expect("a part");
    }
    let full = |limit| Err(RuleViolation::Full { what: "refunds", limit });
    assert_eq!(refund(order.clone(), id, cent, RefundOutcome::Succeeded), full(MAX_REFUNDS));
    let left = order.payment(id).unwrap().refundable_amount();
    for amount in [None, Some(left)] {
        let back = refund(order.clone(), id, amount, RefundOutcome::Succeeded).expect("all of it");
        let payment = back.payment(id).unwrap();
        assert_eq!((payment.status, payment.refunded_amount()), (PaymentState::Refunded, payment.amount));
        assert_eq!(payment.refunds[MAX_REFUNDS].reason.chars().count(), MAX_LATE_REASON_CHARS);
        assert!(back.delete(&by(6)).is_ok());
    }
    // A gateway that refuses is asked again, though not for ever.
    for _ in MAX_REFUNDS..MAX_REFUNDS_EVER {
        order = refund(order, id, None, RefundOutcome::Refused).expect("one more try");
    }
    assert_eq!(refund(order.clone(), id, None, RefundOutcome::Succeeded), full(MAX_REFUNDS_EVER));
    let ids: std::collections::BTreeSet<_> =
        order.payments[0].refunds.iter().map(|refund| refund.id).collect();
    assert_eq!(ids.len(), MAX_REFUNDS_EVER);
}
