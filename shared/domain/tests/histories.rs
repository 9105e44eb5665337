//! Random lives of orders: whatever is done to them, the log tells the truth and the sums agree.

#[path = "histories/commands.rs"]
mod commands;
mod fixtures;

use commands::{Command, command, edit, placed, run};
use fixtures::by;
use jiff::tz::TimeZone;
use oms_domain::lifecycle::OrderChange;
use oms_domain::order::MAX_LOG;
use oms_domain::payment::AfterRefund;
use oms_domain::place::StockMove;
use oms_domain::tally::{Counter, Scope, Tally, tally};
use oms_domain::{
    Change, Decimal, LineId, Order, PaymentState, PaymentStatus, ProductId, RefundState, Status,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

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

#[test]
fn what_comes_back_with_its_money_is_on_the_shelf_though_its_order_was_called_off_meanwhile() {
    let commands = [
        Command::Pay,
        Command::Confirm,
        Command::Ship,
        Command::PayByHand,
        Command::RefundOrder { restock: true },
        Command::Cancel { as_manager: true },
    ];
    let mut commands: Vec<(Command, i64)> = commands.map(|command| (command, 1)).into();
    let (states, missing) = live(&commands);
    assert_eq!((states[states.len() - 1].status, missing.len()), (Status::Cancelled, 2));
    commands.push((Command::FinishRefund { succeeds: true }, 1));
    let (states, missing) = live(&commands);
    let now = &states[states.len() - 1];
    assert_eq!((now.status, now.payment_status), (Status::Cancelled, PaymentStatus::Refunded));
    assert_eq!(missing, BTreeMap::new());
}

#[test]
fn pieces_come_back_once_though_two_refunds_were_to_bring_them() {
    let commands = [
        Command::Pay,
        Command::Confirm,
        Command::Ship,
        Command::PayByHand,
        Command::Refund { cents: Some(1_000) },
        Command::RefundOrder { restock: true },
        Command::FinishRefund { succeeds: false },
        // What could not go back is left, and asked for again.
        Command::RefundOrder { restock: true },
        Command::FinishRefund { succeeds: true },
        Command::FinishRefund { succeeds: true },
    ];
    let commands: Vec<(Command, i64)> = commands.map(|command| (command, 1)).into();
    let (states, missing) = live(&commands);
    let now = &states[states.len() - 1];
    let back = now.payments[0].refunds.iter().filter(|refund| refund.status == RefundState::Succeeded);
    assert_eq!((now.status, back.count()), (Status::Refunded, 2));
    assert_eq!(missing, BTreeMap::new());
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
