//! The table and the API in one process, without sockets in front and Lambda between: where
//! requests are measured and lists compared. The table, its indexes and the settings are
//! template.yaml's.

use axum::Router;
use axum::body::Body;
use http::Method;
use http_body_util::BodyExt;
use oms_core::app::App;
use oms_core::events::counting;
use oms_core::events::stream::OrderImage;
use oms_domain::{Order, OrderId};
use oms_http::edge;
use oms_local::dynamodb::request_router::{Conduct, RequestRouter};
use oms_local::dynamodb::{Dynamo, Storage};
use oms_runtime::config::{Config, GatewayKeys};
use oms_table::counters::stream_position::Shard;
use oms_table::orders::Save;
use oms_workspace::report::Fault;
use oms_workspace::scratch::Scratch;
use oms_workspace::template::{REGION, System};
use oms_workspace::tokens::{Issuer, User};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::time::Duration;
use tower::ServiceExt;

/// How long a token lives, in seconds.
const LIFETIME_S: i64 = 24 * 60 * 60;

/// How often the consumer is given what it could not do.
const DELIVERIES: u32 = 5;

/// A table that goes with its value, and the functions of orders, their items, payments, the
/// catalogue and notifications.
pub struct Harness {
    /// The functions' own way to the table.
    pub app: App,
    router: Router,
    /// What each function finds in its environment.
    environments: BTreeMap<String, BTreeMap<String, String>>,
    issuer: Issuer,
    /// The table's file, which nobody needs afterwards.
    storage: Storage,
    /// How many records have been handed to the consumer.
    records: AtomicU64,
    /// The key that signs tokens, likewise.
    _keys: Scratch,
}

/// What the API answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// `X-Consumed-Capacity`.
    pub capacity: String,
    /// Whether it had been kept: `X-Cache: hit`.
    pub is_kept: bool,
}

impl Answer {
    /// The id of what it shows.
    pub fn id(&self) -> Result<&str, Fault> {
        self.body["id"].as_str().ok_or_else(|| format!("{}: {}", self.status, self.body).into())
    }
}

impl Harness {
    /// Sets up an empty table.
    pub fn set_up() -> Result<Self, Fault> {
        Self::with(Conduct::default())
    }

    /// Sets up an empty table whose indexes are behind it by so much.
    pub fn with_late_indexes(delay: Duration) -> Result<Self, Fault> {
        Self::with(Conduct { index_delay: Some(delay), ..Conduct::default() })
    }

    /// Writes the table as it is at this moment into a file.
    pub fn back_up(&self, file: &Path) -> Result<(), Fault> {
        let table = Connection::open(self.storage.file())?;
        table.execute("VACUUM INTO ?1", [file.display().to_string()])?;
        Ok(())
    }

    /// Sets up the table that such a file holds, and goes on with it.
    pub fn restored(file: PathBuf) -> Result<Self, Fault> {
        Self::over(Storage::Kept(file), Conduct::default())
    }

    fn with(conduct: Conduct) -> Result<Self, Fault> {
        Self::over(Storage::Scratch(Scratch::new()?), conduct)
    }

    fn over(storage: Storage, conduct: Conduct) -> Result<Self, Fault> {
        let keys = Scratch::new()?;
        let issuer = Issuer::open(keys.path())?;
        let mut parameters = issuer.parameters();
        parameters.extend([
            ("DebugCapacity".to_owned(), "on".to_owned()),
            ("PaymentGateway".to_owned(), "simulated".to_owned()),
            ("MaxUnpaidOrders".to_owned(), "0".to_owned()),
        ]);
        let mut system =
            System::read(&oms_workspace::root().join("template.yaml"), &parameters, "http://127.0.0.1:9")?;
        for table in &mut system.tables {
            // Nobody reads it here: changes are handed to their consumer at once.
            if let Some(definition) = table.definition.as_object_mut() {
                definition.remove("StreamSpecification");
            }
        }
        let url = serve(&storage, &system, conduct)?;
        let environments = system.functions.iter().map(|function| {
            let mut environment = function.environment.clone();
            // Nobody reads its figures.
            environment.remove("STACK_NAME");
            let here = [("AWS_REGION", REGION), ("AWS_ENDPOINT_URL_DYNAMODB", &url)];
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, "local"));
            let here = here.into_iter().chain(keys);
            environment.extend(here.map(|(name, value)| (name.to_owned(), value.to_owned())));
            (function.name.clone(), environment)
        });
        let environments: BTreeMap<_, _> = environments.collect();
        let of_orders = environments.get("orders").ok_or("template.yaml has no function orders")?;
        let app = app_of(of_orders)?;
        Ok(Self {
            router: router_of(&app),
            app,
            environments,
            issuer,
            storage,
            records: AtomicU64::new(0),
            _keys: keys,
        })
    }

    /// Another deployment over the same table, with other settings.
    pub fn redeployed(self, settings: &[(&str, &str)]) -> Result<Self, Fault> {
        let mut environment = self.environment("orders")?;
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let app = app_of(&environment)?;
        Ok(Self { router: router_of(&app), app, ..self })
    }

    /// The environment of a function's process over this table.
    pub fn environment(&self, function: &str) -> Result<BTreeMap<String, String>, Fault> {
        let found = self.environments.get(function).cloned();
        found.ok_or_else(|| format!("template.yaml has no function {function}").into())
    }

    /// A token for somebody.
    pub fn token(&self, user: &User) -> Result<String, Fault> {
        Ok(self.issuer.token(user, LIFETIME_S)?)
    }

    /// Reads from the API.
    pub async fn get(&self, token: &str, path: &str) -> Result<Answer, Fault> {
        self.send(Method::GET, token, path, None).await
    }

    /// Sends a request to the API.
    pub async fn send(
        &self,
        method: Method,
        token: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, Fault> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        let response = edge::wrap(self.router.clone(), self.app.config()).oneshot(request).await?;
        let capacity = response.headers().get("x-consumed-capacity");
        let capacity = capacity.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let is_kept = response.headers().get("x-cache").is_some_and(|value| value == "hit");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null), capacity, is_kept })
    }

    /// Saves an order as a request does, over the version that was there (none for a new one).
    pub async fn save(&self, seen: Option<u64>, order: &Order) -> Result<(), Fault> {
        Ok(self.app.table().save(Save::only(order, seen)).await?)
    }

    /// Does what the stream's consumer does after a request that wrote an order.
    pub async fn follow(&self, order: OrderId) -> Result<(), Fault> {
        self.apply(self.app.table().order(order).await?.into_iter().collect()).await
    }

    /// Does what the stream's consumer does with orders that were saved. What it could not do, the
    /// stream brings again.
    pub async fn apply(&self, orders: Vec<Order>) -> Result<(), Fault> {
        let first = self.records.fetch_add(orders.len() as u64, Ordering::Relaxed) + 1;
        let shard = Shard::new("shardId-harness");
        for _ in 0..DELIVERIES {
            let batch = arrived(&orders, first);
            if counting::apply(&self.app, None, Some(&shard), batch).await.is_empty() {
                return Ok(());
            }
        }
        Err(format!("{} orders were not kept in {DELIVERIES} deliveries", orders.len()).into())
    }
}

fn app_of(environment: &BTreeMap<String, String>) -> Result<App, Fault> {
    let config = Config::from_lookup(GatewayKeys::Required, |name| environment.get(name).cloned())?;
    Ok(App::new(config)?)
}

fn router_of(app: &App) -> Router {
    let router = orders::router().merge(order_items::router()).merge(payments::router());
    router.merge(catalog::router()).merge(notifications::router()).with_state(app.clone())
}

/// A batch as the function sorts it out, whose first record has a number: each order once, in its
/// newest state.
pub fn arrived(batch: &[Order], first: u64) -> Vec<OrderImage> {
    let mut newest: BTreeMap<OrderId, OrderImage> = BTreeMap::new();
    for (number, order) in (first..).zip(batch) {
        let record = number.to_string();
        match newest.entry(order.id) {
            Entry::Vacant(place) => {
                place.insert(OrderImage::new(order.clone(), record));
            }
            Entry::Occupied(mut place) => place.get_mut().absorb(order.clone(), record),
        }
    }
    newest.into_values().collect()
}

/// Serves a system's tables from a thread of their own; their address.
fn serve(storage: &Storage, system: &System, conduct: Conduct) -> Result<String, Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let listener = {
        let _entered = runtime.enter();
        TcpListener::from_std(listener)?
    };
    let dynamo = Dynamo::open(storage, &system.tables, &listener)?;
    let url = dynamo.url.clone();
    let router = RequestRouter::new(dynamo.database(), system, conduct)?;
    std::thread::spawn(move || runtime.block_on(router.serve(listener)));
    Ok(url)
}
