//! What TLS takes of a start. The table of this machine is reached without it, and a function
//! trusts none but Amazon's own roots there; the keys that tokens are signed by it fetches with
//! the same client, and trusts whatever root `SSL_CERT_FILE` names. So a first request whose keys
//! come over HTTPS is compared with one whose keys come without, each in a new process.

use super::process::{Process, Taken};
use super::requests::Request;
use super::{answered, environment, ms, of_hundred};
use axum::Router;
use axum::routing::get;
use oms_harness::Harness;
use oms_workspace::report::{Fault, Report};
use oms_workspace::scratch::Scratch;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// How often a function is started with TLS, and without.
const STARTS: usize = 25;
/// How long `openssl` may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);
/// Makes a root and what it signs for this machine, of the kind that Amazon's are: RSA, 2,048 bits.
const CERTIFICATES: [&str; 2] = [
    "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bench -keyout root.key -out root.pem",
    "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -CA root.pem -CAkey root.key \
     -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
     -keyout own.key -out own.pem",
];

/// Measures it.
///
/// # Errors
/// Where `openssl` is not there, or a function does not answer.
pub(super) async fn run(harness: &Harness, request: &Request, functions: &Path) -> Result<Report, Fault> {
    let plain = environment(harness, request.function)?;
    let keys = plain.get("AUTH_JWKS").ok_or("the keys are not in the environment")?.clone();
    let folder = Scratch::new()?;
    for arguments in CERTIFICATES {
        openssl(folder.path(), arguments).status().await?;
    }
    std::fs::write(folder.path().join("keys"), &keys)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let without = format!("http://{}/keys", listener.local_addr()?);
    let router = Router::new().route("/keys", get(move || std::future::ready(keys.clone())));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (_server, port) = serve(folder.path()).await?;
    let with = format!("https://localhost:{port}/keys");
    let root = folder.path().join("root.pem").display().to_string();
    let program = functions.join(request.function).display().to_string();
    let mut firsts: [Vec<Taken>; 2] = [Vec::new(), Vec::new()];
    for number in 0..STARTS {
        for (url, firsts) in [&without, &with].into_iter().zip(&mut firsts) {
            let environment = reading(&plain, url, &root);
            let (mut process, _) = Process::start(&[&program], &environment).await?;
            firsts.push(answered(request, &mut process, &request.event(number)).await?);
        }
    }
    let [without, with] = firsts.map(|firsts| of_hundred(&firsts, 50));
    let more = |with: Duration, without: Duration| ms(with.saturating_sub(without)).round_dp(2);
    let text = format!(
        "first request, its keys fetched without TLS: {} ms of the processor, {} ms in all\n\
         with TLS: {} ms of the processor, {} ms in all\n\
         TLS: {} ms of the processor, {} ms in all",
        ms(without.cpu).round_dp(2),
        ms(without.wall).round_dp(2),
        ms(with.cpu).round_dp(2),
        ms(with.wall).round_dp(2),
        more(with.cpu, without.cpu),
        more(with.wall, without.wall),
    );
    Ok(Report::new(text, true))
}

/// The environment of a function that fetches the keys there, and trusts this root.
fn reading(plain: &BTreeMap<String, String>, url: &str, root: &str) -> BTreeMap<String, String> {
    let mut environment = plain.clone();
    environment.remove("AUTH_JWKS");
    environment.insert("AUTH_JWKS_URL".to_owned(), url.to_owned());
    environment.insert("SSL_CERT_FILE".to_owned(), root.to_owned());
    environment
}

fn openssl(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments.split_whitespace()).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Serves the folder's files, and says on which port.
async fn serve(folder: &Path) -> Result<(Child, u16), Fault> {
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let arguments = format!("s_server -accept 127.0.0.1:{port} -key own.key -cert own.pem -WWW -quiet");
    let server = openssl(folder, &arguments).spawn()?;
    let listens = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, listens).await?;
    Ok((server, port))
}
