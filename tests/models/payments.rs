//! Every list of payments against a model that filters, searches, sorts and slices all payments in
//! memory: for random orders and payments, callers, filters, terms, orderings and pages.

use crate::cases::{Case, Person, compared, keys, terms};
use jiff::{SignedDuration, Timestamp};
use oms_domain::attention::Dispute;
use oms_domain::lifecycle::{NewRefund, RefundOutcome};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::text::folded;
use oms_domain::{Actor, Currency, Decimal, Order, Payment, PaymentMethod, PaymentState, StoreId, UserId};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::SeededRng;
use oms_workspace::tokens::User;
use orderctl::rebuild::{self, Rebuild};
use serde_json::Map;

const ORDERS: u64 = 260;
const CASES: u64 = 260;

struct World {
    harness: Harness,
    generator: OrderGenerator,
    orders: Vec<Order>,
    people: Vec<Person>,
}

impl World {
    /// Orders as they were placed, and again as they have become: the consumer is shown both.
    async fn new(seed: u64) -> Self {
        let harness = Harness::set_up().unwrap();
        let since = harness.app.now() - SignedDuration::from_hours(60 * 24);
        let mut generator = OrderGenerator::new(6, 4, since, SignedDuration::from_mins(60 * 24 * 59 / 260));
        let vendor = UserId(User::new("customer1", None).id().to_string());
        for store in generator.stores.iter_mut().take(2) {
            store.owner = Some(vendor.clone());
        }
        for store in &generator.stores {
            harness.app.table().insert_store(store, 20, None).await.unwrap();
        }
        let mut orders = Vec::new();
        for number in 0..ORDERS {
            let rng = &mut SeededRng::new(seed ^ number);
            let order = vary(generator.order(number).unwrap(), rng, &generator);
            harness.save(None, &order).await.unwrap();
            orders.push(order);
        }
        for some in orders.chunks(25) {
            harness.apply(some.to_vec()).await.unwrap();
        }
        for (number, order) in orders.iter_mut().enumerate() {
            let later =
                live_on(order.clone(), &mut SeededRng::new(seed ^ number as u64 ^ 0xffff), &generator);
            if later.version > order.version {
                harness.save(Some(order.version), &later).await.unwrap();
                harness.apply(vec![later.clone()]).await.unwrap();
                harness.app.table().write_payment_rows([(None, &*order)]).await.unwrap();
                *order = later;
            }
        }
        orders.retain(|order| !order.is_deleted());
        let owned: Vec<StoreId> = generator.stores.iter().take(2).map(|store| store.id).collect();
        let people = vec![
            Person::new(&harness, "customer0", None, &[]),
            Person::new(&harness, "customer3", None, &[]),
            Person::new(&harness, "customer1", Some("vendor"), &owned),
            Person::new(&harness, "boss", Some("staff"), &[]),
            Person::new(&harness, "nobody", None, &[]),
        ];
        Self { harness, generator, orders, people }
    }
}

/// More payments of all kinds, ties, other currencies and odd names.
fn vary(mut order: Order, rng: &mut SeededRng, generator: &OrderGenerator) -> Order {
    if rng.below(6) == 0 {
        order.currency = Currency::EUR;
    }
    for number in order.payments.len() as u64..rng.below(4) {
        let id = order.id.payment(u16::try_from(number).unwrap());
        let at = generator.placed_at(rng.below(ORDERS) / 8 * 8);
        order.payments.push(Payment {
            id,
            transaction_id: id.transaction_id(),
            amount: Decimal::new(7_598, 2) * Decimal::from(1 + rng.below(3)),
            status: *rng.of(PaymentState::ALL).unwrap(),
            payment_method: *rng.of(PaymentMethod::ALL).unwrap(),
            provider: Some(PaymentProvider::Simulated),
            payment_details: Map::new(),
            gateway_response: Map::new(),
            error_message: String::new(),
            created_at: at,
            updated_at: at,
            customer_until: None,
            processed_at: None,
            refunds: Vec::new(),
            attention: Vec::new(),
            dispute: None,
        });
        if rng.below(5) == 0 {
            let dispute = Dispute::new("dp_1", "needs_response", "fraudulent", Decimal::ONE);
            order = order.record_dispute(id, dispute, &Actor { id: UserId("stripe".into()), at });
        }
    }
    if let (Some(payment), 0) = (order.payments.first_mut(), rng.below(8)) {
        payment.transaction_id = "Überweisung 0042, \"Mai\"".into();
    }
    order
}

/// What becomes of an order's payments later: another one, a decline, a deletion, or nothing.
fn live_on(order: Order, rng: &mut SeededRng, generator: &OrderGenerator) -> Order {
    let by = Actor { id: UserId("clerk".into()), at: generator.placed_at(rng.below(ORDERS)) };
    let new = NewPayment {
        payment_method: *rng.of(PaymentMethod::ALL).unwrap(),
        amount: None,
        payment_details: Map::new(),
        provider: PaymentProvider::Simulated,
    };
    let last = order.payments.last().map(|payment| payment.id);
    let decline = ChargeOutcome::Declined(Map::new(), "No.".into());
    let was = order.clone();
    let outcome = match (rng.below(9), last) {
        (0 | 1, _) => order.add_payment(new, &by),
        (2, Some(last)) => order.start_payment(last, PaymentProvider::Simulated, &by),
        (3, Some(last)) => order
            .start_payment(last, PaymentProvider::Simulated, &by)
            .and_then(|order| order.finish_payment(last, decline, &by)),
        (4, Some(last)) => order.pay_manually(last, "Wire 77", &by),
        (5, Some(last)) => order.remove_payment(last, &by),
        (6, _) => order.delete(&by).map(|moved| moved.order),
        (7, Some(last)) => Ok(order.record_contradiction(last, "It cannot be.".into(), &by)),
        _ => Ok(order),
    };
    outcome.unwrap_or(was)
}

fn case(world: &World, person: &Person, rng: &mut SeededRng) -> Case {
    let mut wanted: Vec<(&Order, &Payment)> = world
        .orders
        .iter()
        .filter(|order| {
            person.is_staff || order.user.id == person.id || person.owned.contains(&order.store.id)
        })
        .flat_map(|order| order.payments.iter().map(move |payment| (order, payment)))
        .collect();
    let mut parameters = Vec::new();
    if person.is_staff || !person.owned.is_empty() {
        attention(person, rng, &mut parameters, &mut wanted);
    }
    for _ in 0..rng.below(3) {
        filter(rng, &mut parameters, &mut wanted);
    }
    if rng.below(3) == 0 {
        let all: Vec<_> = world.orders.iter().filter(|order| !order.payments.is_empty()).collect();
        let (a, b) = (*rng.of(&all).unwrap(), *rng.of(&all).unwrap());
        let texts = [&*a.order_number, &a.payments[0].transaction_id, &b.payments[0].transaction_id];
        let (search, terms) = terms(rng, &texts);
        wanted.retain(|(order, payment)| {
            let fields = [&order.order_number, &payment.transaction_id].map(|field| folded(field));
            terms.iter().all(|term| fields.iter().any(|field| field.contains(term)))
        });
        parameters.push(("search".to_owned(), search));
    }
    sort(rng, &mut parameters, &mut wanted);
    let expected = wanted.iter().map(|(_, payment)| payment.id.to_string()).collect();
    Case { path: "/api/payments/".to_owned(), parameters, expected }
}

/// What those who run the orders must look at, or need not.
fn attention(
    person: &Person,
    rng: &mut SeededRng,
    parameters: &mut Vec<(String, String)>,
    wanted: &mut Vec<(&Order, &Payment)>,
) {
    let needed = rng.below(2) == 0;
    if rng.below(2) == 0 {
        wanted.retain(|(order, _)| person.is_staff || person.owned.contains(&order.store.id));
        wanted.retain(|(_, payment)| payment.needs_attention() == needed);
        parameters.push(("attention".to_owned(), needed.to_string()));
    }
}

fn filter(rng: &mut SeededRng, parameters: &mut Vec<(String, String)>, wanted: &mut Vec<(&Order, &Payment)>) {
    let (name, value): (&str, String) = match rng.below(4) {
        0 => ("status", rng.of(PaymentState::ALL).unwrap().to_string()),
        1 => ("payment_method", rng.of(PaymentMethod::ALL).unwrap().to_string()),
        2 => ("currency", rng.of(&["USD", "EUR", "JPY"]).unwrap().to_string()),
        _ => match rng.of(wanted) {
            Some((order, _)) if rng.below(4) == 0 => ("order", order.id.to_string()),
            Some(_) | None => return,
        },
    };
    if parameters.iter().any(|(known, _)| known == name) {
        return;
    }
    wanted.retain(|(order, payment)| match name {
        "status" => payment.status.as_str() == value,
        "payment_method" => payment.payment_method.as_str() == value,
        "currency" => order.currency.code() == value,
        _ => order.id.to_string() == value,
    });
    parameters.push((name.to_owned(), value));
}

fn sort(rng: &mut SeededRng, parameters: &mut Vec<(String, String)>, wanted: &mut [(&Order, &Payment)]) {
    let keys = keys(rng, &["created_at", "amount", "amount", "status", "nonsense"], parameters);
    wanted.sort_by(|(_, a), (_, b)| {
        let by = |name: &str| match name {
            "created_at" => a.created_at.cmp(&b.created_at),
            "amount" => a.amount.cmp(&b.amount),
            _ => a.status.as_str().cmp(b.status.as_str()),
        };
        compared(&keys, by, (&a.id, &b.id))
    });
}

#[tokio::test]
async fn every_list_of_payments_is_what_a_model_of_it_says() {
    let world = World::new(20_261_122).await;
    for number in 0..CASES {
        // Half of them on the rows that an operator has made anew.
        if number == CASES / 2 {
            rebuild::run(&world.harness.app, &Rebuild { projections: true, ..Rebuild::default() })
                .await
                .unwrap();
        }
        let mut rng = SeededRng::new(number);
        let person = rng.of(&world.people).unwrap();
        let case = case(&world, person, &mut rng);
        case.hold(&world.harness, &person.token, &mut rng, format!("case {number}")).await;
    }
}

#[tokio::test]
async fn a_payment_is_in_its_makers_next_list_before_the_consumer_has_seen_it() {
    let world = World::new(7).await;
    let Person { token, id, .. } = &world.people[1];
    let by = |at: Timestamp| Actor { id: id.clone(), at };
    let kept = world.orders.iter().filter(|order| order.user.id == *id);
    let path = "/api/payments/?page_size=100";
    let count = async || world.harness.get(token, path).await.unwrap().body["count"].as_u64().unwrap();
    let before = count().await;
    assert_eq!(before, kept.map(|order| order.payments.len() as u64).sum::<u64>());

    let now = world.harness.app.now();
    let mut later = (ORDERS..9 * ORDERS).map(|number| world.generator.order(number).unwrap());
    let newest = later.find(|o| o.user.id == *id && o.is_open() && o.payments.is_empty()).unwrap();
    world.harness.save(None, &newest).await.unwrap();
    let new = NewPayment {
        payment_method: PaymentMethod::CreditCard,
        amount: None,
        payment_details: Map::new(),
        provider: PaymentProvider::Simulated,
    };
    let made = newest.clone().add_payment(new, &by(now)).unwrap();
    world.harness.save(Some(newest.version), &made).await.unwrap();
    let made_id = made.payments[0].id;
    let shown = world.harness.get(token, path).await.unwrap().body;
    assert_eq!(
        (&shown["results"][0]["id"], &shown["count"]),
        (&made_id.to_string().into(), &(before + 1).into())
    );

    let outcome = ChargeOutcome::Paid(Map::new());
    let paid = made.clone().start_payment(made_id, PaymentProvider::Simulated, &by(now)).unwrap();
    let paid = paid.finish_payment(made_id, outcome, &by(now)).unwrap();
    world.harness.save(Some(made.version), &paid).await.unwrap();
    for query in ["status=paid", "ordering=-created_at&search=TXN", "status=paid&ordering=-amount"] {
        let shown = world.harness.get(token, &format!("{path}&{query}")).await.unwrap().body;
        let ids = shown["results"].as_array().unwrap().iter().filter(|one| one["id"] == made_id.to_string());
        assert_eq!(ids.count(), 1, "{query}: {shown}");
    }
    let pending = world.harness.get(token, &format!("{path}&status=pending")).await.unwrap().body;
    assert!(pending["results"].as_array().unwrap().iter().all(|one| one["id"] != made_id.to_string()));

    let (back, refund) = paid.clone().start_refund(made_id, NewRefund::default(), &by(now)).unwrap();
    let back = back.order.finish_refund(refund, RefundOutcome::Succeeded, &by(now)).order;
    let removed = back.delete(&by(now)).unwrap().order;
    world.harness.save(Some(paid.version), &removed).await.unwrap();
    assert_eq!(count().await, before, "a deleted order's payment is gone at once");
}
