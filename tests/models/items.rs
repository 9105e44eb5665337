//! Every list of order items against a model that filters, searches, sorts and slices all of them
//! in memory: for random orders, callers, filters, terms, orderings and pages.

use crate::cases::{Case, Person, compared, keys, terms};
use jiff::SignedDuration;
use oms_domain::lifecycle::OrderChange;
use oms_domain::order::VariantSnapshot;
use oms_domain::text::folded;
use oms_domain::{Actor, Decimal, Line, Order, UserId, VariantId};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::SeededRng;
use oms_workspace::tokens::User;
use orderctl::rebuild::{self, Rebuild};
use uuid::Uuid;

const ORDERS: u64 = 160;
const CASES: u64 = 200;

struct World {
    harness: Harness,
    orders: Vec<Order>,
    people: Vec<Person>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let harness = Harness::set_up().unwrap();
        let since = harness.app.now() - SignedDuration::from_hours(60 * 24);
        let mut generator = OrderGenerator::new(6, 3, since, SignedDuration::from_mins(60 * 24 * 59 / 160));
        let vendor = UserId(User::new("customer1", None).id().to_string());
        for store in generator.stores.iter_mut().take(1) {
            store.owner = Some(vendor.clone());
        }
        for store in &generator.stores {
            harness.app.table().insert_store(store, 20, None).await.unwrap();
        }
        let mut orders = Vec::new();
        for number in 0..ORDERS {
            let order = vary(generator.order(number).unwrap(), &mut SeededRng::new(seed ^ number));
            harness.save(None, &order).await.unwrap();
            orders.push(order);
        }
        for some in orders.chunks(25) {
            harness.apply(some.to_vec()).await.unwrap();
        }
        let by = Actor { id: UserId("admin".into()), at: since };
        for order in orders.iter_mut().step_by(11) {
            let Ok(OrderChange { order: gone, .. }) = order.clone().delete(&by) else { continue };
            harness.save(Some(order.version), &gone).await.unwrap();
            harness.apply(vec![gone.clone()]).await.unwrap();
            harness.app.table().write_line_rows([(None, &*order)]).await.unwrap();
            *order = gone;
        }
        orders.retain(|order| !order.is_deleted());
        let people = vec![
            Person::new(&harness, "customer0", None, &[]),
            Person::new(&harness, "customer1", Some("vendor"), &[generator.stores[0].id]),
            Person::new(&harness, "boss", Some("staff"), &[]),
            Person::new(&harness, "boss", Some("staff"), &[]),
            Person::new(&harness, "nobody", None, &[]),
        ];
        Self { harness, orders, people }
    }
}

/// Few products, so that each has many lines; some with variants; ties.
fn vary(mut order: Order, rng: &mut SeededRng) -> Order {
    for line in &mut order.lines {
        let product = rng.below(3);
        line.product.id.0 = Uuid::from_u128(0xbeef_0000 + u128::from(product));
        line.product.name = ["Stoneware mug", "Tea Cup", "Müsli bowl"][product as usize].into();
        if product > 0 {
            let number = rng.below(2);
            line.variant = Some(variant(product * 2 + number, ["Blue", "Grün"][number as usize]));
        }
        if rng.below(3) == 0 {
            line.total_price = Decimal::from(10);
        }
        if rng.below(4) == 0 {
            line.created_at += SignedDuration::from_hours(100);
        }
    }
    order
}

fn variant(number: u64, name: &str) -> VariantSnapshot {
    VariantSnapshot {
        id: VariantId(Uuid::from_u128(0xcafe_0000 + u128::from(number))),
        name: name.into(),
        sku: String::new(),
        current_price: Decimal::from(5),
    }
}

fn case(world: &World, person: &Person, rng: &mut SeededRng) -> Case {
    let mut wanted: Vec<(&Order, &Line)> = world
        .orders
        .iter()
        .filter(|order| {
            person.is_staff || order.user.id == person.id || person.owned.contains(&order.store.id)
        })
        .flat_map(|order| order.lines.iter().map(move |line| (order, line)))
        .collect();
    let mut parameters = Vec::new();
    let some = &rng.of(&world.orders).unwrap().lines[0];
    let (product, variant) = (some.product.id, some.variant.as_ref().map(|variant| variant.id));
    let kind = rng.below(4);
    if kind < 3 {
        wanted.retain(|(_, line)| line.product.id == product);
        parameters.push(("product".to_owned(), product.to_string()));
    }
    if let (Some(variant), 2 | 3) = (variant, kind) {
        wanted.retain(|(_, line)| line.variant.as_ref().is_some_and(|of| of.id == variant));
        parameters.push(("variant".to_owned(), variant.to_string()));
    }
    if rng.below(3) == 0 {
        let number = &rng.of(&world.orders).unwrap().order_number;
        let (search, terms) = terms(rng, &[number, "Stoneware mug", "Tea Cup", "Müsli bowl", "Grün"]);
        wanted.retain(|(order, line)| {
            let variant = line.variant.as_ref().map_or("", |variant| &variant.name);
            let fields = [&*order.order_number, &*line.product.name, variant].map(folded);
            terms.iter().all(|term| fields.iter().any(|field| field.contains(term)))
        });
        parameters.push(("search".to_owned(), search));
    }
    let plain = parameters.is_empty();
    let names = ["created_at", "quantity", "unit_price", "total_price", "nonsense"];
    let keys = keys(rng, &names, &mut parameters);
    // All lines, the newest first, are those of the newest orders first.
    let is_by_order = plain && keys.iter().all(|key| *key == ("created_at", true));
    wanted.sort_by(|(a_of, a), (b_of, b)| {
        if is_by_order {
            return (b_of.created_at, b.id).cmp(&(a_of.created_at, a.id));
        }
        let by = |name: &str| match name {
            "created_at" => a.created_at.cmp(&b.created_at),
            "quantity" => a.quantity.cmp(&b.quantity),
            "unit_price" => a.unit_price.cmp(&b.unit_price),
            _ => a.total_price.cmp(&b.total_price),
        };
        compared(&keys, by, (&a.id, &b.id))
    });
    let expected = wanted.iter().map(|(_, line)| line.id.to_string()).collect();
    Case { path: "/api/order-items/".to_owned(), parameters, expected }
}

#[tokio::test]
async fn every_list_of_items_is_what_a_model_of_it_says() {
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
