//! Puts the parts together, in the order in which they need each other, and keeps them running.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use oms_workspace::cargo::Workspace;
use oms_workspace::console::{Step, say};
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::guardian::Guardian;
use oms_workspace::places::Places;
use oms_workspace::scratch::Scratch;
use oms_workspace::template::{REGION, System};
use oms_workspace::tokens::Issuer;
use oms_workspace::tools::{Tools, system_python};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::addresses::Addresses;
use crate::containers::{self, here};
use crate::demo;
use crate::dynamodb::request_router::{Conduct, RequestRouter};
use crate::dynamodb::{Dynamo, Storage};
use crate::event_sources::{Faults, Pollers};
use crate::functions::{self, Functions};
use crate::gate::Gate;
use crate::ministack::{Messaging, Ministack};
use crate::options::Options;
use crate::runtime::RuntimeApi;
use crate::service::{self, Service};
use crate::summary;

/// Settings that `cargo dev` takes from its own environment, and the parameters that they are.
const FROM_ENVIRONMENT: &[(&str, &str)] = &[
    ("CORS_ORIGINS", "CorsOrigins"),
    ("LOG_LEVEL", "LogLevel"),
    ("MAX_UNPAID_ORDERS", "MaxUnpaidOrders"),
    ("PAYMENT_GATEWAY", "PaymentGateway"),
    ("RATE_LIMIT", "RateLimit"),
    ("SETTLE_AFTER_SECONDS", "SettleAfterSeconds"),
    ("STRIPE_API_URL", "StripeApiUrl"),
    ("STRIPE_SECRET_KEY", "StripeSecretKey"),
    ("STRIPE_WEBHOOK_SECRET", "StripeWebhookSecret"),
];

/// Where pages come from that are served on this machine.
const THIS_MACHINE: &str = "http://localhost:*,http://127.0.0.1:*,http://[::1]:*,\
                            https://localhost:*,https://127.0.0.1:*,https://[::1]:*";

/// What runs until the stack ends; the first to end ends all.
type Parts = JoinSet<Error>;

/// Runs the stack until it is told to stop, or a part cannot be kept running.
pub async fn run(options: Options) -> Result<()> {
    let places = Places::make(options.state_dir.clone())?;
    let _lock = places.lock()?;
    let storage = match options.memory {
        true => Storage::Scratch(Scratch::new()?),
        false => Storage::Kept(places.state.join("dynamodb.db")),
    };
    let mark = uuid::Uuid::new_v4().to_string();
    let leftovers: Vec<PathBuf> =
        [places.dev_env(), places.state.join("env.json")].into_iter().chain(storage.scratch()).collect();
    let guardian = Arc::new(Guardian::start(&system_python()?, &mark, &leftovers)?);
    let mut stack = Stack { options, places, guardian, parts: Parts::new() };
    let told = told_to_stop(stack.options.until_stdin_closes)?;
    let result = tokio::select! {
        told = told => { say(format!("\n{told}: stopping")); Ok(()) }
        error = stack.start_and_keep(&storage) => Err(error),
    };
    // The restarts first, or they would start again what the guardian ends.
    stack.parts.abort_all();
    service::silence();
    stack.guardian.end_all();
    result
}

/// A stack that is started, and what runs of it.
struct Stack {
    options: Options,
    places: Places,
    guardian: Arc<Guardian>,
    parts: Parts,
}

impl Stack {
    /// Ends when a part has ended, or could not be started.
    async fn start_and_keep(&mut self, storage: &Storage) -> Error {
        if let Err(error) = self.start(storage).await {
            return error;
        }
        match self.parts.join_next().await {
            Some(Ok(error)) => error,
            Some(Err(error)) => Error::Setup(format!("a part of the stack stopped: {error}")),
            None => Error::Setup("nothing is left to run".to_owned()),
        }
    }

    async fn start(&mut self, storage: &Storage) -> Result<()> {
        let api_port = api_port(self.options.port).await?;
        let lambda_port = free_port().await?;
        let workspace = Workspace::read(&self.places.root)?;
        let issuer = Arc::new(Issuer::open(&self.places.shared)?);
        let host = here(self.options.bind.into());
        let database_port = TcpListener::bind((self.options.bind, 0));
        let database_port = database_port.await.doing("opening a port for DynamoDB (--bind)")?;
        let messaging_port = free_port().await?;
        let messaging_url = format!("http://{host}:{messaging_port}");
        let messaging = Messaging::at(&messaging_url);
        let template = self.places.root.join("template.yaml");
        let system = System::read(&template, &parameters(&issuer), &messaging_url)?;
        workspace.check_router(&system)?;

        let tools = self.build(&system).await?;
        let dynamo = self.start_database(storage, &system, database_port)?;
        self.start_messaging(&tools, messaging_port, &messaging_url, &system).await?;
        let addresses = Addresses {
            api: format!("http://{}", api_port.local_addr().doing("opening a port")?),
            dynamodb: dynamo.url.clone(),
            messaging: messaging_url,
            lambda: format!("http://127.0.0.1:{lambda_port}"),
        };
        let pollers = Pollers {
            database: dynamo.database(),
            messaging,
            invoke_url: addresses.lambda.clone(),
            checkpoints: (!self.options.memory).then(|| self.places.state.clone()),
            processes: self.options.concurrency.into(),
            faults: self.options.faults.map(Faults::new),
        };
        let pollers = pollers.prepare(&system)?;

        let step = Step::begin("starting the functions");
        self.start_functions(&tools, &workspace, &system, &addresses, lambda_port).await?;
        for poller in pollers {
            self.parts.spawn(poller.run());
        }
        self.parts.spawn(Gate::new(&addresses.lambda, Arc::clone(&issuer))?.serve(api_port));
        step.done(&addresses.api);

        let (places, memory) = (&self.places, self.options.memory);
        if !self.options.empty {
            let table = (!memory).then(|| dynamo.identity(&system.tables)).transpose()?;
            demo::make_once(places, &addresses.api, &issuer, table.as_deref()).await?;
        }
        summary::write_dev_env(places, &addresses, &system, &issuer)?;
        containers::write_environment(places, &addresses, &system)?;
        summary::show(places, &addresses, &system, memory);
        Ok(())
    }

    /// Installs the tools and builds the functions.
    async fn build(&self, system: &System) -> Result<Tools> {
        let installing = self.places.clone();
        let tools = tokio::task::spawn_blocking(move || Tools::install(&installing))
            .await
            .doing("installing the tools")??;
        let step = Step::begin("building the functions");
        functions::build(&self.places.root, system, self.options.release, &self.guardian).await?;
        step.done(format!("{} functions", system.functions.len()));
        Ok(tools)
    }

    fn start_database(
        &mut self,
        storage: &Storage,
        system: &System,
        listener: TcpListener,
    ) -> Result<Dynamo> {
        let step = Step::begin("starting DynamoDB");
        let dynamo = Dynamo::open(storage, &system.tables, &listener)?;
        let conduct = self.options.faults.map_or_else(Conduct::default, Conduct::bad);
        self.parts.spawn(RequestRouter::new(dynamo.database(), system, conduct)?.serve(listener));
        self.parts.spawn(Dynamo::sweep(dynamo.database(), dynamo.uri()));
        step.done(&dynamo.url);
        Ok(dynamo)
    }

    async fn start_messaging(&mut self, tools: &Tools, port: u16, url: &str, system: &System) -> Result<()> {
        let step = Step::begin("starting SNS, SQS and SES");
        let listening = (self.options.bind, port);
        let ministack = Ministack::new(tools.python(), listening, Messaging::at(url), system);
        self.start_and_restart(ministack).await?;
        step.done(url);
        Ok(())
    }

    /// Starts the functions, behind what stands in for Lambda's runtime API.
    async fn start_functions(
        &mut self,
        tools: &Tools,
        workspace: &Workspace,
        system: &System,
        addresses: &Addresses,
        port: u16,
    ) -> Result<()> {
        let runtime_port = TcpListener::bind(local(0)).await.doing("opening a port")?;
        let runtime_address = runtime_port.local_addr().doing("opening a port")?;
        self.parts.spawn(RuntimeApi::new(&addresses.lambda, system).serve(runtime_port));
        let functions = Functions::new(
            tools.cargo_lambda(),
            &self.places,
            &workspace.target,
            system,
            &environment(addresses),
            functions::Options {
                port,
                concurrency: self.options.concurrency,
                release: self.options.release,
                reload: !self.options.until_stdin_closes,
                runtime_api: format!("http://{runtime_address}"),
            },
        )?;
        self.start_and_restart(functions).await
    }

    /// Starts a service, and again whenever it dies.
    async fn start_and_restart<S: Service + Send + Sync + 'static>(&mut self, service: S) -> Result<()> {
        let running = service::start(&service, &self.guardian, &self.places.state).await?;
        let (guardian, logs) = (Arc::clone(&self.guardian), self.places.state.clone());
        self.parts.spawn(service::keep(service, running, guardian, logs));
        Ok(())
    }
}

/// What stands in for the template's parameters here.
fn parameters(issuer: &Issuer) -> BTreeMap<String, String> {
    let mut parameters = issuer.parameters();
    parameters.extend([
        // Nobody saves by gathering changes here, and tests wait for what follows them.
        ("StatsAggregatorBatchingWindow".to_owned(), "0".to_owned()),
        ("DebugCapacity".to_owned(), "on".to_owned()),
        // A deployment has to choose: no default may let a shop give its goods away.
        ("PaymentGateway".to_owned(), "simulated".to_owned()),
        ("CorsOrigins".to_owned(), THIS_MACHINE.to_owned()),
        // Who tries things out is in nobody's way.
        ("RateLimit".to_owned(), "0".to_owned()),
        // Whoever tries things out places more orders than they pay.
        ("MaxUnpaidOrders".to_owned(), "0".to_owned()),
    ]);
    for (variable, parameter) in FROM_ENVIRONMENT {
        if let Ok(value) = std::env::var(variable) {
            parameters.insert((*parameter).to_owned(), value);
        }
    }
    parameters
}

/// What Lambda gives every function, and where the local services are.
fn environment(addresses: &Addresses) -> BTreeMap<String, String> {
    [
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &addresses.dynamodb),
        ("AWS_ENDPOINT_URL_SNS", &addresses.messaging),
        ("AWS_ENDPOINT_URL_SQS", &addresses.messaging),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The port asked for, if nobody else has it, or a free one for 0.
async fn api_port(asked: u16) -> Result<TcpListener> {
    // Also one that listens on all interfaces is in the way.
    let taken = asked != 0 && tokio::net::TcpStream::connect(local(asked)).await.is_ok();
    match TcpListener::bind(local(asked)).await {
        Ok(listener) if !taken => Ok(listener),
        Ok(_) | Err(_) => Err(Error::Setup(format!(
            "the port {asked} is taken: use another one with --port PORT, or --port 0 for a free one"
        ))),
    }
}

/// A port that is free now, for a process that cannot be given a socket.
async fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(local(0)).await.doing("looking for a free port")?;
    Ok(listener.local_addr().doing("looking for a free port")?.port())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Waits for Ctrl-C, SIGTERM, the terminal's end, or the end of standard input if that is asked
/// for.
fn told_to_stop(until_stdin_closes: bool) -> Result<impl Future<Output = &'static str>> {
    let doing = "listening for signals";
    let mut interrupt = signal(SignalKind::interrupt()).doing(doing)?;
    let mut terminate = signal(SignalKind::terminate()).doing(doing)?;
    let mut hangup = signal(SignalKind::hangup()).doing(doing)?;
    let (closed, closing) = tokio::sync::oneshot::channel();
    if until_stdin_closes {
        // A thread of its own: reading cannot be cancelled, and must not keep the runtime from
        // ending.
        std::thread::spawn(move || {
            let mut buffer = [0; 256];
            while std::io::stdin().read(&mut buffer).is_ok_and(|length| length > 0) {}
            let _ = closed.send(());
        });
    } else {
        std::mem::forget(closed);
    }
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => "Ctrl-C",
            _ = terminate.recv() => "SIGTERM",
            _ = hangup.recv() => "the terminal has gone",
            _ = closing => "standard input has closed",
        }
    })
}
