//! A shop of a test's own: a store with its vendor, products and customers.

use crate::http::{Answer, Client};
use crate::stack::stack;
use oms_workspace::tokens::User;
use serde_json::{Value, json};

/// How long a test's tokens live.
const LIFETIME_S: i64 = 3_600;

/// A person with a token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their connection, with the token.
    pub client: Client,
    /// The subject of their token.
    pub id: String,
    /// An address of theirs; null for those who do not buy.
    pub address: Value,
}

/// A store and those who run it.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The store, as the API shows it.
    pub store: Value,
    /// Who owns it.
    pub vendor: Person,
    /// Staff of the deployment.
    pub staff: Person,
}

/// A product with one variant.
#[derive(Clone, Debug)]
pub struct Goods {
    /// The product's id.
    pub product: Value,
    /// Its variant's id.
    pub variant: Value,
}

impl Person {
    /// Somebody new, in a group or in none.
    #[must_use]
    pub fn new(name: &str, group: Option<&str>) -> Self {
        Self::at(stack().setting("API_URL"), name, group)
    }

    /// The same, of another deployment's API that accepts the stack's tokens.
    #[must_use]
    pub fn at(api: &str, name: &str, group: Option<&str>) -> Self {
        let user = User::new(&format!("{name}-{}", uuid::Uuid::new_v4().simple()), group);
        let token = stack().token(&user, LIFETIME_S);
        Self { client: Client::of(api).with_token(token), id: user.id().to_string(), address: Value::Null }
    }

    /// Tries to buy some pieces.
    pub async fn buys(&self, shop: &Shop, goods: &Goods, quantity: u32) -> Answer {
        self.client.post("/api/orders/", self.order_of(shop, goods, quantity)).await
    }

    /// Buys some pieces; the order.
    pub async fn order(&self, shop: &Shop, goods: &Goods, quantity: u32) -> Value {
        self.buys(shop, goods, quantity).await.expect(201)
    }

    /// The body of an order for some pieces.
    #[must_use]
    pub fn order_of(&self, shop: &Shop, goods: &Goods, quantity: u32) -> Value {
        json!({
            "store": shop.store["id"],
            "payment_method": "credit_card",
            "shipping_address": self.address,
            "items": [{ "product": goods.product, "variant": goods.variant, "quantity": quantity }],
        })
    }

    /// Pays an order through the simulated gateway; the payment.
    pub async fn pays(&self, order: &Value) -> Value {
        self.pays_with(order, "tok_approve").await.expect(200)
    }

    /// Pays an order with a token that says what the simulated gateway does.
    pub async fn pays_with(&self, order: &Value, token: &str) -> Answer {
        let new = json!({
            "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": token },
        });
        let payment = self.client.post("/api/payments/", new).await.expect(201);
        let path = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
        self.client.post(&path, json!({})).await
    }
}

impl Shop {
    /// A new store with its vendor.
    pub async fn open() -> Self {
        Self::open_at(stack().setting("API_URL")).await
    }

    /// The same, at another deployment's API that accepts the stack's tokens.
    pub async fn open_at(api: &str) -> Self {
        let vendor = Person::at(api, "vendor", Some("vendor"));
        let staff = Person::at(api, "staff", Some("staff"));
        let new = json!({ "name": "Mugs & More", "owner": vendor.id });
        let store = staff.client.post("/api/stores/", new).await.expect(201);
        Self { store, vendor, staff }
    }

    /// A new product at 29.99 with one variant and so many pieces of it.
    pub async fn sells(&self, name: &str, stock: u32) -> Goods {
        let new = json!({
            "store": self.store["id"], "name": name, "base_price": "29.99", "status": "active",
            "variants": [{ "name": "Blue", "current_price": "29.99", "stock": stock }],
        });
        let product = self.vendor.client.post("/api/products/", new).await.expect(201);
        Goods { product: product["id"].clone(), variant: product["variants"][0]["id"].clone() }
    }

    /// How many pieces of it are left.
    pub async fn stock(&self, goods: &Goods) -> Value {
        let path = format!("/api/products/{}/", text(&goods.product));
        self.staff.client.get(&path).await.expect(200)["variants"][0]["stock"].clone()
    }

    /// A new customer with an address.
    pub async fn customer(&self) -> Person {
        let mut person = Person::at(self.staff.client.api(), "customer", None);
        let new = json!({
            "full_name": "Ada Lovelace", "address_line1": "12 St James's Square",
            "city": "London", "postal_code": "SW1Y 4JH", "country": "GB",
        });
        let address = person.client.post("/api/addresses/", new).await.expect(201);
        person.address = address["id"].clone();
        person
    }

    /// The vendor does something to an order.
    pub async fn does(&self, action: &str, order: &Value) -> Answer {
        self.vendor.client.patch(&format!("/api/orders/{}/{action}/", text(&order["id"]))).await
    }
}

/// A JSON text.
///
/// # Panics
/// Where it is none.
#[must_use]
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
