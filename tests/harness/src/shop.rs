//! A store that the API can sell from, beside the made-up ones: its goods, staff and a customer.

use crate::harness::{Answer, Harness};
use http::Method;
use oms_workspace::report::Fault;
use oms_workspace::tokens::User;
use serde_json::{Value, json};

/// A store, three products of it, and who buys and runs them.
pub struct Shop {
    /// The store's id.
    pub store: Value,
    products: Vec<Value>,
    address: Value,
    /// A customer's token.
    pub customer: String,
    /// Staff's token.
    pub staff: String,
}

impl Shop {
    /// A new store with plenty of stock.
    pub async fn open(harness: &Harness) -> Result<Self, Fault> {
        let customer = harness.token(&User::new("buyer", None))?;
        let staff = harness.token(&User::new("boss", Some("staff")))?;
        let new = async |token: &str, path: &str, body: Value| {
            harness.send(Method::POST, token, path, Some(body)).await?.id().map(Value::from)
        };
        let store = new(&staff, "/api/stores/", json!({ "name": "Mugs & More" })).await?;
        let mut products = Vec::new();
        for name in ["Mug", "Jug", "Teapot"] {
            let product = json!({
                "store": store, "name": name, "base_price": "29.99", "status": "active", "stock": 1_000_000,
            });
            products.push(new(&staff, "/api/products/", product).await?);
        }
        let address = json!({
            "full_name": "Ada Lovelace", "address_line1": "12 St James's Square",
            "city": "London", "postal_code": "SW1Y 4JH", "country": "GB",
        });
        let address = new(&customer, "/api/addresses/", address).await?;
        Ok(Self { store, products, address, customer, staff })
    }

    /// Places an order of three lines.
    pub async fn order(&self, harness: &Harness) -> Result<Answer, Fault> {
        harness.send(Method::POST, &self.customer, "/api/orders/", Some(self.new_order())).await
    }

    /// What asks for it.
    pub fn new_order(&self) -> Value {
        let items = self.products.iter().map(|product| json!({ "product": product, "quantity": 2 }));
        json!({
            "store": self.store, "payment_method": "credit_card", "shipping_address": self.address,
            "notes": "Please deliver after 6 PM", "items": items.collect::<Vec<_>>(),
        })
    }
}
