//! A made-up shop: stores, users and orders as shops have them. The same numbers make the same
//! orders, so that what is measured can be measured again.

use jiff::{SignedDuration, Timestamp};
use oms_domain::catalog::{Product, ProductStatus, Store, StoreStatus};
use oms_domain::lifecycle::Shipment;
use oms_domain::paying::NewPayment;
use oms_domain::payment::PaymentProvider;
use oms_domain::place::{NewOrder, WantedLine, place};
use oms_domain::unpaid::UnpaidLimits;
use oms_domain::{
    Actor, Address, AddressId, Currency, Decimal, Order, OrderId, PaymentMethod, ProductId, RuleViolation,
    ShippingMethod, StoreId, User, UserId,
};
use oms_workspace::rng::SeededRng;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many products each store sells.
const PRODUCTS: u64 = 40;

/// How large the shop is, and how busy.
#[derive(Clone, Debug)]
pub struct OrderGenerator {
    /// The users, by whom orders are placed; the first ones place the most.
    pub users: Vec<User>,
    /// The stores; the first ones sell the most.
    pub stores: Vec<Store>,
    /// When the first order was placed.
    pub since: Timestamp,
    /// How long after each order the next one is placed.
    pub every: SignedDuration,
}

/// How far an order goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pending,
    Confirmed,
    Processing,
    Shipped,
    OutForDelivery,
    Delivered,
    Cancelled,
}

impl Fate {
    /// Of a hundred orders, most have arrived.
    const fn of(percent: u64) -> Self {
        match percent {
            0..=4 => Self::Pending,
            5..=8 => Self::Confirmed,
            9..=11 => Self::Processing,
            12..=19 => Self::Shipped,
            20..=21 => Self::OutForDelivery,
            22..=27 => Self::Cancelled,
            _ => Self::Delivered,
        }
    }
}

impl OrderGenerator {
    /// A shop of so many users and stores that begins to sell at `since`.
    #[must_use]
    pub fn new(users: u64, stores: u64, since: Timestamp, every: SignedDuration) -> Self {
        let users = (0..users).map(|n| customer(&format!("customer{n}")));
        let stores = (0..stores).map(|n| store(n, since));
        Self { users: users.collect(), stores: stores.collect(), since, every }
    }

    /// When the order of a number is placed.
    #[must_use]
    pub fn placed_at(&self, number: u64) -> Timestamp {
        let after = self.every.checked_mul(i32::try_from(number).unwrap_or(i32::MAX)).unwrap_or_default();
        self.since + after
    }

    /// The order of a number, of three lines, at the end of its way so far.
    ///
    /// # Errors
    /// Where the rules have changed so that it cannot be placed.
    pub fn order(&self, number: u64) -> Result<Order, String> {
        let mut rng = SeededRng::new(number);
        let user = rng.skewed(&self.users).ok_or("no users")?.clone();
        self.order_of(user, number, rng)
    }

    /// The order of a number, as another customer than one of the shop's placed it.
    ///
    /// # Errors
    /// As [`OrderGenerator::order`].
    pub fn order_by(&self, name: &str, number: u64) -> Result<Order, String> {
        self.order_of(customer(name), number, SeededRng::new(number))
    }

    /// A product of a store, by its number.
    #[must_use]
    pub fn product(store: &Store, number: u64) -> Product {
        let price = Decimal::new(i64::try_from(499 + number * number * 11).unwrap_or(499), 2);
        let id = store.id.0.as_u128() ^ (0x9000 + u128::from(number)) << 32;
        Product {
            id: ProductId(Uuid::from_u128(id)),
            store: store.id,
            name: format!("Stoneware mug, {number} cl"),
            slug: format!("stoneware-mug-{number}"),
            sku: format!("MUG-{number:04}"),
            description: String::new(),
            base_price: price,
            current_price: price,
            status: ProductStatus::Active,
            variants: Vec::new(),
            created_at: store.created_at,
            updated_at: store.created_at,
        }
    }

    fn order_of(&self, user: User, number: u64, mut rng: SeededRng) -> Result<Order, String> {
        let at = self.placed_at(number);
        let store = rng.skewed(&self.stores).ok_or("no stores")?.clone();
        let by = Actor { id: user.id.clone(), at };
        let methods = [PaymentMethod::CreditCard, PaymentMethod::Paypal, PaymentMethod::DebitCard];
        let payment_method = if rng.below(10) < 8 { rng.of(&methods) } else { rng.of(PaymentMethod::ALL) };
        let shipping = [ShippingMethod::Standard, ShippingMethod::Standard, ShippingMethod::Express];
        let shipping_method = if rng.below(10) < 8 { rng.of(&shipping) } else { rng.of(ShippingMethod::ALL) };
        let products: Vec<Product> = (0..3).map(|_| Self::product(&store, rng.below(PRODUCTS))).collect();
        let lines = products.iter().map(|product| line(product, &mut rng)).collect();
        let day = at.strftime("%Y%m%d");
        let today = at.as_second().rem_euclid(86_400) / self.every.as_secs().max(1);
        let id = uuid::Builder::from_unix_timestamp_millis(
            u64::try_from(at.as_millisecond()).unwrap_or_default(),
            &random_bytes(&mut rng),
        );
        let new = NewOrder {
            id: OrderId::from_fresh(id.into_uuid()),
            order_number: format!("ORD-{day}-{:04}", today + 1),
            user,
            store,
            lines,
            customer_id: format!("CUST{number}"),
            payment_method: payment_method.copied().unwrap_or(PaymentMethod::CreditCard),
            shipping_address: address(),
            billing_address: None,
            shipping_method: shipping_method.copied().unwrap_or(ShippingMethod::Standard),
            currency: None,
            discount_amount: Decimal::ZERO,
            notes: "Please deliver after 6 PM".into(),
            special_instructions: String::new(),
            language: "en".into(),
            extra_data: serde_json::Map::new(),
        };
        let order = place(new, &products, false, &by).map_err(|error| error.to_string())?;
        lived(order, Fate::of(rng.below(100)), &mut rng, &by).map_err(|error| error.to_string())
    }
}

/// An order after what became of it.
fn lived(order: Order, fate: Fate, rng: &mut SeededRng, by: &Actor) -> Result<Order, RuleViolation> {
    let clerk =
        |hours: i64| Actor { id: UserId("clerk".into()), at: by.at + SignedDuration::from_hours(hours) };
    let is_paid = match fate {
        Fate::Pending => rng.below(4) == 0,
        Fate::Cancelled => false,
        Fate::Confirmed | Fate::Processing | Fate::Shipped | Fate::OutForDelivery | Fate::Delivered => {
            rng.below(20) > 0
        }
    };
    let mut order = order;
    if is_paid || rng.below(2) == 0 {
        let new = NewPayment {
            payment_method: order.payment_method,
            amount: None,
            payment_details: serde_json::Map::new(),
            provider: PaymentProvider::Simulated,
        };
        order = order.add_payment(new, by)?;
    }
    if is_paid && let Some(payment) = order.payments.first().map(|payment| payment.id) {
        let reference = format!("ch_3N{:016x}", rng.below(u64::MAX));
        order = order.pay_manually(payment, &reference, &clerk(0))?;
    }
    let rank = match fate {
        Fate::Pending => 0,
        Fate::Cancelled => {
            return order.cancel(true, "Ordered by mistake", &clerk(1)).map(|moved| moved.order);
        }
        Fate::Confirmed => 1,
        Fate::Processing => 2,
        Fate::Shipped => 3,
        Fate::OutForDelivery => 4,
        Fate::Delivered => 5,
    };
    let shipment = Shipment {
        tracking_number: Some(format!("1Z{:016}", rng.below(10_000_000_000_000_000))),
        estimated_delivery: None,
    };
    if rank >= 1 {
        order = order.confirm(&clerk(1))?;
    }
    if rank >= 2 {
        order = order.process(&clerk(2))?;
    }
    if rank >= 3 {
        order = order.ship(shipment, &clerk(20))?;
    }
    if rank >= 4 {
        order = order.send_out_for_delivery(&clerk(40))?;
    }
    if rank >= 5 {
        order = order.deliver(&clerk(44))?;
    }
    Ok(order)
}

fn customer(name: &str) -> User {
    User {
        id: UserId(oms_workspace::tokens::User::new(name, None).id().to_string()),
        username: name.to_owned(),
        email: format!("{name}@example.com"),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
    }
}

fn random_bytes(rng: &mut SeededRng) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&rng.below(u64::MAX).to_be_bytes());
    bytes
}

fn store(number: u64, at: Timestamp) -> Store {
    Store {
        id: StoreId(Uuid::from_u128(0x5000_0000_0000_4000_8000_0000_0000_0000 + u128::from(number))),
        name: format!("Mugs & More {number}"),
        slug: format!("mugs-more-{number}"),
        description: "Handmade mugs, jugs and teapots".into(),
        owner: None,
        currency: Currency::USD,
        tax_rate: Decimal::new(1000, 4),
        shipping_costs: BTreeMap::new(),
        unpaid_limits: UnpaidLimits::default(),
        status: StoreStatus::Active,
        created_at: at,
        updated_at: at,
    }
}

fn line(product: &Product, rng: &mut SeededRng) -> WantedLine {
    WantedLine {
        product: product.id,
        variant: None,
        quantity: u32::try_from(1 + rng.below(3)).unwrap_or(1),
        unit_price: None,
        notes: String::new(),
        extra_data: serde_json::Map::new(),
    }
}

fn address() -> Address {
    Address {
        id: AddressId(Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001)),
        full_name: "Ada Lovelace".into(),
        address_line1: "12 St James's Square".into(),
        address_line2: String::new(),
        city: "London".into(),
        state: String::new(),
        postal_code: "SW1Y 4JH".into(),
        country: "GB".into(),
        phone_number: String::new(),
    }
}
