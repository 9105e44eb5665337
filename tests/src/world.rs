//! A small world in which every operation of the OpenAPI document can be done: a store with a
//! product, its customer with an order, and that order in the state that an operation needs.

use crate::http::Client;
use crate::shop::{Person, Shop, text};
use crate::wait::eventually;
use oms_openapi::SAMPLES;
use serde_json::{Value, json};

/// The mail address in the document's examples. One can be subscribed once.
const SAMPLE_MAIL: &str = "orders@shop.example.com";
/// The user in the document's examples.
const SAMPLE_USER: &str = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11";

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The customer whose the order is.
    Owner,
    /// Another customer.
    Other,
    /// The vendor whose the store is.
    Vendor,
    /// Another vendor.
    OtherVendor,
    /// Staff.
    Staff,
    /// An admin.
    Admin,
}

/// How far the world has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The store has a subscriber, and an order as below.
    Subscribed,
    /// An order of 75.98, pending.
    Placed,
    /// It has two items of one piece rather than one of two.
    TwoItems,
    /// A job of the vendor's is to confirm it instead.
    InBulk,
    /// It has a pending payment instead.
    Payable,
    /// The payment waits for its customer.
    Waiting,
    /// The payment is paid.
    Paid,
    /// It was paid at the door, and the order called off by its customer.
    CalledOff,
    /// The order is confirmed.
    Confirmed,
    /// It is shipped.
    Shipped,
    /// It is delivered.
    Delivered,
    /// Its customer has been told of all of it.
    Told,
    /// An admin has their customer erased.
    Erasing,
}

/// The world, with what stands for the document's sample ids.
#[derive(Debug)]
pub struct World {
    shop: Shop,
    owner: Person,
    mail: String,
    ids: Vec<(&'static str, String)>,
}

impl World {
    /// Makes a new world.
    ///
    /// # Panics
    /// Where the API refuses anything of it.
    pub async fn at(stage: Stage) -> Self {
        let shop = Shop::open().await;
        let owner = shop.customer().await;
        let new = json!({
            "store": shop.store["id"], "name": "Mug", "base_price": "29.99", "status": "active", "stock": 100,
            "variants": [{ "name": "Blue", "current_price": "29.99", "stock": 100 }],
        });
        let product = shop.vendor.client.post("/api/products/", new).await.expect(201);
        let mail = format!("orders-{}@shop.example.com", uuid::Uuid::new_v4().simple());
        let mut world = Self { shop, owner, mail, ids: Vec::new() };
        world.is("store", &world.shop.store["id"].clone());
        world.is("product", &product["id"]);
        world.is("variant", &product["variants"][0]["id"]);
        world.is("address", &world.owner.address.clone());
        if stage == Stage::Subscribed {
            world.subscription().await;
        }
        world.order(stage).await;
        world
    }

    async fn subscription(&mut self) {
        let new = json!({
            "protocol": "email", "endpoint": self.mail, "event_types": ["order.refunded"],
            "store": self.id("store"),
        });
        let path = "/api/notifications/subscriptions/";
        let subscription = self.shop.vendor.client.post(path, new).await.expect(201);
        self.is("subscription", &subscription["id"]);
    }

    async fn order(&mut self, stage: Stage) {
        let item = |quantity: u32| json!({ "product": self.id("product"), "quantity": quantity });
        let items = if stage == Stage::TwoItems { json!([item(1), item(1)]) } else { json!([item(2)]) };
        let new = json!({
            "store": self.id("store"), "shipping_address": self.id("address"),
            "payment_method": "credit_card", "items": items,
        });
        let order = self.owner.client.post("/api/orders/", new).await.expect(201);
        self.is("order", &order["id"]);
        self.is("order item", &order["items"][0]["id"]);
        if stage == Stage::InBulk {
            // Named so often that it is more than a request waits for.
            let new = json!({ "order_ids": vec![&order["id"]; 101], "status": "confirmed" });
            let path = "/api/orders/bulk_update_status/";
            let accepted = self.shop.vendor.client.post(path, new).await.expect(202);
            self.is("job", &accepted["job"]);
        }
        if stage < Stage::Payable {
            return;
        }
        let token = if stage == Stage::Waiting { "tok_authenticate" } else { "tok_approve" };
        let method = if stage == Stage::CalledOff { "cash_on_delivery" } else { "credit_card" };
        let new = json!({
            "order": order["id"], "payment_method": method, "payment_details": { "token": token },
        });
        let payment = self.owner.client.post("/api/payments/", new).await.expect(201);
        self.is("payment", &payment["id"]);
        if stage == Stage::CalledOff {
            return self.called_off().await;
        }
        if stage == Stage::Waiting {
            let path = format!("/api/payments/{}/process_payment/", self.id("payment"));
            let can_wait = json!({ "error_on_requires_action": false });
            self.owner.client.post(&path, can_wait).await.expect(202);
        }
        if stage >= Stage::Paid {
            let path = format!("/api/payments/{}/process_payment/", self.id("payment"));
            self.owner.client.post(&path, json!({})).await.expect(200);
        }
        let actions = [
            (Stage::Confirmed, "confirm_order"),
            (Stage::Shipped, "ship_order"),
            (Stage::Delivered, "deliver_order"),
        ];
        for (reached, action) in actions {
            if stage >= reached {
                self.shop.does(action, &order).await.expect(200);
            }
        }
        if stage == Stage::Told {
            self.notification().await;
        }
        if stage == Stage::Erasing {
            let path = format!("/api/users/{}/erase/", self.owner.id);
            let accepted = self.who(Who::Admin).post(&path, json!({})).await.expect(202);
            self.is("job", &accepted["job"]);
        }
    }

    async fn called_off(&mut self) {
        let path = format!("/api/payments/{}/process_payment/", self.id("payment"));
        self.shop.vendor.client.post(&path, json!({})).await.expect(200);
        let path = format!("/api/orders/{}/cancel_order/", self.id("order"));
        let cancelled = self.owner.client.patch(&path).await.expect(200);
        self.is("refund", &cancelled["payments"][0]["refunds"][0]["id"]);
    }

    /// The last of what the customer is told: paid, confirmed, shipped, delivered.
    async fn notification(&mut self) {
        let client = &self.owner.client;
        let list = || async { client.get("/api/notifications/").await.expect(200) };
        let told = eventually(list, |list: &Value| list["count"] == 4).await;
        self.is("notification", &told["results"][0]["id"]);
    }

    fn is(&mut self, kind: &'static str, id: &Value) {
        self.ids.push((kind, text(id).to_owned()));
    }

    /// The id of what it has of a kind, as the document's samples name kinds.
    ///
    /// # Panics
    /// Where it has none.
    #[must_use]
    pub fn id(&self, kind: &str) -> String {
        let found = self.ids.iter().find(|(name, _)| *name == kind);
        found.unwrap_or_else(|| panic!("this world has no {kind}")).1.clone()
    }

    /// A text of the document with real ids where it has samples.
    #[must_use]
    pub fn with_ids(&self, text: &str) -> String {
        let mut text = text.replace(SAMPLE_USER, &self.owner.id).replace(SAMPLE_MAIL, &self.mail);
        for (kind, sample) in SAMPLES {
            if let Some((_, id)) = self.ids.iter().find(|(name, _)| *name == kind) {
                text = text.replace(sample, id);
            }
        }
        text
    }

    /// Somebody in this world.
    #[must_use]
    pub fn who(&self, who: Who) -> Client {
        match who {
            Who::Owner => self.owner.client.clone(),
            Who::Other => Person::new("other", None).client,
            Who::Vendor => self.shop.vendor.client.clone(),
            Who::OtherVendor => Person::new("vendor", Some("vendor")).client,
            Who::Staff => self.shop.staff.client.clone(),
            Who::Admin => Person::new("admin", Some("admin")).client,
        }
    }
}
