//! What an order's life writes, by what it is written for: two lines, one payment, confirmed,
//! shipped with a tracking number, delivered. Handed on change by change; with the batching window
//! of a second, in which a customer orders and pays; and so in full batches of many customers'.

use http::Method;
use oms_core::events::publishing::{self, CONSUMER};
use oms_domain::order_events::notices;
use oms_domain::{Decimal, Order, OrderId};
use oms_harness::Harness;
use oms_runtime::config::{Config, GatewayKeys};
use oms_runtime::deadline::Deadline;
use oms_runtime::invocation::{Invocation, within};
use oms_runtime::meter::Consumed;
use oms_table::orders::watermarks::WatermarkAdvance;
use oms_workspace::report::{Fault, Report};
use oms_workspace::tokens::User;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// How many orders of as many customers a full batch is of.
const FULL: usize = 100;
/// What follows the stream is handed on: how it is called, of how many orders at a time, and how
/// many of each order's first changes together.
const WAYS: [(&str, usize, usize); 3] = [("batch one", 1, 1), ("a second", 1, PAID), ("full", FULL, PAID)];
/// How many bytes DynamoDB charges for an item, or an index's entry, besides its own.
const CHARGED_BESIDES: i64 = 100;
/// The version in which an order is paid: placed, a payment made, being paid, paid.
const PAID: usize = 4;

/// Where the figures are written, besides to the terminal.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Writes the figures as JSON, too: what `bench cost` reads
    #[arg(long)]
    json: Option<PathBuf>,
}

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

    fn sum(&self) -> Decimal {
        self.parts().iter().map(|(_, units)| *units).sum()
    }
}

/// What one customer's order has been, version after version.
type Life = Vec<Order>;

/// An order's life through the API: the order, and what each command took.
struct Lived {
    life: Life,
    steps: Vec<(&'static str, Consumed)>,
}

/// What is measured of some lives, of each on average.
struct Measured {
    units: Units,
    /// What the commands of one of them took.
    steps: Vec<(&'static str, Consumed)>,
    /// What both consumers read, and how often they ask the table.
    read_units: Decimal,
    trips: Decimal,
    /// How many events are published.
    events: Decimal,
    /// What is stored in the table, and in its indexes, as it is charged.
    table_bytes: i64,
    index_bytes: i64,
}

/// What a life writes, in write units, by how what follows the stream is called.
///
/// # Errors
/// Where the table cannot be set up, or a request is refused.
pub(crate) async fn write_units() -> Result<Vec<(&'static str, Decimal)>, Fault> {
    let mut found = Vec::new();
    for (name, orders, together) in WAYS {
        found.push((name, measure(orders, together).await?.units.sum()));
    }
    Ok(found)
}

/// Lives orders through the API and hands their changes to what follows the stream: one at a time,
/// and in full batches.
///
/// # Errors
/// Where the table cannot be set up, or a request is refused.
pub(crate) async fn run(options: &Options, progress: &mut impl Write) -> Result<Report, Fault> {
    let (mut columns, mut sums) = (Vec::new(), Vec::new());
    let mut all = Vec::new();
    let mut text = format!("{:20}", "WCU of a life");
    for (name, orders, together) in WAYS {
        writeln!(progress, "{orders} orders, {name}")?;
        let measured = measure(orders, together).await?;
        write!(text, "{name:>11}")?;
        sums.push(measured.units.sum());
        columns.push(measured.units.parts());
        all.push(measured);
    }
    if let (Some(file), [_, second, full]) = (&options.json, all.as_slice()) {
        std::fs::write(file, serde_json::to_string_pretty(&json(second, full))? + "\n")?;
    }
    let names: Vec<_> = columns[0].iter().map(|(name, _)| *name).collect();
    for (row, name) in names.into_iter().enumerate() {
        write!(text, "\n{name:20}")?;
        for units in &columns {
            write!(text, "{:>11}", units[row].1.round_dp(1))?;
        }
    }
    write!(text, "\n{:20}", "together")?;
    for sum in sums {
        write!(text, "{:>11}", sum.round_dp(1))?;
    }
    Ok(Report::new(text, true))
}

/// What `bench cost` reads: of a life in batches of a second, and how much a hundred lives store.
fn json(second: &Measured, full: &Measured) -> Value {
    let commands = second.steps.iter().map(|(name, took)| {
        json!({
            "command": name, "wcu": number(took.write_units()), "rcu": number(took.read_units()),
            "trips": took.trips,
        })
    });
    let parts: serde_json::Map<String, Value> =
        second.units.parts().iter().map(|(name, units)| ((*name).to_owned(), number(*units))).collect();
    json!({
        "commands": commands.collect::<Vec<_>>(), "wcu": parts,
        "consumers": {
            "rcu": number(second.read_units), "trips": number(second.trips), "events": number(second.events),
        },
        "bytes": { "table": full.table_bytes, "indexes": full.index_bytes },
    })
}

/// A figure as JSON has it, to a tenth.
pub(crate) fn number(figure: Decimal) -> Value {
    serde_json::from_str(&figure.round_dp(1).normalize().to_string()).unwrap_or_default()
}

/// What a life takes, of so many customers' orders at a time, of each the first changes together.
async fn measure(orders: usize, together: usize) -> Result<Measured, Fault> {
    let harness = Harness::set_up()?;
    // Rows are measured by themselves, where the consumer has not written them yet.
    let apart = Harness::set_up()?;
    let shop = Shop::open(&harness).await?;
    let mut units = Units::default();
    let mut consumers = Vec::new();
    // The first order leases a block of numbers.
    shop.live(&harness, "first").await?;
    let stored = stored(&harness).await?;
    let (mut lives, mut steps): (Vec<Life>, _) = (Vec::new(), Vec::new());
    for number in 0..orders {
        let lived = shop.live(&harness, &format!("buyer-{number}")).await?;
        units.commands += lived.steps.iter().map(|(_, took)| took.write_units()).sum::<Decimal>();
        lives.push(lived.life);
        steps = lived.steps;
    }
    let mut events = 0;
    for life in &lives {
        let (took, told) = told(&harness, life).await?;
        units.publisher += took.iter().map(|took| took.write_units()).sum::<Decimal>();
        consumers.extend(took);
        events += told;
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
            rows += rows_of(&apart, *before, after, &mut units).await?;
        }
        let images = batch.iter().map(|(_, after)| (*after).clone()).collect();
        let took = cost(harness.apply(images)).await?;
        units.counters += took.write_units() - rows;
        consumers.push(took);
    }
    let (each, now) = (Decimal::from(orders.max(1)), self::stored(&harness).await?);
    let Units { commands, counters, rows, payments, lines, search, publisher } = units;
    Ok(Measured {
        units: Units {
            commands: commands / each,
            counters: counters / each,
            rows: rows / each,
            payments: payments / each,
            lines: lines / each,
            search: search / each,
            publisher: publisher / each,
        },
        steps,
        read_units: consumers.iter().map(|took| took.read_units()).sum::<Decimal>() / each,
        trips: Decimal::from(consumers.iter().map(|took| took.trips).sum::<u64>()) / each,
        events: Decimal::from(events) / each,
        table_bytes: (now.0 - stored.0) / i64::try_from(orders.max(1))?,
        index_bytes: (now.1 - stored.1) / i64::try_from(orders.max(1))?,
    })
}

/// Writes the rows of one order on a table of their own; what they took together.
async fn rows_of(
    apart: &Harness,
    before: Option<&Order>,
    after: &Order,
    units: &mut Units,
) -> Result<Decimal, Fault> {
    let table = apart.app.table();
    let changes = [(before, after)];
    let parts = [
        (&mut units.rows, cost(table.write_order_rows([after])).await?),
        (&mut units.payments, cost(table.write_payment_rows(changes)).await?),
        (&mut units.lines, cost(table.write_line_rows(changes)).await?),
        (&mut units.search, cost(table.write_search_rows([(before.cloned(), after)])).await?),
    ];
    let mut rows = Decimal::ZERO;
    for (sum, took) in parts {
        *sum += took.write_units();
        rows += took.write_units();
    }
    Ok(rows)
}

/// What the publisher takes of an order's life, change by change, and how many events it tells.
async fn told(harness: &Harness, life: &Life) -> Result<(Vec<Consumed>, usize), Fault> {
    let table = harness.app.table();
    let (mut took, mut seen, mut events) = (Vec::new(), 0, 0);
    for order in life {
        let Some(change) = order.log.last() else { continue };
        let notices = notices(order, change);
        events += notices.len();
        for notice in &notices {
            if let Some(news) = publishing::news(order, change, notice) {
                took.push(cost(table.put_notification(news, harness.app.now())).await?);
            }
        }
        if !notices.is_empty() {
            let claim = WatermarkAdvance { order: order.id, seen, to: order.version };
            took.push(cost(table.advance(CONSUMER, &claim)).await?);
            seen = order.version;
        }
    }
    Ok((took, events))
}

/// How many bytes are stored in the table and in its indexes: those of the items, and a hundred
/// more for each of them, which is what DynamoDB charges.
async fn stored(harness: &Harness) -> Result<(i64, i64), Fault> {
    let config = Config::from_lookup(GatewayKeys::Required, {
        let environment = harness.environment("orders")?;
        move |name| environment.get(name).cloned()
    })?;
    let table = oms_runtime::sdk::dynamodb(&config).describe_table().table_name(&config.table_name).send();
    let table = table.await?.table.ok_or("the table is gone")?;
    let charged = |bytes: Option<i64>, items: Option<i64>| {
        bytes.unwrap_or_default() + items.unwrap_or_default() * CHARGED_BESIDES
    };
    let indexes = table.global_secondary_indexes();
    let of_indexes = indexes.iter().map(|index| charged(index.index_size_bytes, index.item_count)).sum();
    Ok((charged(table.table_size_bytes, table.item_count), of_indexes))
}

/// What some work takes of the table.
async fn cost<E: Into<Fault>>(work: impl Future<Output = Result<(), E>>) -> Result<Consumed, Fault> {
    let scope = Arc::new(Invocation::new("bench".to_owned(), Deadline::default()));
    within(Arc::clone(&scope), work).await.map_err(Into::into)?;
    Ok(scope.meter().total())
}

/// What an answer says that it took, such as `rcu=0.5;wcu=0;trips=1`.
pub(crate) fn consumed(capacity: &str) -> Result<Consumed, Fault> {
    let figure = |name: &str| {
        let mut parts = capacity.split(';').filter_map(|part| part.split_once('='));
        parts.find(|(key, _)| *key == name).map_or("0", |(_, value)| value)
    };
    let tenths = |name: &str| -> Result<u64, Fault> {
        let (whole, tenths) = figure(name).split_once('.').unwrap_or((figure(name), "0"));
        Ok(whole.parse::<u64>()? * 10 + tenths.parse::<u64>()?)
    };
    Ok(Consumed {
        read_tenths: tenths("rcu")?,
        write_tenths: tenths("wcu")?,
        trips: figure("trips").parse()?,
    })
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

    /// An order's life, and what its commands took.
    async fn live(&self, harness: &Harness, customer: &str) -> Result<Lived, Fault> {
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
        let made = harness.send(Method::POST, &customer, "/api/orders/", Some(order)).await?;
        let path = format!("/api/orders/{}/", made.id()?);
        let new = json!({ "order": made.id()?, "payment_method": "credit_card" });
        let payment = harness.send(Method::POST, &customer, "/api/payments/", Some(new)).await?;
        let mut steps =
            vec![("create", consumed(&made.capacity)?), ("payment", consumed(&payment.capacity)?)];
        let process = format!("/api/payments/{}/process_payment/", payment.id()?);
        let tracking = json!({ "tracking_number": "1Z999AA10123456784" });
        let commands = [
            ("process", Method::POST, &customer, process, json!({})),
            ("confirm", Method::PATCH, &self.staff, format!("{path}confirm_order/"), json!({})),
            ("ship", Method::PATCH, &self.staff, format!("{path}ship_order/"), tracking),
            ("deliver", Method::PATCH, &self.staff, format!("{path}deliver_order/"), json!({})),
        ];
        for (name, method, token, path, body) in commands {
            let done = harness.send(method, token, &path, Some(body)).await?;
            if done.status != 200 {
                return Err(format!("{path}: {} {}", done.status, done.body).into());
            }
            steps.push((name, consumed(&done.capacity)?));
        }
        let id: OrderId = made.id()?.parse()?;
        let order = harness.app.table().order(id).await?.ok_or("the order is gone")?;
        let life = (1..=order.version).map(|version| order.as_of(version).ok_or("the log has gaps"));
        Ok(Lived { life: life.collect::<Result<_, _>>()?, steps })
    }
}
