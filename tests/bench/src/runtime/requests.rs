//! What is asked: requests as API Gateway hands them to a function, over orders of a shop.

use crate::life::consumed;
use crate::lists::{self, Who};
use http::Method;
use oms_harness::{Harness, OrderGenerator, Shop};
use oms_runtime::meter::Consumed;
use oms_workspace::report::Fault;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

/// A request that is measured.
pub(super) struct Request {
    pub(super) name: &'static str,
    /// The function that answers it.
    pub(super) function: &'static str,
    /// The status that it answers with.
    pub(super) status: u64,
    /// How many entries its page has, where it is one.
    entries: Option<usize>,
    method: Method,
    token: String,
    /// The paths that it takes turns on.
    targets: Vec<String>,
    body: Option<Value>,
}

/// How many orders are edited in turn, so that none has many changes.
const EDITED: usize = 40;
/// How long after the last order everybody is at rest: lists and statistics look for what may have
/// changed within ten seconds, and read it beside the indexes.
const REST: Duration = Duration::from_secs(11);

impl Request {
    /// Asks the API in this process, sees that a page has the entries that it is measured for, and
    /// says what the request takes of the table.
    ///
    /// # Errors
    /// Where it is answered otherwise.
    pub(super) async fn check(&self, harness: &Harness) -> Result<Consumed, Fault> {
        let body = self.body.clone();
        let answer = harness.send(self.method.clone(), &self.token, &self.targets[0], body).await?;
        if u64::from(answer.status) != self.status {
            return Err(format!("{}: {} instead of {}", self.name, answer.status, self.status).into());
        }
        let found = self.entries.and(answer.body["results"].as_array()).map(Vec::len);
        if found != self.entries {
            return Err(format!("{}: {found:?} instead of {:?} entries", self.name, self.entries).into());
        }
        consumed(&answer.capacity)
    }

    /// It as an event, the n-th time: no two edits are the same.
    pub(super) fn event(&self, number: usize) -> Value {
        let target = &self.targets[number % self.targets.len()];
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut body = self.body.clone();
        if let Some(notes) = body.as_mut().and_then(|body| body.get_mut("notes")) {
            *notes = format!("Please ring {number} times").into();
        }
        let body = body.map(|body| body.to_string());
        let length = body.as_ref().map_or(0, String::len).to_string();
        let host = "abcdefghij.execute-api.us-east-1.amazonaws.com";
        json!({
            "version": "2.0", "routeKey": "ANY /api/{proxy+}", "rawPath": path, "rawQueryString": query,
            "headers": {
                "accept": "application/json", "accept-encoding": "gzip",
                "authorization": format!("Bearer {}", self.token), "content-length": length,
                "content-type": "application/json", "host": host, "user-agent": "curl/8.5.0",
                "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
            },
            "requestContext": {
                "accountId": "123456789012", "apiId": "abcdefghij", "domainName": host,
                "domainPrefix": "abcdefghij", "requestId": "yhglMLsdbRMs3tY=", "stage": "$default",
                "http": {
                    "method": self.method.as_str(), "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0",
                },
                "routeKey": "ANY /api/{proxy+}", "time": "22/Nov/2026:10:42:21 +0000",
                "timeEpoch": 1_795_344_141_311_u64,
            },
            "body": body, "isBase64Encoded": false,
        })
    }
}

/// Fills a table with so many orders, waits until nobody is at work, and says what is asked of it:
/// first what only reads.
///
/// # Errors
/// Where the table cannot be filled.
pub(super) async fn prepare(
    harness: &Harness,
    orders: u64,
    progress: &mut impl Write,
) -> Result<Vec<Request>, Fault> {
    let generator: OrderGenerator = lists::fill(harness, orders, progress).await?;
    let shop = Shop::open(harness).await?;
    // The first one leases a block of order numbers.
    let mut edited = Vec::new();
    for _ in 0..EDITED {
        edited.push(format!("/api/orders/{}/", shop.order(harness).await?.id()?));
    }
    writeln!(progress, "{} seconds, until nobody is at work", REST.as_secs())?;
    tokio::time::sleep(REST).await;
    let number = generator.order(orders / 2)?.order_number.to_string();
    let staff = harness.token(&Who::Staff.user())?;
    let regular = harness.token(&Who::Customer.user())?;
    let get = |name, function, token: &str, target: String, entries| Request {
        name,
        function,
        status: 200,
        entries,
        method: Method::GET,
        token: token.to_owned(),
        targets: vec![target],
        body: None,
    };
    let three = "status=delivered&payment_status=paid&payment_method=credit_card";
    let page = Some(20);
    Ok(vec![
        get("read an order", "orders", &shop.customer, edited[0].clone(), None),
        get("my_orders, 20", "orders", &regular, "/api/orders/my_orders/?page_size=20".into(), page),
        get("list by three fields, 20", "orders", &staff, format!("/api/orders/?{three}&page_size=20"), page),
        get("search for a number", "orders", &staff, format!("/api/orders/?search={number}"), Some(1)),
        get("order_stats", "orders", &staff, "/api/orders/order_stats/".into(), None),
        get("payments, 20", "payments", &staff, "/api/payments/?page_size=20".into(), page),
        Request {
            status: 201,
            method: Method::POST,
            body: Some(shop.new_order()),
            ..get("create, 3 lines", "orders", &shop.customer, "/api/orders/".into(), None)
        },
        Request {
            method: Method::PATCH,
            body: Some(json!({ "notes": "" })),
            targets: edited,
            ..get("edit", "orders", &shop.customer, String::new(), None)
        },
    ])
}
