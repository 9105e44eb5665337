//! Random lives of orders: whatever is done to them, the log tells the truth and the sums agree.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use jiff::tz::TimeZone;
use oms_domain::catalog::Product;
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::{NewRefund, OrderChange, RefundOutcome, Shipment};
use oms_domain::lines::{LineEdit, PriceList};
use oms_domain::order::MAX_LOG;
use oms_domain::paying::NewPayment;
use oms_domain::payment::{AfterRefund, ChargeOutcome, PaymentProvider};
use oms_domain::place::{PlaceError, StockMove, place};
use oms_domain::tally::{Counter, Scope, Tally, tally};
use oms_domain::{
    Actor, Change, Currency, Decimal, LineId, Order, PaymentState, PaymentStatus, ProductId, RefundState,
    RuleViolation, ShippingMethod, Status,
};
use proptest::prelude::*;
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};

/// Something that somebody tries to do to an order.
#[derive(Clone, Debug)]
enum Command {
    Confirm,
    Process,
    Ship,
    SendOut,
    Deliver,
    Cancel { as_manager: bool },
    Write(Status),
    Pay,
    PayByHand,
    EditPayment,
    RemovePayment,
    Start,
    Finish { paid: bool },
    Refund { cents: Option<u16> },
    RefundOrder { restock: bool },
    FinishRefund { succeeds: bool },
    Replace { lines: Vec<(u128, u32)>, shipping: Option<ShippingMethod>, discount: Option<u8> },
    Note(u8),
    AddLine { product: u128, quantity: u32 },
    EditLine { which: prop::sample::Index, product: Option<u128>, quantity: Option<u32> },
    RemoveLine { which: prop::sample::Index },
    Rate { stars: u8 },
    Delete,
}

fn lines() -> impl Strategy<Value = Vec<(u128, u32)>> {
    prop::collection::vec((1u128..=3, 1u32..5), 1..4)
}

fn edit() -> impl Strategy<Value = Command> {
    let which = || any::<prop::sample::Index>();
    let method = prop::option::of(prop::sample::select(ShippingMethod::ALL));
    prop_oneof![
        (lines(), method, any::<Option<u8>>()).prop_map(|(lines, shipping, discount)| Command::Replace {
            lines,
            shipping,
            discount
        }),
        any::<u8>().prop_map(Command::Note),
        (1u128..=3, 1u32..5).prop_map(|(product, quantity)| Command::AddLine { product, quantity }),
        (which(), prop::option::of(1u128..=3), prop::option::of(1u32..5))
            .prop_map(|(which, product, quantity)| Command::EditLine { which, product, quantity }),
        which().prop_map(|which| Command::RemoveLine { which }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => Just(Command::Confirm),
        1 => Just(Command::Process),
        1 => Just(Command::Ship),
        1 => Just(Command::SendOut),
        1 => Just(Command::Deliver),
        1 => any::<bool>().prop_map(|as_manager| Command::Cancel { as_manager }),
        1 => prop::sample::select(Status::ALL).prop_map(Command::Write),
        2 => Just(Command::Pay),
        1 => Just(Command::PayByHand),
        1 => Just(Command::EditPayment),
        1 => Just(Command::RemovePayment),
        2 => Just(Command::Start),
        2 => any::<bool>().prop_map(|paid| Command::Finish { paid }),
        1 => any::<Option<u16>>().prop_map(|cents| Command::Refund { cents }),
        1 => any::<bool>().prop_map(|restock| Command::RefundOrder { restock }),
        1 => any::<bool>().prop_map(|succeeds| Command::FinishRefund { succeeds }),
        8 => edit(),
        1 => (1u8..=5).prop_map(|stars| Command::Rate { stars }),
    ]
}

fn products() -> Vec<Product> {
    let prices = (1..).zip([2999, 450, 1250]);
    prices.map(|(n, cents)| product(n, Decimal::new(cents, 2))).collect()
}

fn placed() -> Order {
    let store = store(Currency::USD, Decimal::new(1, 1), Decimal::TEN);
    place(new_order(store, vec![line(1, 2), line(2, 3)], Decimal::ZERO), &products(), false, &by(0))
        .expect("a good order")
}

fn line_at(order: &Order, which: &prop::sample::Index) -> LineId {
    order.lines[which.index(order.lines.len())].id
}

/// Does it.
fn run(order: Order, command: &Command, by: &Actor) -> Result<OrderChange, PlaceError> {
    let last = order.payments.last().map(|payment| payment.id);
    let unpaid = RuleViolation::PaymentNotProcessable;
    let products = products();
    let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: false };
    Ok(match command {
        Command::Confirm => order.confirm(by)?.into(),
        Command::Process => order.process(by)?.into(),
        Command::Ship => order.ship(Shipment::default(), by)?.into(),
        Command::SendOut => order.send_out_for_delivery(by)?.into(),
        Command::Deliver => order.deliver(by)?.into(),
        Command::Cancel { as_manager } => order.cancel(*as_manager, "why not", by)?,
        Command::Write(status) => order.move_to(*status, true, by)?,
        Command::Pay => {
            let payment_method = oms_domain::PaymentMethod::CreditCard;
            let provider = PaymentProvider::Simulated;
            let new = NewPayment { payment_method, amount: None, payment_details: Map::new(), provider };
            order.add_payment(new, by)?.into()
        }
        Command::PayByHand => order.pay_manually(last.ok_or(unpaid)?, "R-1", by)?.into(),
        Command::EditPayment => {
            let details = Map::from_iter([("token".into(), "tok_decline".into())]);
            order.edit_payment(last.ok_or(unpaid)?, None, Some(details), by)?.into()
        }
        Command::RemovePayment => order.remove_payment(last.ok_or(unpaid)?, by)?.into(),
        Command::Start => order.start_payment(last.ok_or(unpaid)?, PaymentProvider::Simulated, by)?.into(),
        Command::Finish { paid } => {
            let outcome = if *paid {
                ChargeOutcome::Paid(Map::new())
            } else {
                ChargeOutcome::Declined(Map::new(), "No.".into())
            };
            order.finish_payment(last.ok_or(unpaid)?, outcome, by)?.into()
        }
        Command::Refund { cents } => {
            let amount = cents.map(|cents| Decimal::new(i64::from(cents), 2));
            let refund = NewRefund { amount, reason: String::new(), then: AfterRefund::Nothing };
            order.start_refund(last.ok_or(unpaid)?, refund, by)?.0.into()
        }
        Command::RefundOrder { restock } => order.start_order_refund(*restock, "", by)?.0.into(),
        Command::FinishRefund { succeeds } => {
            let pending = order.payments.iter().flat_map(|payment| payment.pending_refunds()).next();
            let id = pending.ok_or(unpaid)?.id;
            let outcome = if *succeeds { RefundOutcome::Succeeded } else { RefundOutcome::Refused };
            order.finish_refund(id, outcome, by)
        }
        Command::Replace { lines, shipping, discount } => {
            let store = store(Currency::USD, Decimal::new(2, 1), Decimal::TEN);
            let edit = Edit {
                lines: Some(lines.iter().map(|(product, quantity)| line(*product, *quantity)).collect()),
                shipping_method: *shipping,
                discount_amount: discount.map(Decimal::from),
                ..Edit::default()
            };
            order.edit(edit, &Catalogue { store: Some(&store), prices }, by)?
        }
        Command::Note(n) => {
            let edit = Edit { notes: Some(n.to_string()), ..Edit::default() };
            order.edit(edit, &Catalogue { store: None, prices }, by)?
        }
        Command::AddLine { product, quantity } => order.add_line(&line(*product, *quantity), prices, by)?.0,
        Command::EditLine { which, product, quantity } => {
            let wanted = product.map(|product| line(product, 1));
            let edit = LineEdit {
                product: wanted.as_ref().map(|wanted| wanted.product),
                variant: wanted.map(|wanted| wanted.variant),
                quantity: *quantity,
                ..LineEdit::default()
            };
            let id = line_at(&order, which);
            order.edit_line(id, edit, prices, by)?
        }
        Command::RemoveLine { which } => {
            let id = line_at(&order, which);
            order.remove_line(id, by)?
        }
        Command::Rate { stars } => order.rate(*stars, "so so", by)?.into(),
        Command::Delete => order.delete(by)?,
    })
}

/// Every state that some commands lead to, and what is missing on the shelves in the end.
fn live(commands: &[(Command, i64)]) -> (Vec<Order>, BTreeMap<ProductId, i64>) {
    let mut states = vec![placed()];
    let mut missing = BTreeMap::new();
    let mut take = |moved: StockMove| *missing.entry(moved.product).or_insert(0) -= moved.quantity;
    states[0].lines.iter().map(StockMove::taken_by).for_each(&mut take);
    let mut second = 0;
    for (command, pause) in commands {
        second += pause;
        let seen = states[states.len() - 1].clone();
        let Ok(OrderChange { order, stock }) = run(seen.clone(), command, &by(second)) else { continue };
        assert!(order.version == seen.version + 1 || order == seen);
        stock.into_iter().for_each(&mut take);
        if order.version > seen.version {
            states.push(order);
        }
    }
    missing.retain(|_, quantity| *quantity != 0);
    (states, missing)
}

/// What an order keeps from the shelves: nothing once it has been put back.
fn held(order: &Order) -> BTreeMap<ProductId, i64> {
    let put_back = |payment: &oms_domain::Payment| {
        let mut refunds = payment.refunds.iter();
        refunds.any(|refund| {
            refund.then == AfterRefund::CloseOrderAndRestock && refund.status == RefundState::Succeeded
        })
    };
    let never_shipped =
        order.shipped_at.is_none() && (order.status == Status::Cancelled || order.is_deleted());
    let mut held = BTreeMap::new();
    if !never_shipped && !order.payments.iter().any(put_back) {
        for line in &order.lines {
            *held.entry(line.product.id).or_insert(0) += i64::from(line.quantity);
        }
    }
    held
}

fn sum_of(tally: &Tally, counts: impl Fn(Counter) -> bool) -> Decimal {
    tally.of(&Scope::All).filter(|(cell, _)| counts(*cell)).map(|(_, value)| value).sum()
}

/// What the tallies of a history come to, cut into pieces at some of its states.
fn tally_of(states: &[Order], cuts: &[prop::sample::Index]) -> Tally {
    let mut stops: Vec<_> = cuts.iter().map(|cut| cut.index(states.len())).collect();
    stops.push(states.len() - 1);
    stops.sort_unstable();
    let mut sum = Tally::default();
    let mut before: Option<&Order> = None;
    for stop in stops {
        sum.absorb(tally(before, &states[stop], &TimeZone::UTC));
        before = Some(&states[stop]);
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_log_leads_back_to_every_state(
        commands in prop::collection::vec((command(), 1i64..100_000), 0..40),
    ) {
        let (states, _) = live(&commands);
        let now = states.last().unwrap();
        for state in &states {
            let then = now.as_of(state.version);
            prop_assert_eq!(then.as_ref(), Some(state));
            prop_assert_eq!(now.version_at(state.updated_at), Some(state.version));
        }
        for (change, after) in now.history().iter().zip(&states) {
            for (path, field) in &change.changes {
                if let [list, id] = path.split('.').collect::<Vec<_>>()[..] {
                    let entries = after.state().get(list).and_then(|all| all.as_array()).cloned();
                    let entries = entries.unwrap_or_default();
                    let entry = entries.into_iter().find(|entry| entry["id"] == id);
                    prop_assert_eq!(entry.unwrap_or_default(), field.to.clone());
                }
            }
        }
        prop_assert_eq!(now.as_of(now.version + 1), None);
    }

    #[test]
    fn the_tallies_of_a_historys_parts_are_the_tally_of_the_whole(
        commands in prop::collection::vec((command(), 1i64..100_000), 0..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        is_deleted in any::<bool>(),
    ) {
        let (mut states, _) = live(&commands);
        let now = states.last().unwrap().clone();
        if let (true, Ok(deleted)) = (is_deleted, now.clone().delete(&by(5_000_000))) {
            states.push(deleted.order);
            prop_assert_eq!(tally_of(&states, &cuts).iter().count(), 0);
            return Ok(());
        }
        let whole = tally(None, &now, &TimeZone::UTC);
        let sum = tally_of(&states, &cuts);
        prop_assert_eq!(sum.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
        prop_assert_eq!(sum_of(&whole, |cell| matches!(cell, Counter::Orders(_))), Decimal::ONE);
        let moves = states.windows(2).filter(|pair| pair[0].status != pair[1].status).count();
        prop_assert_eq!(sum_of(&whole, |cell| matches!(cell, Counter::Transitions(..))), Decimal::from(moves));
        let stars = now.rating.as_ref().map_or(0, |rating| rating.stars);
        prop_assert_eq!(sum_of(&whole, |cell| matches!(cell, Counter::Stars)), Decimal::from(stars));
        let lines = sum_of(&whole, |cell| matches!(cell, Counter::Lines));
        prop_assert_eq!(lines, Decimal::from(now.lines.len()));
    }

    #[test]
    fn no_piece_and_no_money_is_lost_or_made(
        commands in prop::collection::vec((command(), 1i64..100_000), 0..40),
        is_deleted in any::<bool>(),
    ) {
        let mut commands = commands;
        commands.extend(is_deleted.then_some((Command::Delete, 1)));
        let (states, missing) = live(&commands);
        let now = states.last().unwrap();
        prop_assert_eq!(missing, held(now));
        for payment in &now.payments {
            let promised: Decimal = payment
                .refunds
                .iter()
                .filter(|refund| refund.status != RefundState::Failed)
                .map(|refund| refund.amount)
                .sum();
            prop_assert!(promised <= payment.amount);
            let is_live = payment.is_live() && payment.status != PaymentState::Paid;
            prop_assert!(!is_live || payment.amount == now.total_amount);
        }
        let subtotal: Decimal = now.lines.iter().map(|line| line.total_price).sum();
        prop_assert_eq!(now.subtotal, subtotal);
        prop_assert_eq!(
            now.total_amount,
            now.subtotal + now.tax_amount + now.shipping_cost - now.discount_amount
        );
        prop_assert_eq!(now.tax_rate, Decimal::new(1, 1));
        if now.status == Status::Refunded {
            prop_assert!(now.payment_status == PaymentStatus::Refunded);
        }
    }

    #[test]
    fn no_payment_gets_the_id_of_another(
        commands in prop::collection::vec((command(), 1i64..100_000), 0..60),
    ) {
        let (states, _) = live(&commands);
        let mut gone = BTreeSet::new();
        for pair in states.windows(2) {
            let ids = |order: &Order| order.payments.iter().map(|one| one.id).collect::<BTreeSet<_>>();
            gone.extend(ids(&pair[0]).difference(&ids(&pair[1])).copied());
            prop_assert!(gone.is_disjoint(&ids(&pair[1])));
        }
    }

    #[test]
    fn no_line_gets_the_id_of_another(
        commands in prop::collection::vec((edit(), 1i64..100_000), 0..60),
    ) {
        let (states, _) = live(&commands);
        let mut gone: BTreeSet<LineId> = BTreeSet::new();
        for pair in states.windows(2) {
            let ids = |order: &Order| order.lines.iter().map(|line| line.id).collect::<BTreeSet<_>>();
            gone.extend(ids(&pair[0]).difference(&ids(&pair[1])));
            prop_assert!(gone.is_disjoint(&ids(&pair[1])));
            prop_assert!(pair[1].lines.is_sorted_by_key(|line| line.id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_long_log_loses_nothing_to_where_its_older_half_is_kept(
        commands in prop::collection::vec((edit(), 1i64..100_000), 150..200),
    ) {
        // Each change is saved as the table would: what is too long is cut, and kept apart.
        let (states, _) = live(&commands);
        let mut kept: Vec<Vec<Change>> = Vec::new();
        let mut saved = states[0].clone();
        for state in &states[1..] {
            let log = saved.log.iter().chain(state.log.last()).cloned().collect();
            let order = Order { log, ..state.clone() };
            let is_large = state.version % 7 == 0;
            let (order, older) = if is_large { order.stripped() } else { order.trimmed() };
            kept.push(older);
            prop_assert!(order.log.len() <= MAX_LOG);
            saved = order;
        }
        let first = saved.log[0].version;
        for state in &states[usize::try_from(first).unwrap() - 1..] {
            let then = saved.as_of(state.version).unwrap();
            prop_assert_eq!(Order { log: Vec::new(), ..then }, Order { log: Vec::new(), ..state.clone() });
        }
        // An image of some time ago finds what was kept since, and leaves it.
        let mut earlier = states[states.len() / 2].clone();
        earlier.log.clear();
        for older in kept.into_iter().chain([saved.log.clone()]) {
            earlier.recall(older.clone());
            saved.recall(older);
        }
        prop_assert!(saved.log_reaches(0) && earlier.log_reaches(0));
        prop_assert_eq!(&earlier, &states[states.len() / 2]);
        prop_assert_eq!(&saved, states.last().unwrap());
    }
}
