//! Every list of orders against a model that filters, searches, sorts and slices all orders in
//! memory, as plainly as it can: for random orders, callers, filters, terms, orderings and pages.

use crate::samples::{Chance, Samples};
use crate::stand::{Answer, Stand};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use oms_domain::{Currency, Decimal, Order, PaymentStatus, Status, StoreId, UserId};
use oms_local::tokens::User;
use serde_json::Value;
use std::cmp::Ordering;

const ORDERS: u64 = 260;
const CASES: u64 = 200;

/// Somebody who lists orders, and which of them they may see.
struct Person {
    token: String,
    id: UserId,
    is_staff: bool,
    owned: Vec<StoreId>,
}

struct World {
    stand: Stand,
    orders: Vec<Order>,
    people: Vec<Person>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let keys = std::env::temp_dir().join(format!("orderctl-model-{}-{seed}", std::process::id()));
        let stand = Stand::set_up(&keys).unwrap();
        std::fs::remove_dir_all(&keys).unwrap();
        let now = stand.app.now();
        let since = now - SignedDuration::from_hours(60 * 24);
        let mut samples = Samples::new(6, 4, since, SignedDuration::from_mins(60 * 24 * 59 / 260));
        let vendor = UserId(User::new("customer1", None).id().to_string());
        for store in samples.stores.iter_mut().take(2) {
            store.owner = Some(vendor.clone());
        }
        for store in &samples.stores {
            stand.app.table().insert_store(store).await.unwrap();
        }
        let mut orders = Vec::new();
        for number in 0..ORDERS {
            let order = vary(samples.order(number).unwrap(), &mut Chance::new(seed ^ number), &samples, now);
            stand.save(None, &order).await.unwrap();
            orders.push(order);
        }
        for some in orders.chunks(25) {
            stand.keep(some.to_vec()).await.unwrap();
        }
        orders.retain(|order| !order.is_deleted());
        let person = |name: &str, group: Option<&str>, owned: &[StoreId]| Person {
            token: stand.token(&User::new(name, group)).unwrap(),
            id: UserId(User::new(name, group).id().to_string()),
            is_staff: group == Some("staff"),
            owned: owned.to_vec(),
        };
        let owned: Vec<StoreId> = samples.stores.iter().take(2).map(|store| store.id).collect();
        let people = vec![
            person("customer0", None, &[]),
            person("customer5", None, &[]),
            person("customer1", Some("vendor"), &owned),
            person("boss", Some("staff"), &[]),
            person("nobody", None, &[]),
        ];
        Self { stand, orders, people }
    }
}

/// Ties, empty values, other currencies, odd codes and deleted orders.
fn vary(mut order: Order, chance: &mut Chance, samples: &Samples, now: Timestamp) -> Order {
    if chance.below(4) == 0 {
        order.created_at = samples.placed_at(chance.below(ORDERS) / 8 * 8);
        // A number tells the day on which its order was placed.
        let number = order.order_number.rsplit('-').next().unwrap_or_default();
        order.order_number = format!("ORD-{}-{number}", order.created_at.strftime("%Y%m%d"));
    }
    if chance.below(3) == 0 {
        order.total_amount = Decimal::new(7_598, 2) * Decimal::from(1 + chance.below(3));
    }
    if chance.below(9) == 0 {
        order.currency = Currency::EUR;
    }
    match chance.below(18) {
        0 | 1 => order.payment_reference = "Überweisung 0042, \"Mai\"".into(),
        // As if it were another order's number.
        2 => order.payment_reference = samples.order(chance.below(ORDERS)).unwrap().order_number,
        _ => {}
    }
    if chance.below(9) == 0 {
        order.payment_status = *chance.of(PaymentStatus::ALL).unwrap();
    }
    order.updated_at = samples.placed_at(chance.below(ORDERS / 4));
    if chance.below(20) == 0 {
        order.deleted_at = Some(now);
    }
    order
}

/// A request's parameters, and which orders they ask for in which order.
struct Case<'a> {
    list: &'static str,
    parameters: Vec<(String, String)>,
    wanted: Vec<&'a Order>,
}

fn case<'a>(world: &'a World, person: &Person, chance: &mut Chance) -> Case<'a> {
    let now = world.stand.app.now();
    let list = *chance.of(&["", "", "", "my_orders/", "recent_orders/", "pending_orders/"]).unwrap();
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
    for _ in 0..chance.below(4) {
        filter(world, chance, &mut parameters, &mut wanted);
    }
    if chance.below(3) == 0 {
        search(world, chance, &mut parameters, &mut wanted);
    }
    sort(chance, &mut parameters, &mut wanted);
    Case { list, parameters, wanted }
}

fn filter(
    world: &World,
    chance: &mut Chance,
    parameters: &mut Vec<(String, String)>,
    wanted: &mut Vec<&Order>,
) {
    let some = chance.of(&world.orders).unwrap();
    let (name, value): (&str, String) = match chance.below(12) {
        0 => ("status", some.status.to_string()),
        1 => ("payment_status", some.payment_status.to_string()),
        2 => ("payment_method", some.payment_method.to_string()),
        3 => ("shipping_method", some.shipping_method.to_string()),
        4 => ("currency", some.currency.code().to_owned()),
        5 => ("store", some.store.id.to_string()),
        6 => ("user", some.user.id.to_string()),
        7 => ("status__in", format!("{},{}", some.status, chance.of(Status::ALL).unwrap())),
        8 => ("created_at__gte", moment(some.created_at, chance)),
        9 => ("created_at__lt", moment(some.created_at, chance)),
        10 => ("total_amount__gte", some.total_amount.to_string()),
        _ => ("total_amount__lte", (some.total_amount + Decimal::from(chance.below(2))).to_string()),
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

fn moment(at: Timestamp, chance: &mut Chance) -> String {
    if chance.below(2) == 0 { at.to_zoned(TimeZone::UTC).date().to_string() } else { at.to_string() }
}

fn search(
    world: &World,
    chance: &mut Chance,
    parameters: &mut Vec<(String, String)>,
    wanted: &mut Vec<&Order>,
) {
    let mut terms = Vec::new();
    for _ in 0..=chance.below(2) {
        let some = chance.of(&world.orders).unwrap();
        let fields = [&some.order_number, &some.tracking_number, &some.payment_reference];
        // Half of them parts of an order number, in which dates are sought in another way.
        let field = if chance.below(2) == 0 { fields[0] } else { chance.of(&fields).unwrap() };
        let field: Vec<char> = field.chars().collect();
        let from = chance.below(field.len() as u64) as usize;
        let longest = if chance.below(3) == 0 { 4 } else { 18 };
        let length = 1 + chance.below(longest) as usize;
        let term: String = field.iter().skip(from).take(length).collect();
        let term = term.replace(['"', ','], "");
        if !term.trim().is_empty() {
            terms.push(term.trim().to_owned());
        }
    }
    wanted.retain(|order| {
        let fields = [&order.order_number, &order.tracking_number, &order.payment_reference];
        terms
            .iter()
            .all(|term| fields.iter().any(|field| field.to_lowercase().contains(&term.to_lowercase())))
    });
    let shown = terms.iter().map(|term| {
        let term = if chance.below(2) == 0 { term.to_uppercase() } else { term.clone() };
        // `Ü` has more than one lower case in some alphabets, but not here.
        if term.contains(char::is_whitespace) { format!("\"{term}\"") } else { term }
    });
    parameters.push(("search".to_owned(), shown.collect::<Vec<_>>().join(" ")));
}

fn sort(chance: &mut Chance, parameters: &mut Vec<(String, String)>, wanted: &mut [&Order]) {
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
    let asked: Vec<String> = (0..chance.below(4))
        .map(|_| format!("{}{}", chance.of(&["", "-"]).unwrap(), chance.of(&names).unwrap()))
        .collect();
    let mut keys: Vec<(&str, bool)> = asked
        .iter()
        .map(|name| name.strip_prefix('-').map_or((name.as_str(), false), |name| (name, true)))
        .filter(|(name, _)| *name != "nonsense")
        .collect();
    let descends = keys.first().is_none_or(|(_, descends)| *descends);
    keys.push(("created_at", descends));
    let time = |at: Option<Timestamp>| at.map_or(i64::MAX, Timestamp::as_microsecond);
    wanted.sort_by(|a, b| {
        let by_keys = keys.iter().map(|(name, descends)| {
            let compared = match *name {
                "created_at" => a.created_at.cmp(&b.created_at),
                "updated_at" => a.updated_at.cmp(&b.updated_at),
                "confirmed_at" => time(a.confirmed_at).cmp(&time(b.confirmed_at)),
                "shipped_at" => time(a.shipped_at).cmp(&time(b.shipped_at)),
                "delivered_at" => time(a.delivered_at).cmp(&time(b.delivered_at)),
                "total_amount" => a.total_amount.cmp(&b.total_amount),
                "status" => a.status.as_str().cmp(b.status.as_str()),
                _ => a.payment_status.as_str().cmp(b.payment_status.as_str()),
            };
            if *descends { compared.reverse() } else { compared }
        });
        let ties = if descends { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) };
        by_keys.fold(Ordering::Equal, Ordering::then).then(ties)
    });
    if !asked.is_empty() {
        if chance.below(2) == 0 {
            parameters.push(("ordering".to_owned(), asked.join(",")));
        } else {
            parameters.extend(asked.into_iter().map(|name| ("ordering".to_owned(), name)));
        }
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let results = answer.body["results"].as_array().into_iter().flatten();
    results.map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

fn path_of(link: &Value) -> Option<String> {
    link.as_str().map(|link| {
        link.trim_start_matches("https://localhost").trim_start_matches("http://localhost").to_owned()
    })
}

#[tokio::test]
async fn every_list_is_what_a_model_of_it_says() {
    let world = World::new(20_261_122).await;
    for number in 0..CASES {
        let mut chance = Chance::new(number);
        let person = chance.of(&world.people).unwrap();
        let case = case(&world, person, &mut chance);
        let expected: Vec<String> = case.wanted.iter().map(|order| order.id.to_string()).collect();
        let size = 1 + chance.below(30) as usize;
        let pages = expected.len().div_ceil(size).max(1);
        let page = 1 + chance.below(pages as u64) as usize;
        let url = |page: Option<String>| {
            let query = case.parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
            let query =
                query.chain([format!("page_size={size}")]).chain(page.map(|page| format!("page={page}")));
            format!("/api/orders/{}?{}", case.list, query.collect::<Vec<_>>().join("&"))
        };
        let named = if page == pages && chance.below(2) == 0 { "last".to_owned() } else { page.to_string() };
        let at = url(Some(named));
        let answer = world.stand.get(&person.token, &at).await.unwrap();
        assert_eq!(answer.status, 200, "case {number}: {at}: {}", answer.body);
        assert_eq!(answer.body["count"], expected.len(), "case {number}: {at}");
        let here = expected.chunks(size).nth(page - 1).unwrap_or_default();
        assert_eq!(ids(&answer), here, "case {number}: {at}");

        let next = path_of(&answer.body["next"]);
        assert_eq!(next.is_some(), page < pages, "case {number}: {at}");
        if let Some(next) = next {
            let answer = world.stand.get(&person.token, &next).await.unwrap();
            assert_eq!(
                ids(&answer),
                expected.chunks(size).nth(page).unwrap(),
                "case {number}: {at} → {next}"
            );
            let back = path_of(&answer.body["previous"]).unwrap();
            let answer = world.stand.get(&person.token, &back).await.unwrap();
            assert_eq!(ids(&answer), here, "case {number}: {at} → {next} → {back}");
        }
        let beyond = world.stand.get(&person.token, &url(Some((pages + 1).to_string()))).await.unwrap();
        assert_eq!(
            (beyond.status, &beyond.body["error"]),
            (404, &Value::from("Invalid page.")),
            "case {number}"
        );
    }
}

fn escaped(value: &str) -> String {
    value
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
