//! Statistics are exactly the fold of the orders' logs, whatever the stream does to its records.

use futures::FutureExt;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use oms_core::events::{catching_up, counting};
use oms_core::statistics::verify::STATS;
use oms_domain::lifecycle::{NewRefund, RefundOutcome, Shipment};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{AfterRefund, PaymentProvider};
use oms_domain::reconciliation::{Counters, differences};
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Actor, Currency, Decimal, Order, RuleViolation, UserId};
use oms_harness::OrderGenerator;
use oms_harness::SeededRng;
use oms_harness::{Harness, arrived};
use oms_table::counters::stream_position::{Sequence, Shard};
use oms_table::orders::watermarks::Watermark;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Together 1,000 histories.
const ROUNDS: u64 = 20;
const ORDERS: u64 = 50;
/// The most that is done to an order after its placing.
const DEEDS: u64 = 14;
/// How many shards the stream has.
const SHARDS: u64 = 4;
/// How long a consumer lives that is killed, at most: about as long as a batch takes.
const SHORT_LIFE_US: u64 = 12_000;

#[tokio::test]
async fn repeats_losses_kills_and_rivals_change_no_count() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(30, 6, since, SignedDuration::from_mins(23));
    let mut expected = Tally::default();
    let mut scopes = BTreeSet::from([Scope::All]);
    let mut killed = 0;
    for round in 0..ROUNDS {
        let mut rng = SeededRng::new(round + 7);
        let numbers = round * ORDERS..(round + 1) * ORDERS;
        let orders: Vec<Order> =
            numbers.map(|number| history(generator.order(number).unwrap(), &mut rng)).collect();
        killed += deliver(&harness, &orders, &mut rng).await;
        for order in &orders {
            expected.absorb(tally(None, order, &harness.app.config().time_zone));
            scopes.extend([Scope::User(order.user.id.clone()), Scope::Store(order.store.id)]);
        }
        let all = harness
            .app
            .table()
            .counter_snapshot(&Scope::All, since.to_zoned(TimeZone::UTC).date())
            .await
            .unwrap();
        assert!(orders.iter().any(|order| all.front.has(order.id, order.version)), "round {round}");
        for scope in &scopes {
            let counted = harness.app.table().cells(scope).await.unwrap();
            let expected: Counters = expected.of(scope).collect();
            assert_eq!(differences(&counted, &expected), [], "round {round}, {scope:?}");
            let shown = harness
                .app
                .table()
                .counter_snapshot(scope, since.to_zoned(TimeZone::UTC).date())
                .await
                .unwrap();
            assert!(shown.is_whole(), "round {round}, {scope:?}");
            let ahead = orders.iter().find(|order| shown.front.has(order.id, order.version + 1));
            assert!(ahead.is_none(), "round {round}, {scope:?}: {ahead:?}");
        }
    }
    assert!(killed > ROUNDS, "only {killed} consumers were killed over their work");
}

/// What a run has claimed before it died is counted by the consumer that brings more of the order;
/// where the order's log is damaged, it is set aside, and holds up no other.
#[tokio::test]
async fn a_claim_of_a_dead_run_is_counted_by_whoever_meets_it_or_its_order_is_set_aside() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(30, 6, since, SignedDuration::from_mins(23));
    let orders = (0..100).map(|number| generator.order(number).unwrap());
    let orders: Vec<Order> = orders.filter(|order| order.version > 2).take(2).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
        let first = BTreeMap::from([(Sequence::new("1"), 1)]);
        let claimed = Watermark::default().claiming(&Shard::of_operator(), &first);
        harness.app.table().claim(STATS, order.id, None, &claimed).await.unwrap();
    }
    let mut damaged = orders[1].clone();
    damaged.log.remove(0);
    let batch = arrived(&[orders[0].clone(), damaged], 1);
    let shard = Shard::new("shardId-1");
    let unapplied = counting::apply(&harness.app, None, Some(&shard), batch).await;
    assert_eq!((unapplied.again.len(), unapplied.poison.len()), (0, 1), "{unapplied:?}");
    let expected = tally(None, &orders[0], &harness.app.config().time_zone);
    let expected: Counters = expected.of(&Scope::All).collect();
    let counted = harness.app.table().cells(&Scope::All).await.unwrap();
    assert_eq!(differences(&counted, &expected), []);
}

/// Orders of a hundred currencies add more sums to the counters of all than one update may name:
/// what DynamoDB does not take of a batch it takes of its halves, as Lambda delivers them then.
#[tokio::test]
async fn a_batch_that_dynamodb_does_not_take_is_counted_in_halves() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(30, 6, since, SignedDuration::from_mins(23));
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|one| letters().map(move |two| format!("{}{}", one as char, two as char)));
    let codes = codes.flat_map(|code| letters().map(move |three| format!("{code}{}", three as char)));
    let currencies: Vec<Currency> = codes.filter_map(|code| code.parse().ok()).take(100).collect();
    let mut expected = Tally::default();
    let mut orders = Vec::new();
    for (number, currency) in currencies.iter().enumerate() {
        let order = Order { currency: *currency, ..generator.order(number as u64).unwrap() };
        expected.absorb(tally(None, &order, &harness.app.config().time_zone));
        orders.push(order);
    }
    assert_eq!(orders.len(), 100);
    let shard = Shard::new("shardId-1");
    let (mut waiting, mut refused) = (vec![(1, orders.as_slice())], 0);
    while let Some((first, batch)) = waiting.pop() {
        let counting = counting::apply(&harness.app, None, Some(&shard), arrived(batch, first));
        match AssertUnwindSafe(counting).catch_unwind().await {
            Ok(unapplied) => assert!(unapplied.is_empty(), "{unapplied:?}"),
            Err(_) => {
                refused += 1;
                let (half, rest) = batch.split_at(batch.len() / 2);
                waiting.extend([(first + half.len() as u64, rest), (first, half)]);
            }
        }
    }
    assert!(refused > 0, "DynamoDB takes all of it at once");
    let expected: Counters = expected.of(&Scope::All).collect();
    let counted = harness.app.table().cells(&Scope::All).await.unwrap();
    assert_eq!(differences(&counted, &expected), []);
}

/// An order with a random life; what the rules refuse does not happen.
fn history(order: Order, rng: &mut SeededRng) -> Order {
    let mut order = order.as_of(1).unwrap();
    let placed = order.created_at;
    for hour in 1..=rng.below(DEEDS) {
        let hours = SignedDuration::from_hours(i64::try_from(hour).unwrap());
        let by = Actor { id: UserId("clerk".into()), at: placed + hours };
        order = kind_of_change(order.clone(), rng, &by).unwrap_or(order);
    }
    order
}

fn kind_of_change(order: Order, rng: &mut SeededRng, by: &Actor) -> Result<Order, RuleViolation> {
    let payment = order.payments.last().map(|payment| payment.id);
    match rng.below(14) {
        0 | 1 => order.confirm(by),
        2 => order.process(by),
        3 | 4 => order.ship(Shipment::default(), by),
        5 => order.send_out_for_delivery(by),
        6 | 7 => order.deliver(by),
        8 => order.cancel(true, "", by).map(|moved| moved.order),
        9 => {
            let new = NewPayment {
                payment_method: order.payment_method,
                amount: None,
                payment_details: serde_json::Map::new(),
                provider: PaymentProvider::Simulated,
            };
            order.add_payment(new, by)
        }
        10 => match payment {
            Some(payment) => order.pay_manually(payment, "ch_1", by),
            None => Ok(order),
        },
        11 => refund(order, rng, by),
        12 => order.rate(u8::try_from(1 + rng.below(5)).unwrap_or(1), "", by),
        _ if rng.below(4) == 0 => order.delete(by).map(|moved| moved.order),
        _ => Ok(order),
    }
}

/// Some cents go back, as a rule.
fn refund(order: Order, rng: &mut SeededRng, by: &Actor) -> Result<Order, RuleViolation> {
    let Some(payment) = order.collected_payment().map(|payment| payment.id) else { return Ok(order) };
    let cents = i64::try_from(1 + rng.below(2_000)).unwrap_or(1);
    let new =
        NewRefund { amount: Some(Decimal::new(cents, 2)), reason: String::new(), then: AfterRefund::Nothing };
    let (started, id) = order.start_refund(payment, new, by)?;
    let outcome = if rng.below(4) == 0 { RefundOutcome::Refused } else { RefundOutcome::Succeeded };
    Ok(started.order.finish_refund(id, outcome, by).order)
}

/// Delivers the records of some orders as the shards of a stream might, side by side, while an
/// operator counts some of the orders by hand; how many consumers were killed over it. Operators
/// are killed, too, and do not come back.
async fn deliver(harness: &Harness, orders: &[Order], rng: &mut SeededRng) -> u64 {
    let by_hand: Vec<Order> = orders.iter().filter(|_| rng.below(5) == 0).cloned().collect();
    let mut of_operator = SeededRng::new(rng.below(u64::MAX));
    let shards = (0..SHARDS).map(|shard| {
        let of_shard = orders.iter().filter(move |order| order.id.0.as_u128() >> 16 & 3 == u128::from(shard));
        let of_shard: Vec<&Order> = of_shard.collect();
        deliver_shard(harness, shard, of_shard, SeededRng::new(rng.below(u64::MAX)))
    });
    let operator = async {
        let mut run = catching_up::Run::new(false);
        for order in &by_hand {
            let then = [order.as_of(1 + order.version / 2).unwrap()];
            if of_operator.below(2) == 0 {
                let life = Duration::from_micros(of_operator.below(SHORT_LIFE_US));
                let is_dead = tokio::time::timeout(life, run.catch_up(&harness.app, &then)).await.is_err();
                run = if is_dead { catching_up::Run::new(false) } else { run };
            } else {
                run.catch_up(&harness.app, &then).await;
            }
        }
    };
    let (killed, ()) = futures::join!(futures::future::join_all(shards), operator);
    killed.into_iter().sum()
}

/// The records of a shard: of each order one version after the other. One in five is lost.
async fn deliver_shard(harness: &Harness, number: u64, orders: Vec<&Order>, mut rng: SeededRng) -> u64 {
    let mut records = Vec::new();
    for order in orders {
        for version in 1..=order.version {
            // The last one does come.
            if version == order.version || rng.below(5) > 0 {
                records.push((version * 10 + rng.below(9), order.as_of(version).unwrap()));
            }
        }
    }
    records.sort_by_key(|(due, order)| (*due, order.id));
    let records: Vec<Order> = records.into_iter().map(|(_, order)| order).collect();
    let shard = Shard::new(&format!("shardId-{number}-{}", rng.below(u64::MAX)));
    let apply = |from: usize, to: usize| {
        counting::apply(&harness.app, None, Some(&shard), arrived(&records[from..to], from as u64 + 1))
    };
    let (mut done, mut killed) = (0, 0);
    while done < records.len() {
        // A batch that comes again after a kill may be a longer one, or a part of it.
        let to = records.len().min(done + 1 + usize::try_from(rng.below(20)).unwrap());
        match rng.below(4) {
            0 | 1 => {
                let life = Duration::from_micros(rng.below(SHORT_LIFE_US));
                killed += u64::from(tokio::time::timeout(life, apply(done, to)).await.is_err());
            }
            2 if apply(done, to).await.is_empty() => {
                // What is done comes again, or a part of it.
                let part = done + 1 + usize::try_from(rng.below((to - done) as u64)).unwrap();
                apply(done, part).await;
                done = to;
            }
            _ => {
                if apply(done, to).await.is_empty() {
                    done = to;
                }
            }
        }
    }
    killed
}
