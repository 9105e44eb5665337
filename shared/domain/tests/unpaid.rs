//! Until when orders may stay unpaid, through random lives of theirs.

mod fixtures;

use fixtures::{at, by, line, new_order, product, store};
use oms_domain::lifecycle::Shipment;
use oms_domain::paying::NewPayment;
use oms_domain::payment::{AfterRefund, ChargeOutcome, PaymentProvider};
use oms_domain::place::place;
use oms_domain::unpaid::{NOT_PAID_IN_TIME, UnpaidLimits};
use oms_domain::{
    Actor, Currency, Decimal, Order, PaymentMethod, PaymentState, RuleViolation, Status, UserId, lifecycle,
};
use proptest::prelude::*;
use serde_json::Map;

/// In seconds: how long cards are waited for, and cash.
const CARDS_S: i64 = 60 * 60;
const CASH_S: i64 = 5 * CARDS_S;
/// When everybody has gone home.
const END_S: i64 = 1_000_000;

fn placed(method: PaymentMethod, minutes: Option<u32>, manual_minutes: Option<u32>) -> Order {
    let mut store = store(Currency::USD, Decimal::new(1, 1), Decimal::TEN);
    store.unpaid_limits = UnpaidLimits { minutes, manual_minutes };
    let mut new = new_order(store, vec![line(1, 2)], Decimal::ZERO);
    new.payment_method = method;
    place(new, &[product(1, Decimal::new(2999, 2))], false, &by(0)).expect("a good order")
}

/// What may be done to a payment or an order while somebody waits for its money.
#[derive(Clone, Copy, Debug)]
enum Command {
    Pay(PaymentMethod),
    Switch(PaymentMethod),
    Remove,
    Start,
    Finish { paid: bool },
    Manual,
    Confirm,
    Refund,
    FinishRefund,
}

fn command() -> impl Strategy<Value = Command> {
    let method = || prop::sample::select(PaymentMethod::ALL);
    prop_oneof![
        3 => method().prop_map(Command::Pay),
        2 => method().prop_map(Command::Switch),
        2 => Just(Command::Remove),
        3 => Just(Command::Start),
        3 => any::<bool>().prop_map(|paid| Command::Finish { paid }),
        1 => Just(Command::Manual),
        1 => Just(Command::Confirm),
        1 => Just(Command::Refund),
        1 => Just(Command::FinishRefund),
    ]
}

fn run(order: Order, command: Command, by: &Actor) -> Result<Order, RuleViolation> {
    let last = order.payments.last().map(|payment| payment.id).ok_or(RuleViolation::PaymentFixed);
    let provider = PaymentProvider::Simulated;
    match command {
        Command::Pay(payment_method) => order.add_payment(
            NewPayment { payment_method, amount: None, payment_details: Map::new(), provider },
            by,
        ),
        Command::Switch(method) => order.edit_payment(last?, Some(method), None, by),
        Command::Remove => order.remove_payment(last?, by),
        Command::Start => order.start_payment(last?, provider, by),
        Command::Finish { paid: true } => order.finish_payment(last?, ChargeOutcome::Paid(Map::new()), by),
        Command::Finish { paid: false } => {
            order.finish_payment(last?, ChargeOutcome::Declined(Map::new(), "No.".into()), by)
        }
        Command::Manual => order.pay_manually(last?, "R-1", by),
        Command::Confirm => order.confirm(by),
        Command::Refund => {
            let refund =
                lifecycle::NewRefund { amount: None, reason: String::new(), then: AfterRefund::Nothing };
            order.start_refund(last?, refund, by).map(|(started, _)| started.order)
        }
        Command::FinishRefund => {
            let pending = order.payments.iter().flat_map(|payment| payment.pending_refunds()).next();
            let id = pending.ok_or(RuleViolation::PaymentFixed)?.id;
            Ok(order.finish_refund(id, lifecycle::RefundOutcome::Succeeded, by).order)
        }
    }
}

fn system(second: i64) -> Actor {
    Actor { id: UserId("system".into()), at: at(second) }
}

/// An order, and the messages about it that are on their way: when each is due.
struct World {
    order: Order,
    messages: Vec<i64>,
    seen: u64,
}

impl World {
    /// The worker does what is due by some second. Each message comes twice.
    fn pass(&mut self, second: i64) {
        while let Some(due) = self.messages.iter().copied().filter(|due| *due <= second).min() {
            self.messages.retain(|message| *message != due);
            for _ in 0..2 {
                let before = self.order.clone();
                let money_is_there = before.payments.iter().any(|payment| {
                    matches!(
                        payment.status,
                        PaymentState::Processing | PaymentState::Authorized | PaymentState::Paid
                    )
                });
                let moved = before.clone().expire(&system(due)).expect("what is pending can be called off");
                if moved.order != before {
                    assert!(before.status == Status::Pending && !money_is_there);
                    assert_eq!(moved.order.status, Status::Cancelled);
                    assert_eq!(moved.stock.iter().map(|back| back.quantity).sum::<i64>(), 2);
                    let last = moved.order.log.last().expect("a log");
                    assert_eq!((last.by.0.as_str(), last.reason.as_str()), ("system", NOT_PAID_IN_TIME));
                }
                self.order = moved.order;
                if let Some(later) = self.order.unpaid_until() {
                    assert!(later > at(due), "or it goes round for ever");
                    self.messages.push(later.as_second() - at(0).as_second());
                }
            }
        }
    }

    /// The stream's consumer has read all that happened.
    fn publish(&mut self) {
        let until = self.order.newly_unpaid_until(self.seen);
        self.messages.extend(until.map(|until| until.as_second() - at(0).as_second()));
        self.seen = self.order.version;
    }
}

proptest! {
    #[test]
    fn nobody_keeps_goods_past_the_time_and_nobody_loses_them_before(
        method in prop::sample::select(PaymentMethod::ALL),
        commands in prop::collection::vec((command(), 1i64..CARDS_S, any::<bool>()), 0..12),
    ) {
        let order = placed(method, Some(60), Some(300));
        let mut world = World { order, messages: Vec::new(), seen: 0 };
        world.publish();
        let mut second = 0;
        for (command, pause, is_read) in commands {
            second += pause;
            world.pass(second);
            if let Ok(order) = run(world.order.clone(), command, &by(second)) {
                world.order = order;
            }
            if is_read {
                world.publish();
                world.pass(second);
            }
            let is_called_off = world.order.status == Status::Cancelled;
            prop_assert!(!is_called_off || second >= CARDS_S);
        }
        world.publish();
        world.pass(END_S.max(second));
        prop_assert_eq!(world.order.unpaid_until(), None, "{:?}", world.order.log);
    }
}

#[test]
fn how_long_is_waited_depends_on_who_takes_the_money() {
    for method in PaymentMethod::ALL {
        let is_cash = matches!(method, PaymentMethod::CashOnDelivery | PaymentMethod::BankTransfer);
        let after = if is_cash { CASH_S } else { CARDS_S };
        let order = placed(*method, Some(60), Some(300));
        assert_eq!(order.unpaid_until(), Some(at(after)), "{method}");
        let early = order.clone().expire(&system(after - 1)).unwrap();
        assert_eq!((early.order, early.stock.len()), (order.clone(), 0), "{method}");
        assert_eq!(order.expire(&system(after)).unwrap().order.status, Status::Cancelled, "{method}");
        let for_ever = if is_cash { (Some(60), None) } else { (None, Some(300)) };
        assert_eq!(placed(*method, for_ever.0, for_ever.1).unpaid_until(), None, "{method}");
    }
}

#[test]
fn a_payment_that_waits_says_how_it_is_paid_and_is_called_off_with_its_order() {
    let order = placed(PaymentMethod::CreditCard, Some(60), None);
    let cash = run(order.clone(), Command::Pay(PaymentMethod::BankTransfer), &by(1)).unwrap();
    assert_eq!(cash.unpaid_until(), None);
    let card = run(cash, Command::Switch(PaymentMethod::DebitCard), &by(CARDS_S * 2)).unwrap();
    assert_eq!(card.newly_unpaid_until(2), Some(at(CARDS_S)), "its time has run out already");
    assert_eq!(card.newly_unpaid_until(3), None);
    let expired = card.expire(&system(CARDS_S * 2)).unwrap().order;
    assert_eq!(expired.payments[0].status, PaymentState::Cancelled);
    assert!(run(expired, Command::Start, &by(CARDS_S * 2)).is_err());
}

#[test]
fn an_order_of_before_waits_for_ever_and_one_without_limits_is_stored_as_it_was() {
    let order = placed(PaymentMethod::CreditCard, None, None);
    let stored = serde_json::to_value(&order).unwrap();
    assert!(stored.get("unpaid_limits").is_none());
    let read: Order = serde_json::from_value(stored).unwrap();
    assert_eq!(read.unpaid_until(), None);
    let shipped = placed(PaymentMethod::CreditCard, Some(1), None).confirm(&by(1)).unwrap();
    let shipped = shipped.ship(Shipment::default(), &by(2)).unwrap();
    assert_eq!(shipped.unpaid_until(), None);
}
