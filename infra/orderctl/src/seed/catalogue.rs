//! What the demo's stores sell, and to whom.

use futures::{StreamExt, TryStreamExt, stream};
use oms_workspace::error::Result;
use oms_workspace::tokens::User;
use serde_json::{Value, json};

use super::CONCURRENCY;
use super::client::{Client, id};

/// A store and what it sells.
pub(super) struct Shelf {
    /// The store's id.
    pub store: String,
    /// Its products.
    pub products: Vec<Product>,
}

/// A product that can be ordered.
pub(super) struct Product {
    /// The product's id.
    pub id: String,
    /// The ids of its variants; a product that has some is ordered as one of them.
    pub variants: Vec<String>,
}

/// A person of the demo.
pub(super) struct Person {
    /// The user's name.
    pub user: &'static str,
    name: &'static str,
    street: &'static str,
    city: &'static str,
    state: &'static str,
    postal_code: &'static str,
    country: &'static str,
}

struct StoreOf {
    name: &'static str,
    owner: &'static str,
    description: &'static str,
    goods: [Good; 10],
}

/// Name, article number, price, and the variants' names with what each costs.
type Good = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const STORES: [StoreOf; 3] = [
    StoreOf {
        name: "Kettle & Cup",
        owner: "vendor",
        description: "Coffee and what it takes to make it.",
        goods: [
            ("House Espresso", "KC-ESP", "14.50", &[("250 g", "14.50"), ("1 kg", "49.00")]),
            ("Ethiopia Guji", "KC-GUJ", "17.90", &[("250 g", "17.90"), ("1 kg", "62.00")]),
            ("Decaf Sugar Cane", "KC-DEC", "15.90", &[("250 g", "15.90")]),
            (
                "Stoneware Mug",
                "KC-MUG",
                "18.00",
                &[("Chalk", "18.00"), ("Slate", "18.00"), ("Moss", "19.50")],
            ),
            ("Pour-Over Dripper", "KC-DRP", "32.00", &[("One cup", "32.00"), ("Four cups", "39.00")]),
            ("Paper Filters, 100", "KC-FLT", "6.40", &[]),
            ("Hand Grinder", "KC-GRD", "89.00", &[]),
            ("Gooseneck Kettle", "KC-KTL", "119.00", &[("Steel", "119.00"), ("Black", "129.00")]),
            ("Brewing Scale", "KC-SCL", "54.90", &[]),
            ("Milk Jug", "KC-JUG", "27.50", &[("350 ml", "27.50"), ("600 ml", "31.00")]),
        ],
    },
    StoreOf {
        name: "North & Pine",
        owner: "vendor",
        description: "Things for the trail, the hut and the way home.",
        goods: [
            ("Merino Base Layer", "NP-MER", "79.00", &[("S", "79.00"), ("M", "79.00"), ("L", "79.00")]),
            ("Rain Shell", "NP-RSH", "189.00", &[("S", "189.00"), ("M", "189.00"), ("L", "189.00")]),
            ("Trail Socks", "NP-SOC", "16.90", &[("36-39", "16.90"), ("40-43", "16.90"), ("44-47", "16.90")]),
            ("Day Pack 22 l", "NP-D22", "94.50", &[("Rust", "94.50"), ("Fir", "94.50")]),
            ("Headlamp", "NP-HLP", "44.00", &[]),
            ("Insulated Bottle", "NP-BTL", "34.90", &[("0.5 l", "34.90"), ("1 l", "42.90")]),
            ("Folding Saw", "NP-SAW", "39.00", &[]),
            ("Wool Blanket", "NP-BLK", "129.00", &[("Grey", "129.00"), ("Ochre", "129.00")]),
            ("Enamel Pot", "NP-POT", "28.00", &[]),
            ("Map of the High Route", "NP-MAP", "14.90", &[]),
        ],
    },
    StoreOf {
        name: "Paper Lantern",
        owner: "vendor2",
        description: "Paper, ink and light.",
        goods: [
            ("Fountain Pen", "PL-PEN", "64.00", &[("Fine", "64.00"), ("Medium", "64.00")]),
            ("Ink, 50 ml", "PL-INK", "12.80", &[("Night", "12.80"), ("Fern", "12.80"), ("Brick", "13.80")]),
            ("Notebook A5", "PL-NB5", "15.00", &[("Dotted", "15.00"), ("Plain", "15.00")]),
            ("Notebook A6", "PL-NB6", "11.00", &[]),
            ("Letter Paper, 40 sheets", "PL-LTR", "9.90", &[]),
            ("Wax Seal Set", "PL-WAX", "29.00", &[]),
            ("Desk Lamp", "PL-LMP", "149.00", &[("White", "149.00"), ("Brass", "169.00")]),
            ("Rice Paper Lantern", "PL-LAN", "24.50", &[("30 cm", "24.50"), ("45 cm", "34.50")]),
            ("Brush Set", "PL-BRS", "37.00", &[]),
            ("Wall Calendar", "PL-CAL", "22.00", &[]),
        ],
    },
];

/// The customers, `customer` and `customer2` among them.
pub(super) const CUSTOMERS: [Person; 12] = [
    person("customer", "Casey Example", ("12 Harbour Street", "Portland", "ME", "04101", "US")),
    person("customer2", "Robin Example", ("480 Elm Avenue", "Austin", "TX", "78701", "US")),
    person("ada.berg", "Ada Berg", ("Storgata 9", "Oslo", "", "0155", "NO")),
    person("ben.okafor", "Ben Okafor", ("77 Mill Lane", "Leeds", "", "LS1 4AP", "GB")),
    person("chloe.martin", "Chloé Martin", ("3 rue des Lilas", "Lyon", "", "69003", "FR")),
    person("dario.conti", "Dario Conti", ("Via Roma 41", "Torino", "TO", "10123", "IT")),
    person("emi.tanaka", "Emi Tanaka", ("2-8-1 Nishi", "Sapporo", "Hokkaido", "060-0001", "JP")),
    person("femke.devries", "Femke de Vries", ("Oudegracht 112", "Utrecht", "", "3511 AW", "NL")),
    person("gus.keller", "Gus Keller", ("Lindenweg 5", "Bern", "BE", "3011", "CH")),
    person("hana.novak", "Hana Nováková", ("Dlouhá 20", "Praha", "", "110 00", "CZ")),
    person("ivo.santos", "Ivo Santos", ("Rua do Carmo 8", "Lisboa", "", "1200-093", "PT")),
    person("june.park", "June Park", ("901 Pike Street", "Seattle", "WA", "98101", "US")),
];

const fn person(
    user: &'static str,
    name: &'static str,
    address: (&'static str, &'static str, &'static str, &'static str, &'static str),
) -> Person {
    let (street, city, state, postal_code, country) = address;
    Person { user, name, street, city, state, postal_code, country }
}

/// The address of a customer.
pub(super) fn address(number: usize, person: &Person) -> Value {
    json!({
        "full_name": person.name,
        "address_line1": person.street,
        "city": person.city,
        "state": person.state,
        "postal_code": person.postal_code,
        "country": person.country,
        "phone_number": format!("+1202555{:04}", 100 + number),
        "is_default": true,
    })
}

/// Opens the stores and fills the shelves.
pub(super) async fn make(staff: &Client) -> Result<Vec<Shelf>> {
    stream::iter(&STORES).then(|store| shelf(staff, store)).try_collect().await
}

async fn shelf(staff: &Client, store: &StoreOf) -> Result<Shelf> {
    let owner = User::new(store.owner, Some("vendor")).id();
    let body = json!({ "name": store.name, "description": store.description, "owner": owner });
    let store_id = id(&staff.post("/api/stores/", &body).await?)?;
    let products = stream::iter(store.goods.iter().enumerate())
        .map(|(position, good)| product(staff, store_id.clone(), position, good))
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(Shelf { store: store_id, products })
}

async fn product(staff: &Client, store: String, position: usize, good: &Good) -> Result<Product> {
    let &(name, sku, price, variants) = good;
    let stock = 300 + 20 * position;
    let variants: Vec<Value> = variants
        .iter()
        .enumerate()
        .map(|(number, (name, price))| {
            json!({ "name": name, "sku": format!("{sku}-{}", number + 1), "current_price": price, "stock": stock })
        })
        .collect();
    let body = json!({
        "store": store,
        "name": name,
        "sku": sku,
        "description": format!("{name}, as we use it ourselves."),
        "base_price": price,
        "status": "active",
        "stock": stock,
        "variants": variants,
    });
    let created = staff.post("/api/products/", &body).await?;
    let variants = created["variants"].as_array().cloned().unwrap_or_default();
    Ok(Product { id: id(&created)?, variants: variants.iter().map(id).collect::<Result<_>>()? })
}
