//! How people ask, and what no answer may say.

use super::{People, Person, begin_of, text};
use crate::functions::Answer;
use axum::body::Body;
use http::{Method, Request};
use oms_runtime::clock;
use oms_workspace::console::say;
use oms_workspace::report::Fault;
use serde_json::Value;
use tokio::time::Duration;

/// How often somebody asks again who got no answer.
const TRIES: u32 = 6;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) who: &'a Person,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) key: bool,
    pub(super) if_match: Option<String>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(who: &'a Person, method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        Self { who, method, path: path.into(), body, key: false, if_match: None }
    }

    pub(super) fn get(who: &'a Person, path: impl Into<String>) -> Self {
        Self::new(who, Method::GET, path, None)
    }

    pub(super) fn post(who: &'a Person, path: impl Into<String>, body: Value) -> Self {
        Self::new(who, Method::POST, path, Some(body))
    }

    pub(super) fn patch(who: &'a Person, path: impl Into<String>, body: Value) -> Self {
        Self::new(who, Method::PATCH, path, Some(body))
    }

    pub(super) fn keyed(self) -> Self {
        Self { key: true, ..self }
    }
}

impl People {
    /// Asks, and again where nobody can tell what has become of it and it may be repeated.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, Fault> {
        // Too short to be taken for the number of a card.
        let key = ask.key.then(|| format!("k-{:x}", self.chance.below(u32::MAX.into())));
        let may_repeat = ask.key || ask.method == Method::GET;
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self.functions.call(request(&ask, key.as_deref())?).await?;
            self.judge(&ask, &answer);
            if self.is_told {
                let code = answer.body["code"].as_str().unwrap_or_default();
                say(format!("{} {} {} {} {code}", clock::now(), ask.method, ask.path, answer.status));
            }
            let is_unsure = matches!(answer.status, 0 | 503) || is_running(&answer);
            if !is_unsure || !may_repeat || tries == TRIES {
                self.believe(&ask, &answer);
                return Ok(answer);
            }
            if ask.method == Method::DELETE {
                // No key is remembered of it: where it was done, its repeat finds nothing.
                self.believe(&ask, &answer);
            }
            let pause = Duration::from_millis(200 + self.chance.below(8_000));
            tokio::time::sleep(pause * tries).await;
        }
    }

    /// Whether a list of the caller's own shows what they have just been told of.
    pub(super) async fn shows(&self, who: &Person, path: &str, id: &str) -> Result<(), Fault> {
        let answer = self.ask(Ask::get(who, path)).await?;
        let mut shown = answer.body["results"].as_array().into_iter().flatten();
        let is_gone = self.shop.deleted.borrow().contains(begin_of(id))
            || self.shop.removed.borrow().contains(id)
            || path == "/api/order-items/" && self.shop.replaced.borrow().contains(begin_of(id));
        if answer.status == 200 && !is_gone && !shown.any(|one| one["id"] == id) {
            let count = &answer.body["count"];
            self.wrong
                .borrow_mut()
                .push(format!("{path}, of {count}, does not show {id}, which was just made"));
        }
        Ok(())
    }

    /// Remembers what an answer says was done, or may have been: nothing else may have been.
    fn believe(&self, ask: &Ask<'_>, answer: &Answer) {
        if !matches!(answer.status, 0 | 200..=299 | 402 | 503) && !is_running(answer) {
            return;
        }
        let parts: Vec<&str> = ask.path.trim_matches('/').split('/').collect();
        let of_body = |name: &str| ask.body.as_ref().map_or(&Value::Null, |body| &body[name]);
        let (orders, action) = match (&ask.method, parts.as_slice()) {
            (&Method::POST, ["api", "payments"]) => (vec![text(of_body("order"))], "create_payment"),
            (&Method::POST, ["api", "order-items"]) => (vec![text(of_body("order"))], "create_item"),
            (&Method::PATCH, ["api", "order-items", id]) => (vec![order_of(id)], "update_item"),
            (&Method::DELETE, ["api", "order-items", id]) => (vec![order_of(id)], "delete_item"),
            (&Method::PATCH, ["api", "payments", id]) => (vec![order_of(id)], "update_payment"),
            (&Method::DELETE, ["api", "payments", id]) => (vec![order_of(id)], "delete_payment"),
            (_, ["api", "payments", id, action]) => (vec![order_of(id)], *action),
            (_, ["api", "orders", "bulk_update_status"]) => {
                let action = match of_body("status").as_str() {
                    Some("confirmed") => "confirm",
                    Some("processing") => "process",
                    _ => "cancel",
                };
                (of_body("order_ids").as_array().into_iter().flatten().map(text).collect(), action)
            }
            (_, ["api", "orders", id, "refund_order"]) => (vec![(*id).to_owned()], "refund_payment"),
            (_, ["api", "orders", id, action]) => {
                (vec![(*id).to_owned()], action.strip_suffix("_order").unwrap_or(action))
            }
            (&Method::PATCH, ["api", "orders", id]) => (vec![(*id).to_owned()], "update"),
            (&Method::DELETE, ["api", "orders", id]) => (vec![(*id).to_owned()], "delete"),
            _ => return,
        };
        let mut believed = self.believed.borrow_mut();
        for order in orders {
            *believed.entry((order, action.to_owned())).or_default() += 1;
        }
    }

    /// What no answer may say, and what it may say only while something goes wrong.
    fn judge(&self, ask: &Ask<'_>, answer: &Answer) {
        let path = ask.path.split('?').next().unwrap_or_default();
        let name: Vec<&str> =
            path.split('/').map(|part| if part.len() == 36 { "{id}" } else { part }).collect();
        let name = format!("{} {} {}", ask.method, name.join("/"), answer.status);
        *self.answered.borrow_mut().entry(name.clone()).or_default() += 1;
        let is_fine =
            matches!(answer.status, 0 | 200 | 201 | 202 | 204 | 400 | 402 | 403 | 404 | 409 | 412 | 503)
                || has_too_many_unpaid(answer);
        let is_calm = !self.outages.is_bad_day();
        if !is_fine || (is_calm && matches!(answer.status, 0 | 503)) {
            self.wrong.borrow_mut().push(format!("{name} at {}: {}", clock::now(), answer.body));
        }
    }
}

/// The order that a line or a payment is of.
fn order_of(id: &str) -> String {
    format!("{}0000", begin_of(id))
}

/// Whether an order was refused because others are to be paid first.
pub(super) fn has_too_many_unpaid(answer: &Answer) -> bool {
    answer.status == 429 && answer.body["code"] == "too_many_unpaid_orders"
}

/// Whether the first try of a request with a key is still running.
fn is_running(answer: &Answer) -> bool {
    answer.body["code"] == "idempotency_key_in_use"
}

fn request(ask: &Ask<'_>, key: Option<&str>) -> Result<Request<Body>, Fault> {
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(&ask.path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", ask.who.token));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if let Some(tag) = &ask.if_match {
        request = request.header("if-match", tag);
    }
    let body = ask.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
    Ok(request.body(body)?)
}
