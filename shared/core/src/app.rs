//! What a function instance holds from its start to its end.

use crate::events::topic::{Bus, NoTopic};
use crate::payments::gateway::Gateway;
use crate::request::RequestContext;
use crate::response_cache::{CountedOrders, KnownVersions, ResponseCache};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::Date;
use oms_domain::{Actor, OrderId, UserId};
use oms_http::auth::Verifier;
use oms_http::rate_limit::RateLimiter;
use oms_runtime::config::{Config, ConfigError, GatewayKeys};
use oms_runtime::invocation::Invocation;
use oms_runtime::sdk;
use oms_runtime::{clock, ids, logging};
use oms_table::list_shards::ListShards;
use oms_table::orders::order_numbers::OrderNumbers;
use oms_table::schema::SCHEMA;
use oms_table::{Layout, Table, TableError};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// A function instance's settings and connections. Cheap to clone.
#[derive(Clone)]
pub struct App {
    config: Arc<Config>,
    table: Table,
    verifier: Arc<Verifier>,
    gateway: Gateway,
    order_numbers: Arc<OrderNumbers>,
    bus: Arc<OnceLock<Bus>>,
    response_cache: Arc<ResponseCache>,
    counted: Arc<CountedOrders>,
    in_lists: Arc<KnownVersions<OrderId>>,
    limiter: Arc<RateLimiter>,
    request: RequestContext,
}

/// Why a function did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The table is used by newer versions, and this one could not read what they write.
    #[error(
        "the table must be read by versions that know shape {needed}; this one knows {SCHEMA}: deploy a newer one, or migrate the table back first (docs/operating.md)"
    )]
    Outdated {
        /// The shape that it must know.
        needed: u32,
    },
}

/// What ended a function. Its `main` returns it, and Rust prints that as for a debugger: here so
/// that the operator can read it, with everything that caused it.
pub struct Fatal(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Fatal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Debug for Fatal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&logging::chain(self.0.as_ref()))
    }
}

impl std::fmt::Debug for App {
    /// Without its keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("table", &self.table).finish_non_exhaustive()
    }
}

impl App {
    /// Reads the settings, and the secrets that they name. Where they make no sense, the first line
    /// of the log says why.
    ///
    /// # Errors
    /// [`StartError`], which is for the operator to read.
    pub async fn start(keys: GatewayKeys) -> Result<Self, StartError> {
        let app = Config::from_env(keys).await.map_err(StartError::from).and_then(Self::new);
        app.inspect_err(logging::cannot_start)
    }

    /// Opens the connection to the table, while the function starts, and looks there whether this
    /// version may use it. A table that gives no answer is no reason against it: the first request
    /// will tell.
    ///
    /// # Errors
    /// [`StartError::Outdated`].
    pub async fn open(&self) -> Result<(), StartError> {
        match self.table.minimum_reader().await {
            Ok(needed) if needed > SCHEMA => Err(StartError::Outdated { needed }),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What these settings make; opens no connection yet.
    ///
    /// # Errors
    /// [`StartError`], which is for the operator to read.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let verifier = Verifier::from_config(&config)?;
        Ok(Self::with(config, verifier))
    }

    /// The same for the operator's own work, which needs no settings about tokens.
    #[must_use]
    pub fn without_callers(config: Config) -> Self {
        Self::with(config, Verifier::of_nobody())
    }

    fn with(config: Config, verifier: Verifier) -> Self {
        let number = |shards: u32| u16::try_from(shards).unwrap_or(u16::MAX);
        let layout = Layout {
            lists: ListShards { all: number(config.list_shards), of_store: number(config.store_list_shards) },
            stock_shards: number(config.stock_shards),
            schema: config.write_schema,
        };
        let table = Table::new(sdk::dynamodb(&config), config.table_name.clone(), layout);
        Self {
            verifier: Arc::new(verifier),
            gateway: Gateway::from_config(&config),
            order_numbers: Arc::default(),
            bus: Arc::default(),
            response_cache: Arc::default(),
            counted: Arc::default(),
            in_lists: Arc::default(),
            limiter: Arc::new(RateLimiter::new(config.rate_limit)),
            request: RequestContext::default(),
            config: Arc::new(config),
            table,
        }
    }

    /// Starts a consumer of a stream or a queue, which logs for itself: no HTTP edge does.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_consumer(keys: GatewayKeys) -> Result<Self, StartError> {
        let app = Self::start(keys).await?;
        app.open().await.inspect_err(logging::cannot_start)?;
        logging::init(app.config());
        Ok(app)
    }

    /// The same, for one request.
    #[must_use]
    pub(crate) fn for_request(&self, request: RequestContext) -> Self {
        Self { request, ..self.clone() }
    }

    /// The same, for a part of a request's work that its idempotency key does not stand for: writes
    /// that go on side by side, or beside the one that is remembered.
    #[must_use]
    pub fn apart(&self) -> Self {
        let invocation = self.request.invocation.clone();
        self.for_request(RequestContext { invocation, ..RequestContext::default() })
    }

    /// The request that this is done for.
    #[must_use]
    pub const fn request(&self) -> &RequestContext {
        &self.request
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Who limits how much each caller may ask for, and knows who they are.
    pub(crate) fn limits(&self) -> (Arc<Verifier>, Arc<RateLimiter>) {
        (Arc::clone(&self.verifier), Arc::clone(&self.limiter))
    }

    /// The payment gateway.
    #[must_use]
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The topic. Its client is made when it is first needed, which in most functions is never.
    ///
    /// # Errors
    /// [`NoTopic`] where the settings name none.
    pub fn bus(&self) -> Result<&Bus, NoTopic> {
        let topic = self.config.topic_arn.clone().ok_or(NoTopic)?;
        Ok(self.bus.get_or_init(|| Bus::new(sdk::sns(&self.config), topic)))
    }

    /// The answers that this instance keeps.
    #[must_use]
    pub(crate) fn response_cache(&self) -> &ResponseCache {
        &self.response_cache
    }

    /// The orders that are known to be counted.
    #[must_use]
    pub(crate) fn counted(&self) -> &CountedOrders {
        &self.counted
    }

    /// The orders whose rows are known to be written.
    #[must_use]
    pub(crate) fn in_lists(&self) -> &KnownVersions<OrderId> {
        &self.in_lists
    }

    /// The time, to the microsecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        clock::now()
    }

    /// Somebody, acting now.
    #[must_use]
    pub fn acting(&self, user: &UserId) -> Actor {
        Actor { id: user.clone(), at: self.now() }
    }

    /// An id for anything new but an order or what belongs to one.
    #[must_use]
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        ids::random_uuid_v7().into()
    }

    /// An id for a new order.
    #[must_use]
    pub fn new_order_id(&self) -> OrderId {
        OrderId::from_fresh(ids::random_uuid_v7())
    }

    /// The next number for an order that is placed at a time: of its day in the deployment's time
    /// zone, by which searches for a part of that date find it.
    ///
    /// # Errors
    /// [`TableError`] where a block of numbers is needed and cannot be had.
    pub async fn next_order_number(&self, at: Timestamp) -> Result<String, TableError> {
        let day = at.to_zoned(self.config.time_zone.clone()).date();
        self.order_numbers.next(&self.table, day).await
    }

    /// Today in the deployment's time zone.
    #[must_use]
    pub fn today(&self) -> Date {
        self.now().to_zoned(self.config.time_zone.clone()).date()
    }
}

impl FromRef<App> for Arc<Config> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.config)
    }
}

impl FromRef<App> for Arc<Verifier> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.verifier)
    }
}

/// The app, for the request in hand.
impl FromRequestParts<App> for App {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let mut request = parts.extensions.get::<RequestContext>().cloned().unwrap_or_default();
        request.invocation = parts.extensions.get::<Arc<Invocation>>().cloned();
        Ok(app.for_request(request))
    }
}
