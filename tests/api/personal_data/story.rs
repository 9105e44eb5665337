//! A person who has written a marker wherever they can, and of whom others have.

use oms_tests::shop::text;
use oms_tests::{Goods, Ledger, Person, Shop, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// How often the notes of an order change: more often than it keeps changes itself.
const EDITS: usize = 66;

/// The person, and what there is of them.
pub(super) struct Story {
    pub(super) shop: Shop,
    pub(super) mug: Goods,
    /// A vendor, since only these subscribe endpoints; the orders are of another's shop.
    pub(super) ada: Person,
    /// In lower case, as it is looked for.
    pub(super) marker: String,
    /// The digits of their telephone number, in which no other marker can stand.
    pub(super) phone: String,
    pub(super) delivered: Value,
    pub(super) payment: Value,
    pub(super) deleted: Value,
    others: Vec<Value>,
    home: Value,
}

impl Story {
    /// Tells it: orders that are delivered, cancelled by the customer and by a job, and deleted.
    pub(super) async fn told() -> Self {
        let shop = Shop::open().await;
        let mug = shop.sells("Mug", 100).await;
        let seed = uuid::Uuid::new_v4();
        let marker = format!("mk{:012x}", seed.as_u128() & 0xffff_ffff_ffff);
        let phone = format!("44{:010}", seed.as_u128() % 10_000_000_000);
        let ada = Person::new(&format!("{marker}.{marker}"), Some("vendor"));
        let null = Value::Null;
        let mut story = Self {
            shop,
            mug,
            ada,
            marker,
            phone,
            delivered: null.clone(),
            payment: null.clone(),
            deleted: null.clone(),
            others: Vec::new(),
            home: null,
        };
        story.subscribe().await;
        let addresses = [story.address().await, story.address().await, story.address().await];
        story.home = addresses[0].clone();
        story.deliver(&addresses).await;
        story.end_others().await;
        story.settled().await;
        story
    }

    /// How many orders there are, with the deleted one.
    pub(super) fn count(&self) -> usize {
        2 + self.others.len()
    }

    async fn address(&self) -> Value {
        let m = &self.marker;
        let new = json!({
            "full_name": m, "address_line1": m, "address_line2": m, "city": m, "state": m, "postal_code": m,
            "country": "GB", "phone_number": format!("+{}", self.phone),
        });
        self.keyed(Method::POST, "/api/addresses/", new).await.expect(201)["id"].clone()
    }

    async fn subscribe(&self) {
        let store =
            self.ada.client.post("/api/stores/", json!({ "name": "A shop of hers" })).await.expect(201);
        let new = json!({
            "protocol": "email", "endpoint": format!("{}@example.com", self.marker), "store": store["id"],
        });
        self.ada.client.post("/api/notifications/subscriptions/", new).await.expect(201);
    }

    /// A request of the person's under a key of their own.
    async fn keyed(&self, method: Method, path: &str, body: Value) -> oms_tests::Answer {
        let key = format!("{}-{}", self.marker, uuid::Uuid::new_v4());
        self.ada.client.send(method, path, Some(body), &[("Idempotency-Key", &key)]).await
    }

    /// Places one more order, in which every field holds the marker.
    pub(super) async fn place(&self) -> Value {
        let m = &self.marker;
        let kept = json!({ m: [{ "deep": m }] });
        let new = json!({
            "store": self.shop.store["id"], "payment_method": "credit_card", "shipping_address": self.home,
            "billing_address": self.home, "customer_id": m, "notes": m, "special_instructions": m,
            "language": m, "extra_data": kept,
            "items": [{
                "product": self.mug.product, "variant": self.mug.variant, "quantity": 1, "notes": m,
                "extra_data": kept,
            }],
        });
        self.keyed(Method::POST, "/api/orders/", new).await.expect(201)
    }

    /// An order that changed often, failed to be paid once, was paid, delivered, rated and paid
    /// back in part.
    async fn deliver(&mut self, addresses: &[Value; 3]) {
        let (m, ada) = (self.marker.clone(), self.ada.client.clone());
        let order = self.place().await;
        let path = format!("/api/orders/{}/", text(&order["id"]));
        let edit = json!({
            "shipping_address": addresses[1], "billing_address": addresses[2], "customer_id": format!("{m}2"),
            "language": format!("{m}2"), "extra_data": { "other": m }, "special_instructions": format!("{m}2"),
        });
        self.keyed(Method::PATCH, &path, edit).await.expect(200);
        for n in 0..EDITS {
            ada.change(&path, json!({ "notes": format!("{m} {n}") })).await.expect(200);
        }
        let line = json!({
            "order": order["id"], "product": self.mug.product, "variant": self.mug.variant, "quantity": 1,
            "notes": m, "extra_data": { "gift for": m },
        });
        let line = ada.post("/api/order-items/", line).await.expect(201);
        ada.delete(&format!("/api/order-items/{}/", text(&line["id"]))).await.expect(200);
        for (token, status) in [("tok_decline", 402), ("tok_approve", 200)] {
            let details = json!({ "token": token, "holder": m });
            let new =
                json!({ "order": order["id"], "payment_method": "credit_card", "payment_details": details });
            let payment = self.keyed(Method::POST, "/api/payments/", new).await.expect(201);
            let process = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
            self.keyed(Method::POST, &process, json!({})).await.expect(status);
            self.payment = payment["id"].clone();
        }
        for action in ["confirm_order", "ship_order", "deliver_order"] {
            self.shop.does(action, &order).await.expect(200);
        }
        ada.post(&format!("{path}rate_order/"), json!({ "rating": 4, "comment": m })).await.expect(200);
        let refund = json!({ "amount": "5.00", "reason": m });
        let back = format!("/api/payments/{}/refund_payment/", text(&self.payment));
        self.shop.vendor.client.post(&back, refund).await.expect(200);
        self.delivered = order["id"].clone();
    }

    /// Orders that end otherwise.
    async fn end_others(&mut self) {
        let admin = Person::new("admin", Some("admin"));
        let mut orders = Vec::new();
        for _ in 0..3 {
            orders.push(self.place().await["id"].clone());
        }
        let cancel = format!("/api/orders/{}/cancel_order/", text(&orders[0]));
        self.ada.client.change(&cancel, json!({ "reason": self.marker })).await.expect(200);
        // Named so often that it is more than a request waits for.
        let many = json!({ "order_ids": vec![&orders[1]; 101], "status": "cancelled" });
        let vendor = &self.shop.vendor.client;
        vendor.post("/api/orders/bulk_update_status/", many).await.expect(202);
        let path = format!("/api/orders/{}/", text(&orders[1]));
        eventually(|| vendor.get(&path), |order| order.body["status"] == "cancelled").await;
        admin.client.delete(&format!("/api/orders/{}/", text(&orders[2]))).await.expect(200);
        self.deleted = orders.remove(2);
        self.others = orders;
    }

    /// Waits until both consumers have seen all of it.
    async fn settled(&self) {
        let told = || self.ada.client.get("/api/notifications/");
        // Declined, paid, confirmed, shipped, delivered, paid back, twice cancelled.
        eventually(told, |list| list.body["count"] == 8).await;
        self.counted(self.count() - 1).await;
        self.ada.client.get("/api/orders/my_orders/").await.expect(200);
    }

    /// Waits until the statistics have so many orders, all but one of them cancelled.
    pub(super) async fn counted(&self, orders: usize) {
        let is_counted =
            |(of, _): &(Value, Value)| of["total_orders"] == orders && of["cancelled_orders"] == orders - 1;
        eventually(|| self.figures(), is_counted).await;
    }

    /// The statistics of the person's orders and payments.
    pub(super) async fn figures(&self) -> (Value, Value) {
        let staff = &self.shop.staff.client;
        let of_orders =
            staff.get(&format!("/api/orders/order_stats/?user={}", self.ada.id)).await.expect(200);
        let payments = format!("/api/payments/payment_stats/?user={}", self.ada.id);
        (of_orders, staff.get(&payments).await.expect(200))
    }

    /// The id, total and status of each order in the lists.
    pub(super) async fn orders(&self, reader: &Person) -> Vec<(Value, Value, Value)> {
        let list = reader.client.get(&format!("/api/orders/?user={}&page_size=100", self.ada.id)).await;
        let list = list.expect(200)["results"].as_array().cloned().unwrap_or_default();
        let facts = |one: &Value| (one["id"].clone(), one["total_amount"].clone(), one["status"].clone());
        list.iter().map(facts).collect()
    }

    /// What the gateway holds of each order.
    pub(super) async fn ledgers(&self) -> Vec<Ledger> {
        let mut ledgers = vec![Ledger::of(&self.delivered).await];
        for order in &self.others {
            ledgers.push(Ledger::of(order).await);
        }
        ledgers
    }
}
