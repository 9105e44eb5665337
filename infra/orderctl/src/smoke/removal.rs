//! Removes what was made, as far as it was made, each thing before what it stands in.

use super::api::Api;
use super::journal::{Done, Journal};
use super::life::{Made, notifications};
use super::wait::{Seen, until};
use serde_json::json;
use std::time::Duration;

/// How long a store may still seem to have the order that was just deleted.
const SETTLES: Duration = Duration::from_secs(10);

/// Gives the payment back, then deletes the order, the product, the store and the address, and
/// marks the order's notifications as read, which nobody can delete. What fails is left, named, and
/// holds up nothing else.
pub(super) async fn remove(api: &Api, made: &Made, patience: Duration, journal: &mut Journal<'_>) {
    if let Some(payment) = &made.payment {
        journal.step("refund", refund(api, payment, patience)).await;
    }
    for (what, path, id) in [
        ("order", "orders", &made.order),
        ("product", "products", &made.product),
        ("store", "stores", &made.store),
        ("address", "addresses", &made.address),
    ] {
        let Some(id) = id else { continue };
        let path = format!("/api/{path}/{id}/");
        if journal.step(&format!("delete the {what}"), delete(api, &path)).await.is_none() {
            journal.leave(format!("the {what} {id}"));
        }
    }
    if let Some(order) = &made.order {
        let waits = if made.is_told && made.payment.is_some() { patience } else { Duration::ZERO };
        journal.step("mark as read", read(api, order, waits)).await;
    }
    if let Some(what) = made.doubtful {
        journal.leave(format!("perhaps a {what}, whose creation had no clear answer (run {})", api.run()));
    }
}

/// Nothing is held of a payment that was not charged, or has gone back.
async fn refund(api: &Api, payment: &str, patience: Duration) -> Done<()> {
    let path = format!("/api/payments/{payment}/");
    until(patience, async || {
        let seen = api.get(&path).await?.expect(200)?;
        let status = seen.text("status").to_owned();
        let refunds = seen.body["refunds"].as_array().into_iter().flatten();
        let is_pending = refunds.into_iter().any(|refund| refund["status"] == "pending");
        Ok(match status.as_str() {
            "pending" | "failed" | "cancelled" => Seen::So(format!("nothing was charged: {status}")),
            "refunded" if !is_pending => Seen::So(status),
            "paid" | "partially_refunded" if !is_pending => {
                let asked = api.post(&format!("{path}refund_payment/"), "refund", &json!({})).await?;
                match asked.status.as_u16() {
                    200 => Seen::So(asked.text("status").to_owned()),
                    202 => Seen::NotYet("the gateway has not answered yet".to_owned()),
                    _ => return Err(asked.told()),
                }
            }
            _ => Seen::NotYet(format!("it is {status}")),
        })
    })
    .await
}

/// Deletes; what is gone already is as good. A store is asked again while it seems to have
/// unfinished orders.
async fn delete(api: &Api, path: &str) -> Done<()> {
    until(SETTLES, async || {
        let answer = api.delete(path).await?;
        match answer.status.as_u16() {
            200 => Ok(Seen::So("gone".to_owned())),
            404 => Ok(Seen::So("gone already".to_owned())),
            400 if answer.text("code") == "unfinished_orders" => Ok(Seen::NotYet(answer.told())),
            _ => Err(answer.told()),
        }
    })
    .await
}

/// Waits for the news of the refund, and marks all that is unread as read.
async fn read(api: &Api, order: &str, waits: Duration) -> Done<()> {
    let news = until(waits, async || {
        let found = notifications(api, order).await?;
        let is_told = found.iter().any(|one| one["notification_type"] == "refund_processed");
        let told = "the refund is not among the notifications".to_owned();
        Ok(if is_told { Seen::So(told) } else { Seen::NotYet(told) })
    })
    .await;
    let mut marked = 0;
    for one in notifications(api, order).await? {
        let id = one["id"].as_str().unwrap_or_default();
        if one["is_read"] == false {
            let path = format!("/api/notifications/{id}/");
            api.patch(&path, &format!("read-{id}"), &json!({ "is_read": true })).await?.expect(200)?;
            marked += 1;
        }
    }
    if !waits.is_zero() {
        news?;
    }
    Ok(((), format!("{marked} notifications, which stay for a year")))
}
