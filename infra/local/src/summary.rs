//! What the stack says about itself when it is ready: to people, and to programs in `dev.env`.

use oms_workspace::console::{bold, say};
use oms_workspace::error::Result;
use oms_workspace::places::{Places, replace};
use oms_workspace::template::{SourceKind, System};
use oms_workspace::tokens::{Issuer, LIFETIME_S, User};

use crate::addresses::Addresses;
use crate::containers;

/// Writes `dev.env`: one `NAME=value` a line, the same names always.
pub fn write_dev_env(places: &Places, addresses: &Addresses, system: &System, issuer: &Issuer) -> Result<()> {
    let table = system.tables.first().map(|table| table.name.as_str()).unwrap_or_default();
    let topic = system.topics.first().map(|topic| topic.arn.as_str()).unwrap_or_default();
    let setting = |name: &str| {
        let mut environments = system.functions.iter().map(|function| &function.environment);
        environments.find_map(|variables| variables.get(name)).cloned().unwrap_or_default()
    };
    let mut lines = vec![
        ("API_URL".to_owned(), addresses.api.clone()),
        ("DYNAMODB_URL".to_owned(), addresses.dynamodb.clone()),
        ("TABLE_NAME".to_owned(), table.to_owned()),
        ("SNS_URL".to_owned(), addresses.messaging.clone()),
        ("SQS_URL".to_owned(), addresses.messaging.clone()),
        ("TOPIC_ARN".to_owned(), topic.to_owned()),
        ("QUEUE_URL".to_owned(), setting("QUEUE_URL")),
        ("SETTLEMENTS_QUEUE_URL".to_owned(), setting("SETTLEMENTS_QUEUE_URL")),
        ("FAILURE_QUEUE_URL".to_owned(), setting("FAILURE_QUEUE_URL")),
        ("LAMBDA_URL".to_owned(), addresses.lambda.clone()),
    ];
    for user in User::demo() {
        lines.push((format!("TOKEN_{}", user.name.to_uppercase()), issuer.token(&user, LIFETIME_S)?));
    }
    let text: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    replace(&places.dev_env(), text.as_bytes())
}

/// The commands that call the same functions without the API, on the same table.
fn other_callers(addresses: &Addresses, shared: &str, state: &str) -> String {
    let port = addresses.lambda.rsplit(':').next().unwrap_or_default();
    let sam = format!("--parameter-overrides {} --env-vars {state}/env.json", containers::parameters());
    format!(
        "Other ways to call the functions, on the same table (docs/local.md):\n\
         \x20 {shared}/venv/bin/cargo-lambda lambda invoke docs --invoke-address 127.0.0.1 --invoke-port {port} --data-file events/docs/health.json\n\
         \x20 sam local invoke Docs {sam} --event events/docs/health.json\n\
         \x20 sam local start-api {sam}\n"
    )
}

/// Tells the person at the terminal what runs, and how to begin.
pub fn show(places: &Places, addresses: &Addresses, system: &System, memory: bool) {
    let relative =
        |path: &std::path::Path| path.strip_prefix(&places.root).unwrap_or(path).display().to_string();
    let state = relative(&places.state);
    let storage = if memory { "kept until it stops".to_owned() } else { format!("{state}/dynamodb.db") };
    let api = &addresses.api;
    let mut text = format!(
        "\n{}  {api}\n{}  {api}/api/console/#!/today?as=vendor (as a vendor of the demo; or staff, admin)\n",
        bold("The API is ready:"),
        bold("The console:")
    );
    for function in system.functions.iter().filter(|function| !function.routes.is_empty()) {
        let paths: Vec<&str> = function
            .routes
            .iter()
            .filter(|route| !route.contains('{') && !route.contains("/v1"))
            .map(|route| if route == "$default" { "everything else" } else { route })
            .collect();
        text += &format!("  {:<24}{}\n", function.name, paths.join(", "));
    }
    text += "What works behind it:\n";
    for function in &system.functions {
        for source in &function.sources {
            let from = match &source.from {
                SourceKind::Stream(stream) => format!("the stream of {}", stream.table),
                SourceKind::Queue(arn) => {
                    format!("the queue {}", arn.rsplit(':').next().unwrap_or_default())
                }
            };
            text += &format!("  {:<24}reads {from}, {} records at most\n", function.name, source.batch_size);
        }
    }
    text += &format!("  {:<24}{} ({storage})\n", "DynamoDB", addresses.dynamodb);
    text += &format!("  {:<24}{} (mail: /_ministack/ses/messages)\n", "SNS, SQS, SES", addresses.messaging);
    text += &format!("  {:<24}{state}/functions.log, {state}/ministack.log\n", "logs");
    text += &other_callers(addresses, &relative(&places.shared), &state);
    text += &format!(
        "Addresses and tokens of customer, customer2, vendor, staff and admin are in {state}/dev.env; others: cargo dev token --user NAME\n\
         {}\n  set -a; . {state}/dev.env; set +a\n  curl -H \"Authorization: Bearer $TOKEN_CUSTOMER\" $API_URL/api/orders/my_orders/\n\
         Ctrl-C stops it all.",
        bold("Begin with:")
    );
    say(text);
}
