//! What a running `cargo dev` does under load: how many requests a second, how long they take, and
//! whether the functions' memory stays as it is.

mod api;
mod memory;

use api::Client;
use clap::Args;
use futures::future::try_join_all;
use http::Method;
use jiff::SignedDuration;
use oms_harness::OrderGenerator;
use oms_table::orders::Save;
use oms_workspace::report::{Fault, Report};
use orderctl::environment::Environment;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

/// How many products are ordered, and pieces of each: more than anybody can.
const PRODUCTS: usize = 32;
const PIECES: u64 = 1_000_000;
/// How many customers the orders have that are filled in.
const CUSTOMERS: u64 = 1_000;
/// How many orders are filled in at the same time.
const FILLED_AT_ONCE: u64 = 32;
/// How often it is looked whether they are counted.
const LOOK: Duration = Duration::from_secs(2);
/// How long after each of them the next one was placed: 100,000 a year.
const EVERY: SignedDuration = SignedDuration::from_secs(86_400 / 274);

/// How much of what.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Options {
    /// How many connections ask at the same time, each the next thing when it has its answer
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long each operation is asked for, in seconds
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// How many orders are filled in first, and counted
    #[arg(long, default_value_t = 0)]
    orders: u64,
}

/// What is asked for: of each connection something else, where it writes.
struct Operation {
    name: &'static str,
    status: u16,
    method: Method,
    token: String,
    targets: Vec<String>,
    /// What is sent: of each connection another one.
    bodies: Vec<Value>,
}

/// What came of it.
#[derive(Default)]
struct Answered {
    took: Vec<Duration>,
    /// The statuses of answers that were not as they should be.
    wrong: HashMap<u16, u64>,
}

/// Puts each operation in turn on the stack that runs in this checkout.
///
/// # Errors
/// None runs, or it cannot be filled.
pub(crate) async fn run(options: Options, progress: &mut impl Write) -> Result<Report, Fault> {
    let settings = local().settings()?;
    let of = |name: &str| settings.get(name).ok_or(format!("the running system told no {name}"));
    let client = Client::of(of("API_URL")?);
    let tokens = [of("TOKEN_CUSTOMER")?, of("TOKEN_STAFF")?];
    fill(&client, &tokens[1], options.orders, progress).await?;
    let operations = operations(&client, &tokens, options.connections).await?;

    let mut text = format!(
        "{:<26} {:>9} {:>7} {:>8} {:>8} {:>8} {:>7} {:>15}\n",
        "", "requests", "a s", "p50 ms", "p99 ms", "max ms", "wrong", "memory, MB"
    );
    let mut is_well = true;
    for operation in &operations {
        writeln!(progress, "{}: {} s", operation.name, options.seconds)?;
        let before = memory::of_functions();
        let mut answered = ask(&client, operation, options).await?;
        let after = memory::of_functions();
        answered.took.sort_unstable();
        let at = |percent: usize| {
            let last = answered.took.len().saturating_sub(1);
            answered.took.get((answered.took.len() * percent / 100).min(last)).map_or(0, Duration::as_millis)
        };
        let requests = answered.took.len();
        let wrong: u64 = answered.wrong.values().sum();
        writeln!(
            text,
            "{:<26} {requests:>9} {:>7} {:>8} {:>8} {:>8} {wrong:>7} {:>15}",
            operation.name,
            requests as u64 / options.seconds.max(1),
            at(50),
            at(99),
            at(100),
            format!("{before} to {after}"),
        )?;
        for (status, times) in &answered.wrong {
            writeln!(text, "    {times} times {status} instead of {}", operation.status)?;
        }
        is_well &= wrong == 0;
    }
    Ok(Report::new(text, is_well))
}

/// Asks for one thing, over and over.
async fn ask(client: &Client, operation: &Operation, options: Options) -> Result<Answered, Fault> {
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let connections = (0..options.connections).map(|connection| async move {
        let mut answered = Answered::default();
        let mut number = 0;
        while Instant::now() < until {
            // Each connection has orders of its own to edit: it is not races that are measured.
            let targets = operation.targets.iter().skip(connection).step_by(options.connections);
            let targets: Vec<&String> = targets.collect();
            let target = targets.get(number % targets.len().max(1)).copied();
            let target = target.or(operation.targets.first()).ok_or("nothing to ask for")?;
            let mut body = operation.bodies.iter().cycle().nth(connection).cloned();
            if let Some(notes) = body.as_mut().and_then(|body| body.get_mut("notes")) {
                *notes = format!("Please ring {number} times").into();
            }
            let began = Instant::now();
            let answer = client.send(&operation.method, target, &operation.token, body.as_ref()).await?;
            answered.took.push(began.elapsed());
            if answer.status != operation.status {
                *answered.wrong.entry(answer.status).or_default() += 1;
            }
            number += 1;
        }
        Ok::<_, Fault>(answered)
    });
    let mut all = Answered::default();
    for answered in try_join_all(connections).await? {
        all.took.extend(answered.took);
        for (status, times) in answered.wrong {
            *all.wrong.entry(status).or_default() += times;
        }
    }
    Ok(all)
}

/// What is asked for, of orders that are made for it.
async fn operations(
    client: &Client,
    [customer, staff]: &[String; 2],
    connections: usize,
) -> Result<Vec<Operation>, Fault> {
    let store = client.made(staff, "/api/stores/", json!({ "name": "Load" })).await?;
    let product = json!({
        "store": store["id"], "name": "Mug", "base_price": "29.99", "status": "active", "stock": PIECES,
    });
    let products = (0..PRODUCTS).map(|_| client.made(staff, "/api/products/", product.clone()));
    let products = try_join_all(products).await?;
    let address = json!({
        "full_name": "Ada Moss", "address_line1": "1 Mill Lane", "city": "York", "postal_code": "YO1 7EP",
        "country": "GB", "phone": "+44 1904 555010",
    });
    let address = client.made(customer, "/api/addresses/", address).await?;
    let of_product = |product: &Value| {
        json!({
            "store": store["id"], "payment_method": "credit_card", "shipping_address": address["id"],
            "items": [{ "product": product["id"], "quantity": 1 }],
        })
    };
    let orders: Vec<Value> = products.iter().map(of_product).collect();
    let placed = orders.iter().cycle().take(connections * 4);
    let placed = placed.map(|order| client.made(customer, "/api/orders/", order.clone()));
    let placed = try_join_all(placed).await?;
    let paths = placed.iter().map(|order| Ok(format!("/api/orders/{}/", text(&order["id"])?)));
    let paths = paths.collect::<Result<Vec<_>, Fault>>()?;
    let number = text(&placed.first().ok_or("no connections")?["order_number"])?;
    let get = |name, token: &String, targets: Vec<String>| Operation {
        name,
        status: 200,
        method: Method::GET,
        token: token.clone(),
        targets,
        bodies: Vec::new(),
    };
    let three = "status=pending&payment_status=pending&payment_method=credit_card";
    Ok(vec![
        get("read an order", customer, paths.clone()),
        get("my_orders, 20", customer, vec!["/api/orders/my_orders/?page_size=20".to_owned()]),
        get("list by three fields, 20", staff, vec![format!("/api/orders/?{three}&page_size=20")]),
        get("search for a number", staff, vec![format!("/api/orders/?search={number}")]),
        get("order_stats", staff, vec!["/api/orders/order_stats/".to_owned()]),
        get("payments, 20", staff, vec!["/api/payments/?page_size=20".to_owned()]),
        Operation {
            method: Method::PATCH,
            bodies: vec![json!({ "notes": "" })],
            ..get("edit", customer, paths)
        },
        Operation {
            status: 201,
            method: Method::POST,
            bodies: orders,
            ..get("create", customer, vec!["/api/orders/".to_owned()])
        },
    ])
}

/// Writes orders into the table of the stack, and waits until the statistics have them.
async fn fill(client: &Client, staff: &str, orders: u64, progress: &mut impl Write) -> Result<(), Fault> {
    if orders == 0 {
        return Ok(());
    }
    let app = local().app().await?;
    let counted = || async {
        let stats = client.send(&Method::GET, "/api/orders/order_stats/", staff, None).await?;
        stats.body["total_orders"].as_u64().ok_or_else(|| Fault::from("no statistics"))
    };
    let expected = counted().await? + orders;
    let since = app.now() - EVERY * i32::try_from(orders)?;
    let generator = OrderGenerator::new(CUSTOMERS, 3, since, EVERY);
    writeln!(progress, "filling in {orders} orders")?;
    for first in (0..orders).step_by(usize::try_from(FILLED_AT_ONCE)?) {
        let saved = (first..orders.min(first + FILLED_AT_ONCE)).map(|number| {
            let (app, order) = (&app, generator.order(number));
            async move { Ok::<_, Fault>(app.table().save(Save::only(&order?, None)).await?) }
        });
        try_join_all(saved).await?;
    }
    let began = Instant::now();
    while counted().await? < expected {
        tokio::time::sleep(LOOK).await;
    }
    writeln!(progress, "counted {} s later", began.elapsed().as_secs())?;
    Ok(())
}

/// What `cargo dev` runs.
fn local() -> Environment {
    Environment { local: true, ..Environment::default() }
}

fn text(value: &Value) -> Result<&str, Fault> {
    value.as_str().ok_or_else(|| "an answer lacks a text".into())
}
