//! The system as `sam deploy` makes it from template.yaml, in an emulator of AWS.

use crate::aws::Aws;
use crate::function::{binary, http_event};
use crate::stack::{root, stack};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use oms_workspace::template::System;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The stack's name, of samconfig.toml.
const STACK: &str = "oms";
/// How long an invocation may take: API Gateway waits for 30 s, and an instance may have to start.
const INVOCATION_LIMIT: Duration = Duration::from_secs(60);

/// A resource that CloudFormation has made.
#[derive(Debug)]
pub struct Resource {
    /// What it is, e.g. `AWS::SQS::Queue`.
    pub kind: String,
    /// The name or the ARN that it has got.
    pub name: String,
    /// How far it is.
    pub status: String,
}

/// A deployed system.
pub struct Deployed {
    /// Where its API is: a gateway of the test's own.
    pub api: String,
    /// What has been made, by its name in the template as SAM has translated it.
    pub resources: BTreeMap<String, Resource>,
    /// What it runs in.
    pub aws: Aws,
    /// The stack, as CloudFormation describes it: XML.
    description: String,
}

/// The answer of `sam deploy`: whether it deployed, and what it printed.
type Deployment = (bool, String);

impl Deployed {
    /// Deploys the functions that this test run has built, by `sam deploy` with parameters.
    ///
    /// # Panics
    /// Where that fails, with what it printed.
    pub async fn with(aws: Aws, parameters: &[&str]) -> Self {
        let (is_deployed, printed) = deploy(&aws, parameters, put_function).await;
        assert!(is_deployed, "sam deploy: {printed}");
        let description = aws.cloudformation("DescribeStacks", &[("StackName", STACK)]).await;
        let resources = resources(&aws).await;
        let gateway = Gateway::of(&aws.url, &resources);
        Self { api: gateway.start().await, resources, aws, description }
    }

    /// How far CloudFormation is with the stack.
    ///
    /// # Panics
    /// Where it does not tell.
    #[must_use]
    pub fn status(&self) -> &str {
        element(&self.description, "StackStatus").expect("a stack has a status")
    }

    /// An output of the stack.
    ///
    /// # Panics
    /// Where there is none of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        let mut outputs = self.description.split("<member>");
        let output = outputs.find(|output| element(output, "OutputKey") == Some(name));
        output.and_then(|output| element(output, "OutputValue")).unwrap_or_else(|| panic!("no output {name}"))
    }
}

/// Tries `sam deploy` with parameters that the template refuses; what it printed. The functions are
/// no programs, as none is to be made.
///
/// # Panics
/// Where it deploys.
pub async fn refused(aws: &Aws, parameters: &[&str]) -> String {
    let put_none = |_: &str, to: &Path| fs::write(to, "none").expect("the directory can be written");
    let (is_deployed, printed) = deploy(aws, parameters, put_none).await;
    assert!(!is_deployed, "{parameters:?} was deployed: {printed}");
    printed
}

async fn deploy(aws: &Aws, parameters: &[&str], put: impl Fn(&str, &Path)) -> Deployment {
    for file in ["template.yaml", "samconfig.toml"] {
        fs::copy(root().join(file), aws.directory().join(file)).expect("the checkout has a template");
    }
    for function in template().functions {
        let directory = aws.directory().join("target").join("lambda").join(&function.name);
        fs::create_dir_all(&directory).expect("the directory can be written");
        put(&function.name, &directory.join("bootstrap"));
    }
    let arguments = [&["deploy", "--no-confirm-changeset", "--parameter-overrides"], parameters].concat();
    let (status, printed) = aws.sam(aws.directory(), &arguments).await;
    (status.success(), printed)
}

/// A function's binary without what a debugger needs, which is most of it.
fn put_function(name: &str, to: &Path) {
    // The stack has built it.
    let _ = stack();
    let stripped = Command::new("strip").arg("-o").arg(to).arg(binary(name)).stderr(Stdio::null()).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(binary(name), to).expect("the function has been built");
    }
}

/// What template.yaml says.
fn template() -> System {
    let parameters = ["AuthIssuer", "AuthAudience", "PaymentGateway"];
    let parameters = parameters.map(|name| (name.to_owned(), String::new())).into();
    let system = System::read(&root().join("template.yaml"), &parameters, "http://127.0.0.1:1");
    system.expect("template.yaml can be read")
}

/// All resources of the stack, page by page.
async fn resources(aws: &Aws) -> BTreeMap<String, Resource> {
    let mut resources = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let mut asked = vec![("StackName", STACK)];
        asked.extend(token.as_deref().map(|token| ("NextToken", token)));
        let page = aws.cloudformation("ListStackResources", &asked).await;
        for member in page.split("<member>").skip(1) {
            let of = |name| element(member, name).unwrap_or_default().to_owned();
            let resource = Resource {
                kind: of("ResourceType"),
                name: of("PhysicalResourceId"),
                status: of("ResourceStatus"),
            };
            resources.insert(of("LogicalResourceId"), resource);
        }
        token = element(&page, "NextToken").map(str::to_owned);
        if token.is_none() {
            return resources;
        }
    }
}

/// The text of the first element of a name.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = xml.split_once(&format!("<{name}>"))?;
    after.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// What API Gateway does: turns a request into an event and invokes the function that the
/// template's route leads to.
struct Gateway {
    http: reqwest::Client,
    lambda: String,
    /// Paths as the template has them, each with the name that its function has got.
    routes: Vec<(String, String)>,
}

impl Gateway {
    fn of(lambda: &str, resources: &BTreeMap<String, Resource>) -> Self {
        let mut routes = Vec::new();
        for function in template().functions {
            let name = resources.get(&function.id).map(|resource| &resource.name);
            let name = name.unwrap_or_else(|| panic!("{} has not been made", function.id));
            routes.extend(function.routes.into_iter().map(|route| (route, name.clone())));
        }
        Self { http: reqwest::Client::new(), lambda: lambda.to_owned(), routes }
    }

    async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(pass).with_state(Arc::new(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// The function of a path: the longest route that takes it.
    fn function(&self, path: &str) -> &str {
        let takes = |route: &str| match route.strip_suffix("{proxy+}") {
            Some(before) => path.starts_with(before),
            None => route == path || route == "$default",
        };
        let found = self.routes.iter().filter(|(route, _)| takes(route)).max_by_key(|(route, _)| route.len());
        &found.unwrap_or_else(|| panic!("no route takes {path}")).1
    }

    async fn invoke(&self, function: &str, event: &Value) -> Value {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.lambda);
        let answer = self.http.post(url).timeout(INVOCATION_LIMIT).json(event).send().await;
        answer.expect("Lambda answers").json().await.expect("Lambda answers with JSON")
    }
}

async fn pass(
    State(gateway): State<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers: Map<_, _> =
        headers.iter().map(|(name, value)| (name.to_string(), Value::String(text(value)))).collect();
    let body = (!body.is_empty()).then_some(body);
    let event = http_event(method.as_str(), &uri.to_string(), headers.into(), body);
    let answer = gateway.invoke(gateway.function(uri.path()), &event).await;
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    match status.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => (status, answer["body"].as_str().unwrap_or_default().to_owned()).into_response(),
        None => (StatusCode::BAD_GATEWAY, answer.to_string()).into_response(),
    }
}
