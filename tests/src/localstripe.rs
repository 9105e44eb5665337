//! localstripe, a stand-in for Stripe's API that keeps state, behind a proxy that gives it the
//! idempotency keys that it lacks.

use crate::proxy::Proxy;
use crate::stack::{WEBHOOK_SECRET, root, stack};
use ring::hmac;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// The package, pinned.
const LOCALSTRIPE: &str = "localstripe==1.15.10";
/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// A key that it takes.
const KEY: &str = "sk_test_localstripe";

/// A running localstripe.
pub struct LocalStripe {
    /// What stands before it, and is where the functions think that Stripe is.
    pub proxy: Proxy,
    url: String,
    http: reqwest::Client,
    _child: Child,
}

impl LocalStripe {
    /// Installs it where it is not installed yet, and starts it empty on a free port.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start() -> Self {
        let python = install();
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        // It binds every interface it can, so it is told of one.
        let program = "import socket, sys; from aiohttp import web; from localstripe.server import app; \
                       web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None)";
        let mut command = Command::new(python);
        command.args(["-c", program, &port.to_string()]).current_dir(stack().directory());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn();
        let (url, http) = (format!("http://127.0.0.1:{port}"), reqwest::Client::new());
        let began = Instant::now();
        while http.get(format!("{url}/v1/refunds")).bearer_auth(KEY).send().await.is_err() {
            assert!(began.elapsed() < START_LIMIT, "localstripe did not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let proxy = Proxy::with_idempotency_keys(&url).await;
        Self { proxy, url, http, _child: child.expect("localstripe starts") }
    }

    /// What makes a function ask it.
    #[must_use]
    pub fn environment(&self) -> [(&str, &str); 4] {
        [
            ("PAYMENT_GATEWAY", "stripe"),
            ("STRIPE_SECRET_KEY", KEY),
            ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("STRIPE_API_URL", &self.proxy.url),
        ]
    }

    /// Has it tell the stack what happens.
    ///
    /// # Panics
    /// Where it does not take that.
    pub async fn tells_the_stack(&self) {
        let url = format!("{}/api/payments/webhook/", stack().setting("API_URL"));
        let hook = json!({ "url": url, "secret": WEBHOOK_SECRET });
        let answer = self.http.post(format!("{}/_config/webhooks/oms", self.url)).json(&hook).send().await;
        assert!(answer.expect("localstripe answers").status().is_success());
    }

    /// A payment method of a card of Stripe's test numbers.
    ///
    /// # Panics
    /// Where it makes none.
    pub async fn card(&self, number: &str) -> String {
        let form = [("type", "card"), ("card[number]", number), ("card[exp_month]", "12")];
        let form = form.into_iter().chain([("card[exp_year]", "2040"), ("card[cvc]", "123")]);
        let request = self.http.post(format!("{}/v1/payment_methods", self.url)).bearer_auth(KEY);
        let answer = request.form(&form.collect::<Vec<_>>()).send().await.expect("localstripe answers");
        let made: Value = answer.json().await.expect("a payment method");
        made["id"].as_str().expect("a payment method").to_owned()
    }

    /// Plays Stripe.js for a customer who does what their bank asks, or fails to.
    ///
    /// # Panics
    /// Where it does not take that.
    pub async fn authenticate(&self, intent: &Value, secret: &Value, success: bool) {
        let (intent, secret) = (intent.as_str().expect("an id"), secret.as_str().expect("a secret"));
        let form = [("client_secret", secret), ("success", if success { "true" } else { "false" })];
        let url = format!("{}/v1/payment_intents/{intent}/_authenticate", self.url);
        let answer = self.http.post(url).bearer_auth(KEY).form(&form).send().await;
        assert!(answer.expect("localstripe answers").status().is_success());
    }

    /// What it holds of a kind (`payment_intents`, `refunds`), whose metadata names an id.
    ///
    /// # Panics
    /// Where it does not answer.
    pub async fn of(&self, kind: &str, name: &str, id: &Value) -> Vec<Value> {
        let url = format!("{}/v1/{kind}?limit=100", self.url);
        let answer = self.http.get(url).bearer_auth(KEY).send().await.expect("localstripe answers");
        let list: Value = answer.json().await.expect("a list");
        let all = list["data"].as_array().cloned().expect("a list");
        all.into_iter().filter(|one| one["metadata"][name] == *id).collect()
    }
}

/// What Stripe puts into `Stripe-Signature` of an event that it signs with a secret at some time.
#[must_use]
pub fn signature(event: &str, at: i64, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{event}").as_bytes());
    let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={tag}")
}

/// The Python of a virtual environment of its own, under `.local/`.
fn install() -> std::path::PathBuf {
    let local = root().join(".local");
    let venv = local.join("localstripe");
    let (python, mark) = (venv.join("bin").join("python3"), venv.join("installed"));
    let lock = File::create(local.join("localstripe.lock")).expect("the checkout can be written");
    lock.lock().expect("another test run may be installing it");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == LOCALSTRIPE) {
        return python;
    }
    run("python3", &["-m", "venv", "--clear", venv.to_str().expect("a plain path")]);
    let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet", LOCALSTRIPE];
    run(&python, &pip);
    std::fs::write(mark, LOCALSTRIPE).expect("the checkout can be written");
    python
}

fn run(program: impl AsRef<Path>, arguments: &[&str]) {
    let status = std::process::Command::new(program.as_ref()).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{} {arguments:?}", program.as_ref().display());
}
