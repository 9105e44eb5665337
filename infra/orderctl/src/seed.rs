//! Demo data, made through the HTTP API like any client's: three stores, thirty products, a dozen
//! customers with an address each, and two hundred orders in every status, by every method, paid
//! and not.
//!
//! What is made is the same every time, but for ids and times.

mod catalogue;
mod client;
mod orders;

use crate::environment::Environment;
use crate::progress::Progress;
use clap::Args;
use client::Client;
use futures::{StreamExt, TryStreamExt, stream};
use oms_runtime::logging::chain;
use oms_runtime::sdk::https;
use oms_workspace::error::{Error, Result};
use oms_workspace::places::Places;
use oms_workspace::report::{Fault, Report};
use oms_workspace::tokens::{Issuer, LIFETIME_S, User};
use serde_json::Value;

/// What is made, for people.
pub const MADE: &str = "3 stores, 30 products, 12 customers, 200 orders";
/// How many orders there are.
const ORDERS: usize = 200;
/// How many requests are under way at once.
const CONCURRENCY: usize = 4;

/// A token for a user of the demo.
pub type TokenOf<'a> = &'a dyn Fn(&User) -> Result<String>;

/// Where the demo data is made.
#[derive(Args, Clone, Debug)]
pub struct Seed {
    /// The API's address; API_URL of the environment unless given, or with --local that of the
    /// running `cargo dev`
    #[arg(value_name = "API_URL")]
    url: Option<String>,
    /// A token of staff, for all that is made; TOKEN_ADMIN of the environment unless given. With
    /// --local each user has one of their own
    #[arg(long)]
    token: Option<String>,
}

impl Seed {
    /// Does what was asked, at a deployment.
    ///
    /// # Errors
    /// It is not known where the API is, or whose token to show; the gateway takes real money; a
    /// request is refused.
    pub async fn run(self, environment: &Environment) -> std::result::Result<Report, Fault> {
        let api = environment.api_url(self.url)?;
        refuse_real_money(&api).await?;
        if environment.local && self.token.is_none() {
            let issuer = Issuer::open(&Places::make(None)?.shared)?;
            make(&api, &|user: &User| issuer.token(user, LIFETIME_S)).await?;
        } else {
            let token = environment.admin_token(self.token)?;
            make(&api, &|_: &User| Ok(token.clone())).await?;
        }
        Ok(Report::new(format!("made: {MADE}"), true).with("orders", ORDERS))
    }
}

/// A customer, with the address that their orders go to.
struct Customer {
    client: Client,
    address: String,
}

/// Makes the demo data; what was made stays where a request fails.
///
/// # Errors
/// A request that was refused, with what was answered.
pub async fn make(api: &str, token_of: TokenOf<'_>) -> Result<()> {
    let client = |user: &User| Client::with_token(api, &token_of(user)?);
    let staff = client(&User::new("staff", Some("staff")))?;

    let shelves = catalogue::make(&staff).await?;
    let customers: Vec<Customer> = stream::iter(catalogue::CUSTOMERS.iter().enumerate())
        .map(|(number, person)| {
            let client = client(&User::new(person.user, None));
            async move {
                let client = client?;
                let address = client.post("/api/addresses/", &catalogue::address(number, person)).await?;
                Ok::<_, Error>(Customer { client, address: client::id(&address)? })
            }
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;

    let progress = Progress::begin("orders made", ORDERS as u64);
    let mut made = 0;
    let mut orders = stream::iter(0..ORDERS)
        .map(|number| orders::make(number, &shelves, &customers, &staff))
        .buffer_unordered(CONCURRENCY);
    while let Some(order) = orders.next().await {
        order?;
        made += 1;
        progress.tell(made);
    }
    Ok(())
}

/// The demo pays with the tokens of the simulated gateway.
async fn refuse_real_money(api: &str) -> std::result::Result<(), Fault> {
    let health = https::get(&format!("{api}/api/health/")).await;
    let health = health.map_err(|error| format!("{api} does not answer: {}", chain(&error)))?;
    let health: Value =
        serde_json::from_slice(&health).map_err(|_| format!("what answers at {api} is not this API"))?;
    match health["gateway"].as_str() {
        Some("simulated") => Ok(()),
        gateway => {
            Err(format!("the gateway is {gateway:?}: the demo pays with the simulated one only").into())
        }
    }
}
