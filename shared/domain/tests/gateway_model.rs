//! Random interleavings of paying, paying back and calling off, with a gateway whose answers get
//! lost, come twice, late and out of order, and that changes its mind: in the end it and the order
//! agree to the cent, and what could not be set right is told to a person.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::lifecycle::{NewRefund, RefundOutcome, Shipment};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{AfterRefund, ChargeOutcome, PaymentProvider};
use oms_domain::place::place;
use oms_domain::{
    Actor, Currency, Decimal, Order, PaymentId, PaymentMethod, PaymentState, PaymentStatus, RefundId,
    RefundState, Status,
};
use proptest::prelude::*;
use serde_json::Map;
use std::collections::BTreeMap;

/// A gateway as gateways are: each key has one answer, which only the gateway itself takes back.
#[derive(Debug, Default)]
struct Gateway {
    charges: BTreeMap<PaymentId, (Decimal, bool)>,
    refunds: BTreeMap<RefundId, (Decimal, bool)>,
    moves: BTreeMap<String, u32>,
}

impl Gateway {
    fn charge(&mut self, id: PaymentId, amount: Decimal, approves: bool) -> ChargeOutcome {
        let known = self.charges.get(&id).copied();
        let (_, is_paid) = known.unwrap_or_else(|| {
            *self.moves.entry(id.to_string()).or_default() += u32::from(approves);
            self.charges.insert(id, (amount, approves));
            (amount, approves)
        });
        outcome(is_paid)
    }

    /// Refuses what is more than is left, as a real one does.
    fn refund(&mut self, id: RefundId, amount: Decimal, approves: bool) -> RefundOutcome {
        let known = self.refunds.get(&id).map(|(_, went_back)| *went_back);
        let went_back = known.unwrap_or_else(|| {
            let went_back = approves && amount <= self.left(id.payment());
            *self.moves.entry(id.to_string()).or_default() += u32::from(went_back);
            self.refunds.insert(id, (amount, went_back));
            went_back
        });
        if went_back { RefundOutcome::Succeeded } else { RefundOutcome::Refused }
    }

    /// Charges after all what it had declined, or finds that what it had paid back did not arrive.
    fn changes_its_mind(&mut self, which: &prop::sample::Index) {
        let declined = self.charges.iter_mut().filter(|(_, (_, is_paid))| !*is_paid);
        let mut charges: Vec<_> = declined.collect();
        let went_back = self.refunds.values_mut().filter(|(_, went_back)| *went_back);
        let mut refunds: Vec<_> = went_back.collect();
        match which.index(charges.len() + refunds.len() + 1) {
            at if at < charges.len() => {
                charges[at].1.1 = true;
                *self.moves.entry(charges[at].0.to_string()).or_default() += 1;
            }
            at if at < charges.len() + refunds.len() => refunds[at - charges.len()].1 = false,
            _ => {}
        }
    }

    fn left(&self, payment: PaymentId) -> Decimal {
        let charged = self.charges.get(&payment).filter(|(_, is_paid)| *is_paid);
        let back = self.refunds.iter().filter(|(id, (_, went_back))| id.payment() == payment && *went_back);
        charged.map_or(Decimal::ZERO, |(amount, _)| *amount)
            - back.map(|(_, (amount, _))| *amount).sum::<Decimal>()
    }
}

fn outcome(is_paid: bool) -> ChargeOutcome {
    if is_paid { ChargeOutcome::Paid(Map::new()) } else { ChargeOutcome::Declined(Map::new(), "No.".into()) }
}

/// Something that a process has still to do. It may die before.
#[derive(Clone, Debug)]
enum Task {
    Charge(PaymentId, Decimal),
    Refund(RefundId, Decimal),
    WriteCharge(PaymentId, ChargeOutcome),
    WriteRefund(RefundId, RefundOutcome),
}

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    Pay,
    PayByHand,
    Start,
    Refund {
        cents: Option<u16>,
    },
    RefundOrder,
    Cancel {
        as_manager: bool,
    },
    /// Whoever runs the order has handed over a refund.
    HandOver,
    ChangeOfMind {
        which: prop::sample::Index,
    },
    Ship,
    Delete,
    RemovePayment,
    /// A process goes on, and the gateway likes it or not.
    RecentWrite {
        which: prop::sample::Index,
        approves: bool,
    },
    /// The gateway is asked, and its answer gets lost.
    Timeout {
        which: prop::sample::Index,
        approves: bool,
    },
    /// A process dies.
    Die {
        which: prop::sample::Index,
    },
    /// The gateway tells by itself what it knows, as often as it likes.
    Webhook {
        which: prop::sample::Index,
    },
    /// The queue brings a message.
    Settle,
}

fn event() -> impl Strategy<Value = Event> {
    let which = any::<prop::sample::Index>;
    let likely = || prop::bool::weighted(0.8);
    prop_oneof![
        3 => Just(Event::Pay),
        1 => Just(Event::PayByHand),
        4 => Just(Event::Start),
        4 => prop::option::of(1u16..3000).prop_map(|cents| Event::Refund { cents }),
        1 => Just(Event::RefundOrder),
        1 => any::<bool>().prop_map(|as_manager| Event::Cancel { as_manager }),
        1 => Just(Event::HandOver),
        1 => which().prop_map(|which| Event::ChangeOfMind { which }),
        1 => Just(Event::Ship),
        1 => prop::bool::weighted(0.1).prop_map(|yes| if yes { Event::Delete } else { Event::Settle }),
        1 => Just(Event::RemovePayment),
        8 => (which(), likely()).prop_map(|(which, approves)| Event::RecentWrite { which, approves }),
        2 => (which(), likely()).prop_map(|(which, approves)| Event::Timeout { which, approves }),
        1 => which().prop_map(|which| Event::Die { which }),
        3 => which().prop_map(|which| Event::Webhook { which }),
        1 => Just(Event::Settle),
    ]
}

struct World {
    order: Order,
    gateway: Gateway,
    tasks: Vec<Task>,
    second: i64,
}

impl World {
    fn new() -> Self {
        let store = store(Currency::USD, Decimal::ZERO, Decimal::TEN);
        let new = new_order(store, vec![line(1, 1)], Decimal::ZERO);
        let order = place(new, &[product(1, Decimal::new(2999, 2))], false, &by(0)).expect("a good order");
        Self { order, gateway: Gateway::default(), tasks: Vec::new(), second: 0 }
    }

    fn acting(&mut self) -> Actor {
        self.second += 1;
        by(self.second)
    }

    fn happens(&mut self, event: &Event) {
        let by = self.acting();
        let order = self.order.clone();
        let last = order.payments.last().map(|payment| payment.id);
        let last = last.unwrap_or_else(|| order.id.payment(0));
        let decided = match event {
            Event::Pay => {
                let payment_method = PaymentMethod::CreditCard;
                let (payment_details, provider) = (Map::new(), PaymentProvider::Simulated);
                order
                    .add_payment(NewPayment { payment_method, amount: None, payment_details, provider }, &by)
                    .ok()
            }
            Event::PayByHand => order.pay_manually(last, "R-1", &by).ok(),
            Event::Start => order.start_payment(last, PaymentProvider::Simulated, &by).ok(),
            Event::Refund { cents } => {
                let amount = cents.map(|cents| Decimal::new(i64::from(cents), 2));
                let refund = NewRefund { amount, reason: String::new(), then: AfterRefund::Nothing };
                order.start_refund(last, refund, &by).ok().map(|(started, _)| started.order)
            }
            Event::RefundOrder => {
                order.start_order_refund(false, "", &by).ok().map(|(started, _)| started.order)
            }
            Event::Cancel { as_manager } => order.cancel(*as_manager, "", &by).ok().map(|moved| moved.order),
            Event::HandOver => {
                let refunds = order.payments.iter().flat_map(|payment| payment.pending_refunds());
                let id = refunds.map(|refund| refund.id).next();
                id.and_then(|id| order.confirm_refund(id, &by).ok()).map(|moved| moved.order)
            }
            Event::ChangeOfMind { which } => return self.gateway.changes_its_mind(which),
            Event::Ship => {
                let confirmed = order.confirm(&by).and_then(|order| order.ship(Shipment::default(), &by));
                confirmed.ok()
            }
            Event::Delete => order.delete(&by).ok().map(|moved| moved.order),
            Event::RemovePayment => order.remove_payment(last, &by).ok(),
            Event::RecentWrite { which, approves } => return self.step(which, *approves, false),
            Event::Timeout { which, approves } => return self.step(which, *approves, true),
            Event::Die { which } => {
                if !self.tasks.is_empty() {
                    self.tasks.swap_remove(which.index(self.tasks.len()));
                }
                return;
            }
            Event::Webhook { which } => return self.webhook(which),
            Event::Settle => return self.ask_for_all(),
        };
        if let Some(order) = decided {
            self.order = order;
            self.ask_for_all();
        }
    }

    /// Whoever saved an order that waits for the gateway, and the queue after it, asks.
    fn ask_for_all(&mut self) {
        for payment in &self.order.payments {
            if payment.status == PaymentState::Processing {
                self.tasks.push(Task::Charge(payment.id, payment.amount));
            }
            for refund in payment.pending_refunds().filter(|refund| !refund.awaits_person) {
                self.tasks.push(if payment.is_manual() {
                    Task::WriteRefund(refund.id, RefundOutcome::Succeeded)
                } else {
                    Task::Refund(refund.id, refund.amount)
                });
            }
        }
    }

    fn step(&mut self, which: &prop::sample::Index, approves: bool, is_lost: bool) {
        if self.tasks.is_empty() {
            return;
        }
        let task = self.tasks.swap_remove(which.index(self.tasks.len()));
        let then = match task {
            Task::Charge(id, amount) => Task::WriteCharge(id, self.gateway.charge(id, amount, approves)),
            Task::Refund(id, amount) => Task::WriteRefund(id, self.gateway.refund(id, amount, approves)),
            write @ (Task::WriteCharge(..) | Task::WriteRefund(..)) => return self.write(write),
        };
        if !is_lost {
            self.tasks.push(then);
        }
    }

    fn write(&mut self, task: Task) {
        let by = self.acting();
        let order = self.order.clone();
        match task {
            Task::WriteCharge(id, outcome) => {
                if let Ok(order) = order.finish_payment(id, outcome, &by) {
                    let waits = order != self.order;
                    self.order = order;
                    if waits {
                        self.ask_for_all();
                    }
                }
            }
            Task::WriteRefund(id, outcome) => self.order = order.finish_refund(id, outcome, &by).order,
            Task::Charge(..) | Task::Refund(..) => unreachable!("only answers are written"),
        }
    }

    fn webhook(&mut self, which: &prop::sample::Index) {
        let known = self.known();
        if !known.is_empty() {
            self.write(known[which.index(known.len())].clone());
        }
    }

    /// All that the gateway can tell.
    fn known(&self) -> Vec<Task> {
        let charges = self.gateway.charges.iter();
        let refunds = self.gateway.refunds.iter();
        charges
            .map(|(id, (_, is_paid))| Task::WriteCharge(*id, outcome(*is_paid)))
            .chain(refunds.map(|(id, (_, went_back))| {
                let outcome = if *went_back { RefundOutcome::Succeeded } else { RefundOutcome::Refused };
                Task::WriteRefund(*id, outcome)
            }))
            .collect()
    }

    /// Every process dies, the gateway tells all it knows, and the queue works until nothing waits
    /// any more.
    fn comes_to_rest(&mut self) {
        self.tasks.clear();
        for _ in 0..4 {
            for told in self.known() {
                self.write(told);
            }
            self.ask_for_all();
            while let Some(task) = self.tasks.pop() {
                match task {
                    Task::Charge(id, amount) => {
                        let outcome = self.gateway.charge(id, amount, true);
                        self.tasks.push(Task::WriteCharge(id, outcome));
                    }
                    Task::Refund(id, amount) => {
                        let outcome = self.gateway.refund(id, amount, true);
                        self.tasks.push(Task::WriteRefund(id, outcome));
                    }
                    write @ (Task::WriteCharge(..) | Task::WriteRefund(..)) => self.write(write),
                }
            }
        }
    }

    /// What the order says has been charged and paid back by the gateway.
    fn told(&self) -> (BTreeMap<PaymentId, Decimal>, BTreeMap<RefundId, Decimal>) {
        let asked =
            self.order.payments.iter().filter(|payment| payment.provider == Some(PaymentProvider::Simulated));
        let held = asked.filter(|payment| payment.is_collected() || payment.status == PaymentState::Refunded);
        let refunds = held.clone().flat_map(|payment| &payment.refunds);
        let refunds = refunds.filter(|refund| refund.status == RefundState::Succeeded);
        (
            held.map(|payment| (payment.id, payment.amount)).collect(),
            refunds.map(|refund| (refund.id, refund.amount)).collect(),
        )
    }
}

fn went<K: Ord + Copy>(entries: &BTreeMap<K, (Decimal, bool)>) -> BTreeMap<K, Decimal> {
    entries.iter().filter(|(_, (_, yes))| *yes).map(|(id, (amount, _))| (*id, *amount)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_gateway_and_the_order_agree_to_the_cent_when_all_has_come_to_rest(
        events in prop::collection::vec(event(), 0..24),
    ) {
        let mut world = World::new();
        for event in &events {
            world.happens(event);
            let order = &world.order;
            let is_told = order.payments.iter().any(|payment| payment.needs_attention());
            let kept: Decimal = order.payments.iter().map(|payment| payment.refundable_amount()).sum();
            prop_assert!(kept <= order.total_amount || is_told, "{kept} of {}", order.total_amount);
            prop_assert!(kept.is_zero() || order.payment_status != PaymentStatus::Pending);
            for payment in &world.order.payments {
                let promised: Decimal = payment.refunds.iter()
                    .filter(|refund| refund.status != RefundState::Failed)
                    .map(|refund| refund.amount)
                    .sum();
                prop_assert!(promised <= payment.amount);
            }
        }
        world.comes_to_rest();
        prop_assert!(!world.order.awaits_gateway());
        let (charged, paid_back) = world.told();
        prop_assert_eq!(charged, went(&world.gateway.charges));
        prop_assert_eq!(paid_back, went(&world.gateway.refunds));
        prop_assert!(world.gateway.moves.values().all(|times| *times <= 1));
        for payment in &world.order.payments {
            let left = payment.amount - payment.refunded_amount();
            prop_assert!(left >= Decimal::ZERO);
            // Whoever's order was called off has it all back, or somebody is told.
            let keeps = payment.is_collected() && left > Decimal::ZERO;
            let is_over = world.order.status == Status::Cancelled || world.order.is_deleted();
            prop_assert!(!keeps || payment.needs_attention() || !is_over);
            prop_assert!(!payment.needs_attention() || payment.status != PaymentState::Refunded);
        }
    }
}
