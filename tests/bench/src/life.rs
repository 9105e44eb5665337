//! What an order's life writes, by what it is written for: two lines, one payment, confirmed,
//! shipped with a tracking number, delivered. Handed on change by change; with the batching window
//! of a second, in which a customer orders and pays; and so in full batches of many customers'.

use http::Method;
use oms_core::events::publishing::{self, CONSUMER};
use oms_domain::order_events::notices;
use oms_domain::{Decimal, Order, OrderId};
use oms_harness::Harness;
use oms_runtime::deadline::Deadline;
use oms_runtime::invocation::{Invocation, within};
use oms_table::orders::watermarks::WatermarkAdvance;
use oms_workspace::report::{Fault, Report};
use oms_workspace::tokens::User;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

/// How many orders of as many customers a full batch is of.
const FULL: usize = 100;
/// What follows the stream is handed on: how it is called, of how many orders at a time, and how
/// many of each order's first changes together.
const WAYS: [(&str, usize, usize); 3] = [("batch one", 1, 1), ("a second", 1, PAID), ("full", FULL, PAID)];
/// The version in which an order is paid: placed, a payment made, being paid, paid.
const PAID: usize = 4;

/// What is written for what, in write units.
#[derive(Default)]
struct Units {
    commands: Decimal,
    counters: Decimal,
    rows: Decimal,
    payments: Decimal,
    lines: Decimal,
    search: Decimal,
    publisher: Decimal,
}

impl Units {
    fn parts(&self) -> [(&'static str, Decimal); 7] {
        [
            ("commands", self.commands),
            ("counters", self.counters),
            ("rows of lists", self.rows),
            ("rows of payments", self.payments),
            ("rows of lines", self.lines),
            ("rows of searches", self.search),
            ("publisher", self.publisher),
        ]
    }
}

/// What one customer's order has been, version after version.
type Life = Vec<Order>;

/// Lives orders through the API and hands their changes to what follows the stream: one at a time,
/// and in full batches.
///
/// # Errors
/// Where the table cannot be set up, or a request is refused.
pub(crate) async fn run(progress: &mut impl Write) -> Result<Report, Fault> {
    let (mut columns, mut sums) = (Vec::new(), Vec::new());
    let mut text = format!("{:20}", "WCU of a life");
    for (name, orders, together) in WAYS {
        writeln!(progress, "{orders} orders, {name}")?;
        let units = measure(orders, together).await?;
        write!(text, "{name:>11}")?;
        sums.push(units.parts().iter().map(|(_, units)| *units).sum::<Decimal>());
        columns.push(units);
    }
    let names: Vec<_> = columns[0].parts().iter().map(|(name, _)| *name).collect();
    for (row, name) in names.into_iter().enumerate() {
        write!(text, "\n{name:20}")?;
        for units in &columns {
            write!(text, "{:>11}", units.parts()[row].1.round_dp(1))?;
        }
    }
    write!(text, "\n{:20}", "together")?;
    for sum in sums {
        write!(text, "{:>11}", sum.round_dp(1))?;
    }
    Ok(Report::new(text, true))
}

/// What a life writes, of so many customers' orders at a time, of each the first changes together.
async fn measure(orders: usize, together: usize) -> Result<Units, Fault> {
    let harness = Harness::set_up()?;
    // Rows are measured by themselves, where the consumer has not written them yet.
    let apart = Harness::set_up()?;
    let shop = Shop::open(&harness).await?;
    let mut units = Units::default();
    // The first order leases a block of numbers.
    let (_, _) = shop.live(&harness, "first").await?;
    let mut lives: Vec<Life> = Vec::new();
    for number in 0..orders {
        let (life, commands) = shop.live(&harness, &format!("buyer-{number}")).await?;
        units.commands += commands;
        lives.push(life);
    }
    for life in &lives {
        units.publisher += told(&harness, life).await?;
    }
    let changes = lives.iter().map(Vec::len).max().unwrap_or(0);
    let mut before: Option<usize> = None;
    for after in together - 1..changes {
        let batch: Vec<(Option<&Order>, &Order)> = lives
            .iter()
            .filter_map(|life| Some((before.and_then(|before| life.get(before)), life.get(after)?)))
            .collect();
        before = Some(after);
        let mut rows = Decimal::ZERO;
        for (before, after) in &batch {
            let table = apart.app.table();
            let changes = [(*before, *after)];
            let parts = [
                (&mut units.rows, cost(table.write_order_rows([*after])).await?),
                (&mut units.payments, cost(table.write_payment_rows(changes)).await?),
                (&mut units.lines, cost(table.write_line_rows(changes)).await?),
                (&mut units.search, cost(table.write_search_rows([(before.cloned(), *after)])).await?),
            ];
            for (sum, units) in parts {
                *sum += units;
                rows += units;
            }
        }
        let images = batch.iter().map(|(_, after)| (*after).clone()).collect();
        units.counters += cost(harness.apply(images)).await? - rows;
    }
    let each = Decimal::from(orders.max(1));
    let Units { commands, counters, rows, payments, lines, search, publisher } = units;
    Ok(Units {
        commands: commands / each,
        counters: counters / each,
        rows: rows / each,
        payments: payments / each,
        lines: lines / each,
        search: search / each,
        publisher: publisher / each,
    })
}

/// What the publisher writes of an order's life, change by change.
async fn told(harness: &Harness, life: &Life) -> Result<Decimal, Fault> {
    let table = harness.app.table();
    let (mut units, mut seen) = (Decimal::ZERO, 0);
    for order in life {
        let Some(change) = order.log.last() else { continue };
        let notices = notices(order, change);
        for notice in &notices {
            if let Some(news) = publishing::news(order, change, notice) {
                units += cost(table.put_notification(news, harness.app.now())).await?;
            }
        }
        if !notices.is_empty() {
            let claim = WatermarkAdvance { order: order.id, seen, to: order.version };
            units += cost(table.advance(CONSUMER, &claim)).await?;
            seen = order.version;
        }
    }
    Ok(units)
}

/// What some work writes, in units.
async fn cost<E: Into<Fault>>(work: impl Future<Output = Result<(), E>>) -> Result<Decimal, Fault> {
    let scope = Arc::new(Invocation::new("bench".to_owned(), Deadline::default()));
    within(Arc::clone(&scope), work).await.map_err(Into::into)?;
    Ok(scope.meter().total().write_units())
}

/// A store with two products.
struct Shop {
    staff: String,
    store: Value,
    products: Vec<Value>,
}

impl Shop {
    async fn open(harness: &Harness) -> Result<Self, Fault> {
        let staff = harness.token(&User::new("boss", Some("staff")))?;
        let new = async |path: &str, body: Value| {
            harness.send(Method::POST, &staff, path, Some(body)).await?.id().map(Value::from)
        };
        let store = new("/api/stores/", json!({ "name": "Mugs & More" })).await?;
        let mut products = Vec::new();
        for name in ["Mug", "Teapot"] {
            let product = json!({
                "store": store, "name": name, "base_price": "29.99", "status": "active", "stock": 1_000_000,
            });
            products.push(new("/api/products/", product).await?);
        }
        Ok(Self { staff, store, products })
    }

    /// An order's life, and what its commands wrote.
    async fn live(&self, harness: &Harness, customer: &str) -> Result<(Life, Decimal), Fault> {
        let customer = harness.token(&User::new(customer, None))?;
        let address = json!({
            "full_name": "Ada Lovelace", "address_line1": "12 St James's Square",
            "city": "London", "postal_code": "SW1Y 4JH", "country": "GB",
        });
        let address = harness.send(Method::POST, &customer, "/api/addresses/", Some(address)).await?;
        let items = self.products.iter().map(|product| json!({ "product": product, "quantity": 2 }));
        let order = json!({
            "store": self.store, "payment_method": "credit_card", "shipping_address": address.id()?,
            "items": items.collect::<Vec<_>>(),
        });
        let units = |capacity: &str| {
            let wcu =
                capacity.split(';').find_map(|part| part.strip_prefix("wcu=")).unwrap_or("0").to_owned();
            wcu.parse::<Decimal>()
        };
        let made = harness.send(Method::POST, &customer, "/api/orders/", Some(order)).await?;
        let mut written = units(&made.capacity)?;
        let path = format!("/api/orders/{}/", made.id()?);
        let new = json!({ "order": made.id()?, "payment_method": "credit_card" });
        let payment = harness.send(Method::POST, &customer, "/api/payments/", Some(new)).await?;
        written += units(&payment.capacity)?;
        let process = format!("/api/payments/{}/process_payment/", payment.id()?);
        let steps = [
            (Method::POST, &customer, process, json!({})),
            (Method::PATCH, &self.staff, format!("{path}confirm_order/"), json!({})),
            (
                Method::PATCH,
                &self.staff,
                format!("{path}ship_order/"),
                json!({ "tracking_number": "1Z999AA10123456784" }),
            ),
            (Method::PATCH, &self.staff, format!("{path}deliver_order/"), json!({})),
        ];
        for (method, token, path, body) in steps {
            let done = harness.send(method, token, &path, Some(body)).await?;
            if done.status != 200 {
                return Err(format!("{path}: {} {}", done.status, done.body).into());
            }
            written += units(&done.capacity)?;
        }
        let id: OrderId = made.id()?.parse()?;
        let order = harness.app.table().order(id).await?.ok_or("the order is gone")?;
        let life = (1..=order.version).map(|version| order.as_of(version).ok_or("the log has gaps"));
        Ok((life.collect::<Result<_, _>>()?, written))
    }
}
