//! Every list of orders against a model that filters, searches, sorts and slices all orders in
//! memory, as plainly as it can: for random orders, callers, filters, terms, orderings and pages.

use crate::cases::{Case, Person, compared, keys, terms};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use oms_domain::text::folded;
use oms_domain::{Currency, Decimal, Order, PaymentStatus, Status, StoreId, UserId};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::SeededRng;
use oms_workspace::tokens::User;
use serde_json::Value;
use std::collections::BTreeSet;

const ORDERS: u64 = 260;
const CASES: u64 = 200;

struct World {
    harness: Harness,
    orders: Vec<Order>,
    people: Vec<Person>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let harness = Harness::set_up().unwrap();
        let now = harness.app.now();
        let since = now - SignedDuration::from_hours(60 * 24);
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
            let order =
                vary(generator.order(number).unwrap(), &mut SeededRng::new(seed ^ number), &generator, now);
            harness.save(None, &order).await.unwrap();
            orders.push(order);
        }
        for some in orders.chunks(25) {
            harness.apply(some.to_vec()).await.unwrap();
        }
        orders.retain(|order| !order.is_deleted());
        let owned: Vec<StoreId> = generator.stores.iter().take(2).map(|store| store.id).collect();
        let people = vec![
            Person::new(&harness, "customer0", None, &[]),
            Person::new(&harness, "customer5", None, &[]),
            Person::new(&harness, "customer1", Some("vendor"), &owned),
            Person::new(&harness, "boss", Some("staff"), &[]),
            Person::new(&harness, "nobody", None, &[]),
        ];
        Self { harness, orders, people }
    }
}

/// Ties, empty values, other currencies, odd codes and deleted orders.
fn vary(mut order: Order, rng: &mut SeededRng, generator: &OrderGenerator, now: Timestamp) -> Order {
    if rng.below(4) == 0 {
        order.created_at = generator.placed_at(rng.below(ORDERS) / 8 * 8);
        // A number tells the day on which its order was placed.
        let number = order.order_number.rsplit('-').next().unwrap_or_default();
        order.order_number = format!("ORD-{}-{number}", order.created_at.strftime("%Y%m%d"));
    }
    if rng.below(3) == 0 {
        order.total_amount = Decimal::new(7_598, 2) * Decimal::from(1 + rng.below(3));
    }
    if rng.below(9) == 0 {
        order.currency = Currency::EUR;
    }
    match rng.below(18) {
        0 | 1 => order.payment_reference = "Überweisung 0042, \"Mai\"".into(),
        // As if it were another order's number.
        2 => order.payment_reference = generator.order(rng.below(ORDERS)).unwrap().order_number,
        _ => {}
    }
    if rng.below(9) == 0 {
        order.payment_status = *rng.of(PaymentStatus::ALL).unwrap();
    }
    order.updated_at = generator.placed_at(rng.below(ORDERS / 4));
    if rng.below(20) == 0 {
        order.deleted_at = Some(now);
    }
    order
}

fn case(world: &World, person: &Person, rng: &mut SeededRng) -> Case {
    let now = world.harness.app.now();
    let list = *rng.of(&["", "", "", "my_orders/", "recent_orders/", "pending_orders/"]).unwrap();
    let mut wanted: Vec<&Order> = world
        .orders
        .iter()
        .filter(|order| {
            let own = order.user.id == person.id;
            own || (list != "my_orders/" && (person.is_staff || person.owned.contains(&order.store.id)))
        })
        .collect();
    match list {
        "recent_orders/" => {
            wanted.retain(|order| order.created_at >= now - SignedDuration::from_hours(30 * 24));
        }
        "pending_orders/" => wanted.retain(|order| order.status == Status::Pending),
        _ => {}
    }
    let mut parameters = Vec::new();
    for _ in 0..rng.below(4) {
        filter(world, rng, &mut parameters, &mut wanted);
    }
    if rng.below(3) == 0 {
        search(world, rng, &mut parameters, &mut wanted);
    }
    sort(rng, &mut parameters, &mut wanted);
    let expected = wanted.iter().map(|order| order.id.to_string()).collect();
    Case { path: format!("/api/orders/{list}"), parameters, expected }
}

fn filter(
    world: &World,
    rng: &mut SeededRng,
    parameters: &mut Vec<(String, String)>,
    wanted: &mut Vec<&Order>,
) {
    let some = rng.of(&world.orders).unwrap();
    let (name, value): (&str, String) = match rng.below(12) {
        0 => ("status", some.status.to_string()),
        1 => ("payment_status", some.payment_status.to_string()),
        2 => ("payment_method", some.payment_method.to_string()),
        3 => ("shipping_method", some.shipping_method.to_string()),
        4 => ("currency", some.currency.code().to_owned()),
        5 => ("store", some.store.id.to_string()),
        6 => ("user", some.user.id.to_string()),
        7 => ("status__in", format!("{},{}", some.status, rng.of(Status::ALL).unwrap())),
        8 => ("created_at__gte", moment(some.created_at, rng)),
        9 => ("created_at__lt", moment(some.created_at, rng)),
        10 => ("total_amount__gte", some.total_amount.to_string()),
        _ => ("total_amount__lte", (some.total_amount + Decimal::from(rng.below(2))).to_string()),
    };
    if parameters.iter().any(|(known, _)| known == name) {
        return;
    }
    let at = || {
        let text = if value.len() == 10 { format!("{value}T00:00:00Z") } else { value.clone() };
        text.parse::<Timestamp>().unwrap()
    };
    wanted.retain(|order| match name {
        "status" => order.status.as_str() == value,
        "payment_status" => order.payment_status.as_str() == value,
        "payment_method" => order.payment_method.as_str() == value,
        "shipping_method" => order.shipping_method.as_str() == value,
        "currency" => order.currency.code() == value,
        "store" => order.store.id.to_string() == value,
        "user" => order.user.id.0 == value,
        "status__in" => value.split(',').any(|status| order.status.as_str() == status),
        "created_at__gte" => order.created_at >= at(),
        "created_at__lt" => order.created_at < at(),
        "total_amount__gte" => order.total_amount >= value.parse().unwrap(),
        _ => order.total_amount <= value.parse().unwrap(),
    });
    parameters.push((name.to_owned(), value));
}

fn moment(at: Timestamp, rng: &mut SeededRng) -> String {
    if rng.below(2) == 0 { at.to_zoned(TimeZone::UTC).date().to_string() } else { at.to_string() }
}

fn search(
    world: &World,
    rng: &mut SeededRng,
    parameters: &mut Vec<(String, String)>,
    wanted: &mut Vec<&Order>,
) {
    let texts: Vec<&str> = (0..3)
        .flat_map(|_| {
            let some = rng.of(&world.orders).unwrap();
            // Half of them order numbers, in which dates are sought in another way.
            [&some.order_number, &some.order_number, &some.tracking_number, &some.payment_reference]
        })
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    let (search, terms) = terms(rng, &texts);
    wanted.retain(|order| {
        let fields = [&order.order_number, &order.tracking_number, &order.payment_reference];
        let fields = fields.map(|field| folded(field));
        terms.iter().all(|term| fields.iter().any(|field| field.contains(term)))
    });
    parameters.push(("search".to_owned(), search));
}

fn sort(rng: &mut SeededRng, parameters: &mut Vec<(String, String)>, wanted: &mut [&Order]) {
    let names = [
        "created_at",
        "updated_at",
        "confirmed_at",
        "shipped_at",
        "delivered_at",
        "total_amount",
        "status",
        "payment_status",
        "nonsense",
    ];
    let keys = keys(rng, &names, parameters);
    let time = |at: Option<Timestamp>| at.map_or(i64::MAX, Timestamp::as_microsecond);
    wanted.sort_by(|a, b| {
        let by = |name: &str| match name {
            "created_at" => a.created_at.cmp(&b.created_at),
            "updated_at" => a.updated_at.cmp(&b.updated_at),
            "confirmed_at" => time(a.confirmed_at).cmp(&time(b.confirmed_at)),
            "shipped_at" => time(a.shipped_at).cmp(&time(b.shipped_at)),
            "delivered_at" => time(a.delivered_at).cmp(&time(b.delivered_at)),
            "total_amount" => a.total_amount.cmp(&b.total_amount),
            "status" => a.status.as_str().cmp(b.status.as_str()),
            _ => a.payment_status.as_str().cmp(b.payment_status.as_str()),
        };
        compared(&keys, by, (&a.id, &b.id))
    });
}

#[tokio::test]
async fn every_list_is_what_a_model_of_it_says() {
    let world = World::new(20_261_122).await;
    let mut tried = BTreeSet::new();
    for number in 0..CASES {
        let mut rng = SeededRng::new(number);
        let person = rng.of(&world.people).unwrap();
        let case = case(&world, person, &mut rng);
        tried.extend(case.parameters.iter().map(|(name, _)| name.clone()));
        case.hold(&world.harness, &person.token, &mut rng, format!("case {number}")).await;
    }
    let document: Value = serde_json::from_str(include_str!("../../functions/docs/openapi.json")).unwrap();
    let documented = document["paths"]["/api/orders/"]["get"]["parameters"].as_array().unwrap();
    let names = documented.iter().filter_map(|parameter| parameter["name"].as_str());
    let untried: Vec<_> = names.filter(|name| *name != "explain" && !tried.contains(*name)).collect();
    assert!(untried.is_empty(), "the model knows nothing of {untried:?}");
}
