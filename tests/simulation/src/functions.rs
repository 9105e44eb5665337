//! Instances of the functions: made when there is none at rest, one request at a time, killed in
//! the middle of one at times.

use crate::services::Outages;
use crate::world::{Chance, DYNAMODB, SNS, SQS};
use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt;
use oms_core::app::App;
use oms_http::edge;
use oms_runtime::clock;
use oms_runtime::config::{Config, GatewayKeys, SCHEMA};
use oms_workspace::report::Fault;
use oms_workspace::template::{Function, REGION, System};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use tokio::time::{Duration, Instant};
use tower::ServiceExt;
use tower::util::BoxCloneService;

/// How often of a thousand times a function is killed over its work.
const KILLED_PER_MILLE: u64 = 15;
/// How often it stands still in the middle of it.
const FROZEN_PER_MILLE: u64 = 15;
/// After how long that happens at most.
const KILLED_WITHIN_MS: u64 = 150;
/// For how long it stands still at most: longer than a request may take.
const FROZEN_FOR_MS: u64 = 40_000;

type Instance = BoxCloneService<Request<Body>, Response<Body>, Infallible>;

/// What a request was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status; 0 where the function was killed, or took too long.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
    /// `ETag`.
    pub(crate) etag: Option<String>,
}

/// The functions of the system.
#[derive(Debug)]
pub(crate) struct Functions {
    environments: BTreeMap<String, BTreeMap<String, String>>,
    timeouts: BTreeMap<String, Duration>,
    routes: Vec<(String, String)>,
    at_rest: RefCell<BTreeMap<String, Vec<Instance>>>,
    /// Into how many parts a fresh instance splits lists, those of all and those of a store, and
    /// shelves.
    parts: Cell<[u32; 3]>,
    chance: Chance,
    outages: Outages,
}

impl Functions {
    /// Those of template.yaml.
    #[must_use]
    pub(crate) fn new(system: &System, chance: Chance, outages: Outages) -> Self {
        let of = |function: &Function| (function.name.clone(), function.environment.clone());
        let routes = system.functions.iter().flat_map(|function| {
            let begins = function.routes.iter().filter_map(|route| route.strip_suffix("{proxy+}"));
            begins.map(|begins| (begins.to_owned(), function.name.clone()))
        });
        Self {
            environments: system.functions.iter().map(of).collect(),
            timeouts: system.functions.iter().map(|one| (one.name.clone(), one.timeout)).collect(),
            routes: routes.collect(),
            at_rest: RefCell::default(),
            parts: Cell::new([1, 1, 1]),
            chance,
            outages,
        }
    }

    /// Into how many parts lists and shelves are split.
    pub(crate) fn parts(&self) -> [u32; 3] {
        self.parts.get()
    }

    /// Has lists split into other parts: the instances that serve requests are replaced, those of
    /// consumers go on as they are until they are killed.
    pub(crate) fn split_lists(&self, parts: [u32; 3]) {
        self.parts.set(parts);
        self.at_rest.borrow_mut().clear();
    }

    /// A fresh instance's settings and connections.
    ///
    /// # Errors
    /// Where the settings make no sense.
    pub(crate) fn app(&self, name: &str) -> Result<App, Fault> {
        let environment = self.environments.get(name).ok_or_else(|| format!("no function {name}"))?;
        let config = Config::from_lookup(GatewayKeys::Required, |variable| match variable {
            "AWS_REGION" => Some(REGION.to_owned()),
            "AWS_ACCESS_KEY_ID" => Some(name.to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("simulated".to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(DYNAMODB.to_owned()),
            "AWS_ENDPOINT_URL_SQS" => Some(SQS.to_owned()),
            "AWS_ENDPOINT_URL_SNS" => Some(SNS.to_owned()),
            // Nobody reads its figures.
            "STACK_NAME" => None,
            // As while a version is rolled out: this one, and those before it, serve side by side.
            "LIST_SHARDS" => Some(self.parts.get()[0].to_string()),
            "STORE_LIST_SHARDS" => Some(self.parts.get()[1].to_string()),
            "STOCK_SHARDS" => Some(self.parts.get()[2].to_string()),
            "WRITE_SCHEMA" => Some((1 + self.chance.below(SCHEMA.into())).to_string()),
            variable => environment.get(variable).cloned(),
        })?;
        Ok(App::new(config)?)
    }

    /// Whoever owns the account: like a function, but its access key is no function's, so that it
    /// may do all.
    ///
    /// # Errors
    /// Where the settings make no sense.
    pub(crate) fn operator(&self) -> Result<App, Fault> {
        self.operator_writing(SCHEMA)
    }

    /// The same, who wants items in a shape.
    ///
    /// # Errors
    /// Where the settings make no sense.
    pub(crate) fn operator_writing(&self, schema: u32) -> Result<App, Fault> {
        let environment = self.environments.get("orders").cloned().unwrap_or_default();
        let config = Config::from_lookup(GatewayKeys::Required, |variable| match variable {
            "AWS_REGION" => Some(REGION.to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("operator".to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(DYNAMODB.to_owned()),
            "LIST_SHARDS" => Some(self.parts.get()[0].to_string()),
            "STORE_LIST_SHARDS" => Some(self.parts.get()[1].to_string()),
            "WRITE_SCHEMA" => Some(schema.to_string()),
            variable => environment.get(variable).cloned(),
        })?;
        Ok(App::new(config)?)
    }

    /// Whether somebody has written with as many parts of lists as there are to be, so that whoever
    /// starts with fewer knows of them.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub(crate) async fn are_split(&self) -> Result<bool, Fault> {
        let [all, of_store, shelves] = self.parts.replace([1; 3]);
        let whole = self.operator();
        self.parts.set([all, of_store, shelves]);
        let noted = whole?.table().list_shards().await?;
        Ok(u32::from(noted.all) >= all && u32::from(noted.of_store) >= of_store)
    }

    /// Answers a request as API Gateway would, from an instance at rest or a new one.
    ///
    /// # Errors
    /// Where the function cannot start, or there is none for the path.
    pub(crate) async fn call(&self, request: Request<Body>) -> Result<Answer, Fault> {
        let path = request.uri().path();
        let route = self.routes.iter().find(|(begins, _)| path.starts_with(begins.as_str()));
        let (_, name) = route.ok_or_else(|| format!("no route to {path}"))?;
        let parts = self.parts.get();
        let at_rest = self.at_rest.borrow_mut().get_mut(name).and_then(Vec::pop);
        let instance = at_rest.map_or_else(|| self.start(name), Ok)?;
        let timeout = self.timeouts.get(name).copied().unwrap_or_default();
        let mut request = request;
        request.extensions_mut().insert(self.context(timeout));
        let answered = self.alive(timeout, instance.clone().oneshot(request)).await;
        let Some(Ok(response)) = answered else {
            return Ok(Answer { status: 0, body: Value::Null, etag: None });
        };
        if parts == self.parts.get() {
            self.at_rest.borrow_mut().entry(name.clone()).or_default().push(instance);
        }
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default(), etag })
    }

    fn start(&self, name: &str) -> Result<Instance, Fault> {
        let routes: Router<App> = match name {
            "catalog" => catalog::router(),
            "notifications" => notifications::router(),
            "order-items" => order_items::router(),
            "orders" => orders::router(),
            "payments" => payments::router(),
            _ => return Err(format!("{name} answers no HTTP here").into()),
        };
        let app = self.app(name)?;
        let config = app.config().clone();
        Ok(BoxCloneService::new(edge::wrap(app.limited(routes), &config)))
    }

    /// What Lambda tells an invocation: until when it has to be done.
    #[must_use]
    pub(crate) fn context(&self, timeout: Duration) -> lambda_http::Context {
        let end_ms = clock::now().as_millisecond() + i64::try_from(timeout.as_millis()).unwrap_or_default();
        let mut context = lambda_http::Context::default();
        context.request_id = format!("r-{}", self.chance.below(u64::MAX));
        context.deadline = end_ms.unsigned_abs();
        context
    }

    /// How long an invocation of a function may take.
    #[must_use]
    pub(crate) fn timeout(&self, name: &str) -> Duration {
        self.timeouts.get(name).copied().unwrap_or_default()
    }

    /// Runs an invocation to its end, at times with its instance frozen in the middle; nothing
    /// where it is killed before, or takes too long.
    pub(crate) async fn alive<F: Future>(&self, timeout: Duration, work: F) -> Option<F::Output> {
        if self.outages.happens("function killed", KILLED_PER_MILLE) {
            let life = Duration::from_millis(self.chance.below(KILLED_WITHIN_MS));
            return tokio::time::timeout(life, work).await.ok();
        }
        let end = Instant::now() + timeout;
        let mut work = pin!(work);
        if self.outages.happens("function frozen", FROZEN_PER_MILLE) {
            let until = Duration::from_millis(self.chance.below(KILLED_WITHIN_MS));
            if let Ok(done) = tokio::time::timeout(until, &mut work).await {
                return Some(done);
            }
            tokio::time::sleep(Duration::from_millis(self.chance.below(FROZEN_FOR_MS))).await;
        }
        tokio::time::timeout_at(end, work).await.ok()
    }
}
