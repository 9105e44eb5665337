//! What is around the functions: a clock that jumps, numbers from a seed, and a network on which
//! calls of AWS take their time and get lost.

use crate::services::{Queues, Topic};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use jiff::{SignedDuration, Timestamp};
use oms_local::dynamodb::request_router::RequestRouter;
use oms_local::dynamodb::{Answer, Call};
use oms_runtime::simulated;
use oms_workspace::rng::SeededRng;
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// Where DynamoDB is on this network; whatever is elsewhere answers by what it is asked.
pub(crate) const DYNAMODB: &str = "http://dynamodb.simulated";
/// Where SQS is.
pub(crate) const SQS: &str = "http://sqs.simulated";
/// Where SNS is.
pub(crate) const SNS: &str = "http://sns.simulated";

/// When a simulation begins, in seconds since 1970: late enough for tokens that are signed now.
const BEGIN_S: i64 = 1_893_456_000;
/// How long a call of AWS takes at most each way, in milliseconds.
const LATENCY_MS: u64 = 6;

/// Numbers from one seed, for all who need some.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Arc<Mutex<SeededRng>>);

impl Chance {
    /// The numbers of a seed.
    #[must_use]
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(SeededRng::new(seed))))
    }

    /// A number below another one.
    #[must_use]
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.rng().below(end)
    }

    /// Whether something happens that happens so often in a thousand times.
    #[must_use]
    pub(crate) fn per_mille(&self, often: u64) -> bool {
        self.below(1_000) < often
    }

    /// One of several.
    #[must_use]
    pub(crate) fn of<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        self.rng().of(all)
    }

    fn rng(&self) -> MutexGuard<'_, SeededRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network, with what is on it.
#[derive(Clone)]
pub(crate) struct Network {
    /// DynamoDB.
    pub(crate) dynamodb: Arc<RequestRouter>,
    /// SQS.
    pub(crate) queues: Queues,
    /// SNS.
    pub(crate) topic: Topic,
    /// Told after each write, by which whoever reads the table's stream knows that there is more.
    pub(crate) written: Arc<Notify>,
    chance: Chance,
    /// How long a call takes each way, where it is always as long.
    each_way: Option<Duration>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// Tells when a call is over, also where whoever made it is killed in the middle: it may have
/// written something.
struct Told<'a>(&'a Notify);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Network {
    /// A network with these services on it.
    #[must_use]
    pub(crate) fn new(dynamodb: Arc<RequestRouter>, queues: Queues, topic: Topic, chance: Chance) -> Self {
        Self { dynamodb, queues, topic, written: Arc::default(), chance, each_way: None }
    }

    /// The same, on which each call takes as long as any other.
    #[must_use]
    pub(crate) fn steady(self, each_way: Duration) -> Self {
        Self { each_way: Some(each_way), ..self }
    }

    async fn carry(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.latency().await;
        let header = |name| request.headers().get(name).unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let answer = if request.uri().starts_with(DYNAMODB) {
            let call = Call {
                operation: Call::operation_of(header("x-amz-target")).to_owned(),
                body: serde_json::from_slice(body).unwrap_or_default(),
                caller: Call::caller_of(header("authorization")).to_owned(),
            };
            let _told = Told(&self.written);
            Arc::clone(&self.dynamodb).answer(call).await
        } else if request.uri().starts_with(SQS) {
            self.queues.answer(Call::operation_of(header("x-amz-target")), body)
        } else {
            self.topic.answer(body)
        };
        self.latency().await;
        let Some(answer) = answer else {
            // A connection that breaks, or one that never says anything again.
            if self.chance.below(2) == 0 {
                std::future::pending::<()>().await;
            }
            return Err(ConnectorError::io("the connection broke".into()));
        };
        let Answer { status, body } = answer;
        let status =
            StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(body)))
    }

    async fn latency(&self) {
        let random = || Duration::from_millis(self.chance.below(LATENCY_MS));
        tokio::time::sleep(self.each_way.unwrap_or_else(random)).await;
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry(request))
    }
}

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The world of one simulation.
#[derive(Debug)]
pub(crate) struct World {
    began: Instant,
    ticks: Cell<i64>,
    chance: Chance,
    http: SharedHttpClient,
}

impl World {
    /// A world that begins now.
    #[must_use]
    pub(crate) fn new(chance: Chance, network: Network) -> Self {
        let http = SharedHttpClient::new(network);
        Self { began: Instant::now(), ticks: Cell::new(0), chance, http }
    }
}

impl simulated::World for World {
    /// The clock jumps to whatever is next; a microsecond passes with each look at it.
    fn now(&self) -> Timestamp {
        self.ticks.set(self.ticks.get() + 1);
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap_or_default();
        let begin = Timestamp::from_second(BEGIN_S).unwrap_or(Timestamp::UNIX_EPOCH);
        begin + passed + SignedDuration::from_micros(self.ticks.get())
    }

    fn random(&self) -> u64 {
        self.chance.below(u64::MAX)
    }

    fn http(&self) -> SharedHttpClient {
        self.http.clone()
    }
}
