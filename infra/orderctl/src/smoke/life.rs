//! What a customer, a vendor and a carrier do with an order, all of them the same admin.

use super::Smoke;
use super::api::{Answer, Api};
use super::journal::{Done, Journal};
use super::wait::{Seen, until};
use serde_json::{Value, json};
use std::time::Duration;

/// What there is to remove.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) store: Option<String>,
    pub(super) product: Option<String>,
    pub(super) address: Option<String>,
    pub(super) order: Option<String>,
    pub(super) payment: Option<String>,
    /// What was being made when no answer came, or none that says whether it was: it may be there.
    pub(super) doubtful: Option<&'static str>,
    /// Whether the caller has been told of the order, so that the refund can be expected to be
    /// told, too.
    pub(super) is_told: bool,
}

/// The order, from its placing to its delivery; then what the consumers of the stream make of it.
/// Ends at the first step that fails, but looks at both consumers.
pub(super) async fn live(api: &Api, smoke: &Smoke, made: &mut Made, journal: &mut Journal<'_>) -> Option<()> {
    let store = journal.step("create a store", store(api, made)).await?;
    let product = journal.step("create a product", product(api, made, &store)).await?;
    let address = journal.step("create an address", address(api, made)).await?;
    let wanted = json!({
        "store": store, "payment_method": "credit_card", "shipping_method": "pickup",
        "shipping_address": address, "items": [{ "product": product, "quantity": 1 }],
    });
    let order = journal.step("place an order", place(api, made, &wanted)).await?;
    journal.step("place it again", again(api, &order, &wanted)).await?;
    if !smoke.without_payment {
        let payment = journal.step("create a payment", payment(api, made, &order)).await?;
        journal.step("pay", pay(api, &payment, smoke.patience)).await?;
    }
    for (name, action, status) in [
        ("confirm", "confirm_order", "confirmed"),
        ("ship", "ship_order", "shipped"),
        ("deliver", "deliver_order", "delivered"),
    ] {
        journal.step(name, moved(api, &order, action, status)).await?;
    }
    let counted = journal.step("counted", counted(api, &order, smoke.patience)).await;
    let told = journal.step("told", told(api, &order, !smoke.without_payment, smoke.patience)).await;
    made.is_told = told.is_some();
    counted.and(told)
}

/// An order that was placed.
struct Order {
    id: String,
    user: String,
    store: String,
}

/// Makes something. Without an answer, or with one of a server's own failure, nobody knows whether
/// it was made.
async fn create(
    api: &Api,
    made: &mut Made,
    what: &'static str,
    path: &str,
    body: &Value,
) -> Result<Answer, String> {
    made.doubtful = Some(what);
    let answer = api.post(path, what, body).await?;
    if !answer.status.is_server_error() {
        made.doubtful = None;
    }
    answer.expect(201)
}

async fn store(api: &Api, made: &mut Made) -> Done<String> {
    let name = format!("Smoke test {}", api.run());
    let new = json!({ "name": name, "description": "Made by orderctl smoke, which removes it again." });
    let id = create(api, made, "store", "/api/stores/", &new).await?.id()?;
    made.store = Some(id.clone());
    Ok((id.clone(), id))
}

async fn product(api: &Api, made: &mut Made, store: &str) -> Done<String> {
    let new = json!({ "store": store, "name": "Smoke", "base_price": "10", "status": "active", "stock": 1 });
    let id = create(api, made, "product", "/api/products/", &new).await?.id()?;
    made.product = Some(id.clone());
    Ok((id.clone(), id))
}

async fn address(api: &Api, made: &mut Made) -> Done<String> {
    let new = json!({
        "full_name": "Smoke Test", "address_line1": "1 Test Street", "city": "London",
        "postal_code": "SW1Y 4JH", "country": "GB",
    });
    let id = create(api, made, "address", "/api/addresses/", &new).await?.id()?;
    made.address = Some(id.clone());
    Ok((id.clone(), id))
}

async fn place(api: &Api, made: &mut Made, wanted: &Value) -> Done<Order> {
    let placed = create(api, made, "order", "/api/orders/", wanted).await?;
    let id = placed.id()?;
    made.order = Some(id.clone());
    let (number, total) = (placed.text("order_number"), placed.text("total_amount"));
    let told = format!("{id}: {number}, {total} {}", placed.text("currency"));
    let order = Order { id, user: placed.text("user").to_owned(), store: placed.text("store").to_owned() };
    Ok((order, told))
}

/// A repeat of the same request under the same key makes no second order.
async fn again(api: &Api, order: &Order, wanted: &Value) -> Done<()> {
    let answer = api.post("/api/orders/", "order", wanted).await?.expect(201)?;
    if answer.is_replay && answer.id()? == order.id {
        Ok(((), "the same order, from the same Idempotency-Key".to_owned()))
    } else {
        Err(format!("not the first answer again: {}", answer.told()))
    }
}

async fn payment(api: &Api, made: &mut Made, order: &Order) -> Done<String> {
    let new = json!({
        "order": order.id, "payment_method": "credit_card", "payment_details": { "token": "tok_approve" },
    });
    let id = create(api, made, "payment", "/api/payments/", &new).await?.id()?;
    made.payment = Some(id.clone());
    Ok((id.clone(), id))
}

async fn pay(api: &Api, payment: &str, patience: Duration) -> Done<()> {
    let answer = api.post(&format!("/api/payments/{payment}/process_payment/"), "pay", &json!({})).await?;
    if answer.status != 202 {
        return Ok(((), answer.expect(200)?.text("status").to_owned()));
    }
    until(patience, async || {
        let seen = api.get(&format!("/api/payments/{payment}/")).await?.expect(200)?;
        let status = seen.text("status").to_owned();
        Ok(if status == "paid" { Seen::So(status) } else { Seen::NotYet(status) })
    })
    .await
}

async fn moved(api: &Api, order: &Order, action: &str, status: &str) -> Done<()> {
    let answer = api.patch(&format!("/api/orders/{}/{action}/", order.id), action, &json!({})).await?;
    let answer = answer.expect(200)?;
    if answer.text("status") == status { Ok(((), status.to_owned())) } else { Err(answer.told()) }
}

/// Whether the statistics count the delivered order: the counters of its store, which are compared
/// with its log (`orders_behind` is 0 once the consumer has counted all of it), and what its user
/// is shown.
async fn counted(api: &Api, order: &Order, patience: Duration) -> Done<()> {
    let of_store = format!("/api/orders/order_stats/?store={}&verify=true", order.store);
    until(patience, async || {
        let seen = api.get(&of_store).await?.expect(200)?.body;
        let field = |name: &str| seen[name].as_u64().unwrap_or(u64::MAX);
        let told = format!(
            "{} delivered, {} not counted yet, drift {}",
            field("delivered_orders"),
            field("orders_behind"),
            field("drift")
        );
        let is_so = [("delivered_orders", 1), ("orders_verified", 1), ("orders_behind", 0), ("drift", 0)];
        let is_so = is_so.iter().all(|(name, value)| field(name) == *value);
        Ok(if is_so { Seen::So(told) } else { Seen::NotYet(told) })
    })
    .await?;
    let user = &order.user;
    let of_user = format!("/api/orders/order_stats/?user={}", uri_encoded(user));
    until(patience, async || {
        let seen = api.get(&of_user).await?.expect(200)?.body;
        let recent = seen["recent_orders"].as_array().into_iter().flatten();
        let ours = recent.into_iter().find(|recent| recent["id"] == order.id.as_str());
        let delivered = seen["delivered_orders"].as_u64().unwrap_or_default();
        let status = ours.map_or("missing", |ours| ours["status"].as_str().unwrap_or_default());
        let is_so = delivered > 0 && status == "delivered";
        Ok(if is_so {
            Seen::So("by its store, with drift 0, and by its user".to_owned())
        } else {
            Seen::NotYet(format!("of its user's {delivered} delivered orders; there it is {status}"))
        })
    })
    .await
}

/// Whether the caller has been told of all that happened to the order.
async fn told(api: &Api, order: &Order, is_paid: bool, patience: Duration) -> Done<()> {
    let wanted = ["order_status_update", "shipping_update", "order_delivered"];
    let wanted: Vec<&str> = wanted.into_iter().chain(is_paid.then_some("payment_success")).collect();
    until(patience, async || {
        let found = notifications(api, &order.id).await?;
        let found: Vec<&str> = found.iter().filter_map(|one| one["notification_type"].as_str()).collect();
        let is_so = wanted.iter().all(|kind| found.contains(kind));
        let told = if found.is_empty() { "no notification".to_owned() } else { found.join(", ") };
        Ok(if is_so { Seen::So(told) } else { Seen::NotYet(told) })
    })
    .await
}

/// The caller's newest notifications, those of an order.
pub(super) async fn notifications(api: &Api, order: &str) -> Result<Vec<Value>, String> {
    let page = api.get("/api/notifications/?page_size=100").await?.expect(200)?;
    let all = page.body["results"].as_array().into_iter().flatten();
    Ok(all.filter(|one| one["order"] == order).cloned().collect())
}

/// A value of a query.
fn uri_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_may_have_any_name() {
        assert_eq!(uri_encoded("5f2c-a.b_c~"), "5f2c-a.b_c~");
        assert_eq!(uri_encoded("auth0|ü&x=1"), "auth0%7C%C3%BC%26x%3D1");
    }
}
