//! Every list of stores, products and addresses against a model that filters, searches, sorts and
//! slices all of them in memory: for random entries, callers, filters, terms, orderings and pages.

use crate::cases::{Case, Person, compared, keys, terms};
use jiff::{SignedDuration, Timestamp};
use oms_domain::catalog::{Product, ProductStatus, Store, StoreStatus, Variant};
use oms_domain::order::Address;
use oms_domain::text::folded;
use oms_domain::{AddressId, Decimal, ProductId, StoreId, UserId, VariantId};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::SeededRng;
use oms_table::addresses::AddressRecord;
use oms_table::products::StockedProduct;
use oms_workspace::tokens::User;
use uuid::Uuid;

const STORES: u64 = 25;
const PRODUCTS: u64 = 150;
const ADDRESSES: u64 = 60;
const CASES: u64 = 240;
/// Names that tie but for their case, that need quotes, and that are not ASCII.
const NAMES: [&str; 6] = ["Mugs & More", "mugs & more", "Zebra", "Übertöpfe", "A \"fine\" cup", "ärger"];
/// Whose addresses there are.
const CUSTOMER: &str = "customer0";
const VENDOR: &str = "customer1";

struct World {
    harness: Harness,
    stores: Vec<Store>,
    products: Vec<Product>,
    addresses: Vec<AddressRecord>,
    people: Vec<Person>,
}

/// What a model lists: its id, when it was made, what it is called, and what is searched.
struct Entry {
    id: Uuid,
    created_at: Timestamp,
    name: String,
    searched: Vec<String>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let harness = Harness::set_up().unwrap();
        let (table, now) = (harness.app.table(), harness.app.now());
        let mut rng = SeededRng::new(seed);
        let generator = OrderGenerator::new(1, STORES, now, SignedDuration::from_mins(1));
        let vendor = UserId(User::new(VENDOR, None).id().to_string());
        let mut stores = Vec::new();
        for (number, store) in generator.stores.into_iter().enumerate() {
            let store = Store {
                name: (*rng.of(&NAMES).unwrap()).to_owned(),
                owner: (number % 5 == 0).then(|| vendor.clone()),
                status: if rng.below(3) == 0 { StoreStatus::Inactive } else { StoreStatus::Active },
                created_at: made_at(&mut rng, now),
                ..store
            };
            table.insert_store(&store, 20).await.unwrap();
            stores.push(store);
        }
        let mut products = Vec::new();
        for _ in 0..PRODUCTS {
            let product = product(&mut rng, &stores, now);
            let stocked = StockedProduct { product, shelves: Vec::new() };
            let store = stores.iter().find(|store| store.id == stocked.product.store);
            table.insert_product(&stocked, store.unwrap(), 5_000).await.unwrap();
            products.push(stocked.product);
        }
        for gone in products.extract_if(.., |product| product.id.0.as_u128() % 10 == 0) {
            let seen = table.product(gone.id).await.unwrap().unwrap();
            let store = stores.iter().find(|store| store.id == gone.store);
            table.delete_products(&[seen], store).await.unwrap();
        }
        let user = UserId(User::new(CUSTOMER, None).id().to_string());
        let mut addresses = Vec::new();
        for _ in 0..ADDRESSES {
            let address = address(&mut rng, &user, now);
            table.insert_address(&address, false).await.unwrap();
            addresses.push(address);
        }
        let owned: Vec<StoreId> = stores.iter().step_by(5).map(|store| store.id).collect();
        let people = vec![
            Person::new(&harness, CUSTOMER, None, &[]),
            Person::new(&harness, VENDOR, Some("vendor"), &owned),
            Person::new(&harness, "boss", Some("staff"), &[]),
        ];
        Self { harness, stores, products, addresses, people }
    }

    fn is_seen(&self, person: &Person, store: StoreId) -> bool {
        let active = |store: &&Store| store.status == StoreStatus::Active;
        person.is_staff
            || person.owned.contains(&store)
            || self.stores.iter().filter(active).any(|active| active.id == store)
    }
}

fn id(rng: &mut SeededRng) -> Uuid {
    Uuid::from_u64_pair(rng.below(u64::MAX), rng.below(u64::MAX))
}

/// One of a few moments, so that there are ties.
fn made_at(rng: &mut SeededRng, now: Timestamp) -> Timestamp {
    now - SignedDuration::from_hours(1 + i64::try_from(rng.below(20)).unwrap())
}

fn product(rng: &mut SeededRng, stores: &[Store], now: Timestamp) -> Product {
    let at = made_at(rng, now);
    let price = Decimal::from(5);
    let variants = (0..rng.below(3)).map(|_| Variant {
        id: VariantId(id(rng)),
        name: "Blue".into(),
        sku: format!("V-{:03}", rng.below(40)),
        current_price: price,
    });
    let variants = variants.collect();
    Product {
        id: ProductId(id(rng)),
        store: rng.of(stores).unwrap().id,
        name: (*rng.of(&NAMES).unwrap()).to_owned(),
        slug: "some".into(),
        sku: if rng.below(2) == 0 { String::new() } else { format!("MUG-{:03}", rng.below(40)) },
        description: "Not searched: zebra".into(),
        base_price: price,
        current_price: price,
        status: *rng.of(ProductStatus::ALL).unwrap(),
        variants,
        created_at: at,
        updated_at: at,
    }
}

fn address(rng: &mut SeededRng, user: &UserId, now: Timestamp) -> AddressRecord {
    let at = made_at(rng, now);
    let address = Address {
        id: AddressId(id(rng)),
        full_name: (*rng.of(&["Ada Lovelace", "ada lovelace", "Émile Borel"]).unwrap()).to_owned(),
        address_line1: format!("{} St James's Square", rng.below(30)),
        address_line2: "Not searched: Oslo".into(),
        city: (*rng.of(&["London", "Paris", "Oslo"]).unwrap()).to_owned(),
        state: String::new(),
        postal_code: format!("SW1Y {}", rng.below(50)),
        country: "GB".into(),
        phone_number: String::new(),
    };
    AddressRecord { user: user.clone(), address, created_at: at, updated_at: at }
}

fn case(world: &World, person: &Person, rng: &mut SeededRng) -> Case {
    let mut parameters = Vec::new();
    let (path, mut wanted, texts): (_, Vec<Entry>, &[&str]) = match rng.below(4) {
        0 => ("/api/stores/", stores(world, person, rng, &mut parameters), &NAMES),
        1 => (
            "/api/addresses/",
            addresses(world, person, rng, &mut parameters),
            &["Ada Lovelace", "7 St James's Square", "Oslo", "SW1Y 44"],
        ),
        _ => (
            "/api/products/",
            products(world, person, rng, &mut parameters),
            &["Mugs & More", "Zebra", "Übertöpfe", "MUG-013", "V-021", "A \"fine\" cup"],
        ),
    };
    if rng.below(3) == 0 {
        let (search, terms) = terms(rng, texts);
        wanted.retain(|entry| {
            let searched: Vec<String> = entry.searched.iter().map(|text| folded(text)).collect();
            terms.iter().all(|term| searched.iter().any(|text| text.contains(term)))
        });
        parameters.push(("search".to_owned(), search));
    }
    let keys = keys(rng, &["created_at", "name", "name", "nonsense"], &mut parameters);
    wanted.sort_by(|a, b| {
        let by = |name: &str| match name {
            "created_at" => a.created_at.cmp(&b.created_at),
            _ => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
        };
        compared(&keys, by, (&a.id, &b.id))
    });
    let expected = wanted.iter().map(|entry| entry.id.to_string()).collect();
    Case { path: path.to_owned(), parameters, expected }
}

type Parameters = Vec<(String, String)>;

fn stores(world: &World, person: &Person, rng: &mut SeededRng, parameters: &mut Parameters) -> Vec<Entry> {
    let mut wanted: Vec<&Store> =
        world.stores.iter().filter(|store| world.is_seen(person, store.id)).collect();
    if rng.below(2) == 0 {
        let status = *rng.of(StoreStatus::ALL).unwrap();
        wanted.retain(|store| store.status == status);
        parameters.push(("status".to_owned(), status.to_string()));
    }
    let entry = |store: &&Store| Entry {
        id: store.id.0,
        created_at: store.created_at,
        name: store.name.clone(),
        searched: vec![store.name.clone()],
    };
    wanted.iter().map(entry).collect()
}

fn products(world: &World, person: &Person, rng: &mut SeededRng, parameters: &mut Parameters) -> Vec<Entry> {
    let mut wanted: Vec<&Product> = world
        .products
        .iter()
        .filter(|product| {
            let manages = person.is_staff || person.owned.contains(&product.store);
            manages || product.status == ProductStatus::Active && world.is_seen(person, product.store)
        })
        .collect();
    if rng.below(2) == 0 {
        let status = *rng.of(ProductStatus::ALL).unwrap();
        wanted.retain(|product| product.status == status);
        parameters.push(("status".to_owned(), status.to_string()));
    }
    let store = rng.of(&world.stores).unwrap().id;
    if rng.below(3) == 0 && world.is_seen(person, store) {
        wanted.retain(|product| product.store == store);
        parameters.push(("store".to_owned(), store.to_string()));
    }
    let entry = |product: &&Product| Entry {
        id: product.id.0,
        created_at: product.created_at,
        name: product.name.clone(),
        searched: [&product.name, &product.sku]
            .into_iter()
            .chain(product.variants.iter().map(|variant| &variant.sku))
            .cloned()
            .collect(),
    };
    wanted.iter().map(entry).collect()
}

/// Everybody's own, and anybody's for staff who say whose.
fn addresses(world: &World, person: &Person, rng: &mut SeededRng, parameters: &mut Parameters) -> Vec<Entry> {
    let mut user = person.id.clone();
    if rng.below(2) == 0 {
        let named = User::new(CUSTOMER, None).id().to_string();
        parameters.push(("user".to_owned(), named.clone()));
        if person.is_staff {
            user = UserId(named);
        }
    }
    let of_user = world.addresses.iter().filter(|record| record.user == user);
    let entry = |record: &AddressRecord| {
        let address = &record.address;
        let searched = [&address.full_name, &address.address_line1, &address.city, &address.postal_code];
        Entry {
            id: address.id.0,
            created_at: record.created_at,
            name: address.full_name.clone(),
            searched: searched.map(Clone::clone).to_vec(),
        }
    };
    of_user.map(entry).collect()
}

#[tokio::test]
async fn every_list_of_the_catalogue_is_what_a_model_of_it_says() {
    let world = World::new(20_261_123).await;
    for number in 0..CASES {
        let mut rng = SeededRng::new(number);
        let person = rng.of(&world.people).unwrap();
        let case = case(&world, person, &mut rng);
        case.hold(&world.harness, &person.token, &mut rng, format!("case {number}")).await;
    }
}
