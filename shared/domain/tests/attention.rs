//! What a person must look at: when it is raised, what it says, and when it is over.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::attention::Dispute;
use oms_domain::business_metrics::{BusinessMetric, measures};
use oms_domain::lifecycle::{NewRefund, RefundOutcome};
use oms_domain::order_events::{EventType, notices};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::place::place;
use oms_domain::{
    Currency, Decimal, Order, PaymentId, PaymentMethod, PaymentState, PaymentStatus, RuleViolation,
};
use serde_json::Map;

fn placed() -> Order {
    let store = store(Currency::USD, Decimal::ZERO, Decimal::TEN);
    let new = new_order(store, vec![line(1, 1)], Decimal::ZERO);
    place(new, &[product(1, Decimal::new(2999, 2))], false, &by(0)).expect("a good order")
}

fn with_payment(order: Order, payment_method: PaymentMethod) -> (Order, PaymentId) {
    let (payment_details, provider) = (Map::new(), PaymentProvider::Simulated);
    let new = NewPayment { payment_method, amount: None, payment_details, provider };
    let order = order.add_payment(new, &by(1)).expect("nothing else is live");
    let id = order.payments.last().expect("it was added").id;
    (order, id)
}

fn finished(order: Order, id: PaymentId, outcome: ChargeOutcome) -> Order {
    let order = order.start_payment(id, PaymentProvider::Simulated, &by(2)).expect("it is pending");
    order.finish_payment(id, outcome, &by(3)).expect("it is processing")
}

fn paid() -> (Order, PaymentId) {
    let (order, id) = with_payment(placed(), PaymentMethod::CreditCard);
    (finished(order, id, ChargeOutcome::Paid(Map::new())), id)
}

fn declined() -> (Order, PaymentId) {
    let (order, id) = with_payment(placed(), PaymentMethod::CreditCard);
    (finished(order, id, ChargeOutcome::Declined(Map::new(), "No.".into())), id)
}

fn attention(order: &Order, id: PaymentId) -> String {
    order.payment(id).expect("it is there").attention_text(Currency::USD)
}

/// The figures of an order's last change, but for that a person must look.
fn figures(order: &Order) -> Vec<BusinessMetric> {
    let mut figures = measures(order, order.version - 1);
    figures.retain(|measure| !matches!(measure, BusinessMetric::NeedsAttention(_)));
    figures
}

/// The events and the alarms of an order's last change.
fn told(order: &Order) -> (Vec<EventType>, bool) {
    let change = order.log.last().expect("it was placed");
    let events = notices(order, change).iter().map(|notice| notice.event_type).collect();
    let is_alarm = |measure: &BusinessMetric| matches!(measure, BusinessMetric::NeedsAttention(_));
    (events, measures(order, order.version - 1).iter().any(is_alarm))
}

#[test]
fn a_refused_refund_needs_a_person_until_as_much_has_gone_back() {
    let (order, id) = paid();
    let order = order.cancel(false, "", &by(4)).expect("it is pending").order;
    let refund = order.payment(id).unwrap().refunds[0].id;
    let refused = order.finish_refund(refund, RefundOutcome::Refused, &by(5)).order;
    assert_eq!(attention(&refused, id), "The gateway refused to pay 39.99 USD back.");
    assert_eq!(told(&refused), (vec![EventType::PaymentRefundFailed], true));
    assert_eq!(figures(&refused), [BusinessMetric::RefundRefused]);

    let again = |order: Order, amount: Option<Decimal>| {
        let new = NewRefund { amount, ..NewRefund::default() };
        let (started, refund) = order.start_refund(id, new, &by(6)).expect("there is enough left");
        started.order.finish_refund(refund, RefundOutcome::Succeeded, &by(7)).order
    };
    let part = again(refused.clone(), Some(Decimal::TEN));
    assert!(part.payment(id).unwrap().needs_attention(), "a part of it is not all of it");
    let whole = again(part, None);
    assert_eq!(attention(&whole, id), "");
    assert_eq!(told(&whole), (vec![EventType::PaymentRefunded], false));
    assert_eq!(figures(&whole), [BusinessMetric::Refunded]);
    // Whoever has looked says so instead; that is no news to anybody else.
    let dismissed = refused.dismiss_attention(id, &by(8));
    assert_eq!((attention(&dismissed, id).as_str(), told(&dismissed)), ("", (vec![], false)));
}

#[test]
fn a_refund_that_fails_after_it_had_succeeded_is_money_that_is_held_again() {
    let (order, id) = paid();
    let (started, refund) = order.start_refund(id, NewRefund::default(), &by(4)).expect("it is paid");
    let back = started.order.finish_refund(refund, RefundOutcome::Succeeded, &by(5)).order;
    assert_eq!(back.payment_status, PaymentStatus::Refunded);
    let failed = back.finish_refund(refund, RefundOutcome::Refused, &by(6)).order;
    let payment = failed.payment(id).unwrap();
    assert_eq!((payment.status, payment.refunded_amount()), (PaymentState::Paid, Decimal::ZERO));
    assert_eq!(payment.refundable_amount(), payment.amount);
    assert_eq!(attention(&failed, id), "The gateway had paid 39.99 USD back, and then it failed.");
    assert_eq!(told(&failed), (vec![EventType::PaymentRefundFailed], true));
    // What has failed stays so, whatever is told late.
    let late = failed.clone().finish_refund(refund, RefundOutcome::Succeeded, &by(7)).order;
    assert_eq!(late, failed);
}

#[test]
fn a_charge_that_goes_through_after_a_decline_is_told_and_paid_back_where_it_is_not_needed() {
    let (order, id) = declined();
    let late = ChargeOutcome::Paid(Map::new());
    let needed = order.clone().finish_payment(id, late.clone(), &by(5)).unwrap();
    assert_eq!((needed.payment_status, needed.payments[0].refunds.len()), (PaymentStatus::Paid, 0));
    assert_eq!(attention(&needed, id), "The gateway charged this payment after it had declined it.");
    assert_eq!(told(&needed), (vec![EventType::PaymentPaid], true));

    let (twice, second) = with_payment(order.clone(), PaymentMethod::CreditCard);
    let twice = finished(twice, second, late.clone()).finish_payment(id, late.clone(), &by(5)).unwrap();
    let called_off = order.cancel(true, "", &by(4)).unwrap().order.finish_payment(id, late, &by(5)).unwrap();
    for order in [twice, called_off] {
        let refund = order.payment(id).unwrap().refunds[0].clone();
        assert_eq!(refund.amount, order.total_amount);
        assert!(order.payment(id).unwrap().needs_attention());
        let back = order.finish_refund(refund.id, RefundOutcome::Succeeded, &by(6)).order;
        assert_eq!(attention(&back, id), "", "all of it is back");
    }
}

#[test]
fn a_dispute_needs_a_person_until_it_is_won_and_a_lost_one_until_somebody_has_looked() {
    let (order, id) = paid();
    let dispute = |status: &str| Dispute::new("dp_1", status, "fraudulent", Decimal::new(3999, 2));
    let open = order.record_dispute(id, dispute("needs_response"), &by(4));
    assert_eq!(attention(&open, id), "The customer's bank disputes 39.99 USD (fraudulent): needs_response.");
    assert_eq!(told(&open), (vec![EventType::PaymentDisputed], true));
    assert_eq!(figures(&open), [BusinessMetric::Disputed]);
    assert_eq!(open.payment_status, PaymentStatus::Paid);
    let same = open.clone().record_dispute(id, dispute("needs_response"), &by(5));
    assert_eq!(same, open);

    let won = open.clone().record_dispute(id, dispute("won"), &by(6));
    assert_eq!((attention(&won, id).as_str(), told(&won)), ("", (vec![EventType::PaymentDisputed], false)));
    assert_eq!(figures(&won), []);
    let lost = open.record_dispute(id, dispute("lost"), &by(6));
    assert_eq!(attention(&lost, id), "The dispute over 39.99 USD (fraudulent) was lost.");
    assert_eq!(told(&lost), (vec![EventType::PaymentDisputed], true));
    assert_eq!(figures(&lost), [BusinessMetric::Disputed]);
    for closed in [won, lost] {
        let late = closed.clone().record_dispute(id, dispute("under_review"), &by(7));
        assert_eq!(late, closed, "it has been closed");
    }
}

#[test]
fn what_cannot_be_is_recorded_and_changes_nothing_else() {
    let (order, id) = paid();
    let said = order.clone().record_contradiction(id, "1 JPY.".into(), &by(4));
    assert_eq!(attention(&said, id), "1 JPY.");
    assert_eq!(told(&said), (vec![EventType::PaymentDisputed], true));
    assert_eq!(figures(&said), [], "it is no dispute");
    let again = said.clone().record_contradiction(id, "1 JPY.".into(), &by(5));
    assert_eq!(again.version, said.version);
    assert_eq!(said.as_of(order.version), Some(order));
}

#[test]
fn what_was_paid_by_hand_goes_back_when_whoever_runs_the_order_says_so() {
    let (order, id) = with_payment(placed(), PaymentMethod::CashOnDelivery);
    let order = order.pay_manually(id, "", &by(2)).unwrap();
    let by_vendor = order.clone().cancel(true, "", &by(3)).unwrap().order;
    assert!(!by_vendor.payments[0].refunds[0].awaits_person && by_vendor.awaits_gateway());

    let called_off = order.cancel(false, "", &by(3)).unwrap().order;
    let refund = called_off.payments[0].refunds[0].id;
    assert_eq!(attention(&called_off, id), "A refund of 39.99 USD waits to be handed over.");
    assert!(!called_off.awaits_gateway(), "nobody is to be asked");
    assert_eq!(called_off.clone().delete(&by(4)), Err(RuleViolation::HoldsPayment));
    let handed = called_off.confirm_refund(refund, &by(4)).unwrap().order;
    assert_eq!((handed.payment_status, attention(&handed, id).as_str()), (PaymentStatus::Refunded, ""));
    assert_eq!(handed.clone().confirm_refund(refund, &by(5)), Err(RuleViolation::RefundNotConfirmable));
    assert!(handed.delete(&by(6)).is_ok());
}

#[test]
fn an_order_that_holds_money_is_not_deleted() {
    let (order, id) = with_payment(placed(), PaymentMethod::CreditCard);
    assert!(order.clone().delete(&by(2)).is_ok(), "nothing has been asked for");
    assert!(declined().0.delete(&by(2)).is_ok());
    let sent = order.start_payment(id, PaymentProvider::Simulated, &by(2)).unwrap();
    assert_eq!(sent.delete(&by(3)), Err(RuleViolation::HoldsPayment));
    let (paid, id) = paid();
    assert_eq!(paid.clone().delete(&by(4)), Err(RuleViolation::HoldsPayment));
    let new = NewRefund { amount: Some(Decimal::ONE), ..NewRefund::default() };
    let (part, refund) = paid.start_refund(id, new, &by(5)).unwrap();
    let part = part.order.finish_refund(refund, RefundOutcome::Succeeded, &by(6)).order;
    assert_eq!(part.clone().delete(&by(7)), Err(RuleViolation::HoldsPayment));
    let (whole, refund) = part.start_refund(id, NewRefund::default(), &by(8)).unwrap();
    assert_eq!(whole.order.clone().delete(&by(9)), Err(RuleViolation::HoldsPayment), "it is on its way");
    assert!(
        whole.order.finish_refund(refund, RefundOutcome::Succeeded, &by(9)).order.delete(&by(10)).is_ok()
    );
}

#[test]
fn a_charge_of_a_payment_that_was_taken_out_puts_it_back() {
    let (order, id) = declined();
    let removed = order.remove_payment(id, &by(4)).unwrap();
    assert!(removed.payments.is_empty());
    let charged = removed.finish_payment(id, ChargeOutcome::Paid(Map::new()), &by(5)).unwrap();
    assert_eq!((charged.payments.len(), charged.payment_status), (1, PaymentStatus::Paid));
    assert!(charged.payment(id).unwrap().needs_attention());
    assert_eq!(told(&charged), (vec![EventType::PaymentPaid], true));
}

#[test]
fn a_charge_is_as_old_as_its_sending_whatever_is_noted_of_it_since() {
    let (order, id) = with_payment(placed(), PaymentMethod::CreditCard);
    let order =
        order.start_payment_with_customer(id, PaymentProvider::Stripe, &by(2)).expect("it is pending");
    let order = order.record_contradiction(id, "1 JPY.".into(), &by(50));
    let order = order.dismiss_attention(id, &by(60));
    let order = order.cancel(false, "", &by(70)).expect("it is pending").order;
    let payment = order.payment(id).expect("it is there");
    assert_eq!((payment.status, payment.updated_at), (PaymentState::Processing, by(70).at));
    assert_eq!(order.sent_at(payment), by(2).at);
    // Of an order whose log no longer tells, it is asked as of one that may have been forgotten.
    let forgotten = Order { log: Vec::new(), ..order.clone() };
    assert_eq!(forgotten.sent_at(payment), by(1).at);
}
