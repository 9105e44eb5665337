//! A store that the API can sell from, beside the made-up ones: its goods, staff and a customer.

use crate::stand::{Answer, Fault, Stand};
use http::Method;
use oms_local::tokens::User;
use serde_json::{Value, json};

/// A store, three products of it, and who buys and runs them.
pub(crate) struct Shop {
    /// The store's id.
    pub(crate) store: Value,
    products: Vec<Value>,
    address: Value,
    /// A customer's token.
    pub(crate) customer: String,
    /// Staff's token.
    pub(crate) staff: String,
}

impl Shop {
    /// A new store with plenty of stock.
    pub(crate) async fn open(stand: &Stand) -> Result<Self, Fault> {
        let customer = stand.token(&User::new("buyer", None))?;
        let staff = stand.token(&User::new("boss", Some("staff")))?;
        let new = async |token: &str, path: &str, body: Value| {
            stand.send(Method::POST, token, path, Some(body)).await?.id().map(Value::from)
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
    pub(crate) async fn order(&self, stand: &Stand) -> Result<Answer, Fault> {
        let items = self.products.iter().map(|product| json!({ "product": product, "quantity": 2 }));
        let body = json!({
            "store": self.store, "payment_method": "credit_card", "shipping_address": self.address,
            "notes": "Please deliver after 6 PM", "items": items.collect::<Vec<_>>(),
        });
        stand.send(Method::POST, &self.customer, "/api/orders/", Some(body)).await
    }
}
