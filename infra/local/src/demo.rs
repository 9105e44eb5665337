//! Demo data, made through the HTTP API like any client's: three stores, thirty products, a dozen
//! customers with an address each, and two hundred orders in every status, by every method, paid
//! and not.
//!
//! What is made is the same every time, but for ids and times.

mod catalogue;
mod client;
mod orders;

use std::path::PathBuf;

use futures::{StreamExt, TryStreamExt, stream};
use oms_workspace::console::{Step, say};
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::places::{Places, replace};
use oms_workspace::tokens::{Issuer, User};
use serde_json::json;

use crate::functions;
use client::Client;

/// How many orders there are.
const ORDERS: usize = 200;
/// How many requests are under way at once.
const CONCURRENCY: usize = 4;

/// A customer, with the address that their orders go to.
struct Customer {
    client: Client,
    address: String,
}

/// Makes the demo data unless it has been made for this table. `table` tells one table from the
/// next; `None` is one that nothing remembers.
///
/// That it could not be made is said, and does not keep the stack from running.
pub async fn make_once(places: &Places, api: &str, issuer: &Issuer, table: Option<&str>) -> Result<()> {
    let marker = table.map(|table| Marker { file: places.state.join("demo"), table: table.to_owned() });
    match marker.as_ref().and_then(Marker::read) {
        Some(State::Finished) => return Ok(()),
        Some(State::Begun) => {
            say(format!(
                "! the demo data was interrupted at an earlier start and is incomplete: for all of it, stop, \
                 remove {}/dynamodb.db*, and start again",
                places.state.display()
            ));
            return Ok(());
        }
        None => {}
    }
    let step = Step::begin("making the demo data");
    write(marker.as_ref(), State::Begun)?;
    functions::expect_warnings(true);
    let made = make(api, issuer).await;
    functions::expect_warnings(false);
    match made {
        Ok(()) => {
            write(marker.as_ref(), State::Finished)?;
            step.done("3 stores, 30 products, 12 customers, 200 orders");
        }
        Err(error) => say(format!("! the demo data is incomplete: {error}")),
    }
    Ok(())
}

async fn make(api: &str, issuer: &Issuer) -> Result<()> {
    let http = reqwest::Client::new();
    let client = |user: &User| Client::of(&http, api, issuer, user);
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

    let mut made = 0;
    let mut orders = stream::iter(0..ORDERS)
        .map(|number| orders::make(number, &shelves, &customers, &staff))
        .buffer_unordered(CONCURRENCY);
    while let Some(order) = orders.next().await {
        order?;
        made += 1;
        if made % 50 == 0 && made < ORDERS {
            say(format!("  {made} of {ORDERS} orders"));
        }
    }
    Ok(())
}

/// How far the demo data of a table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Begun,
    Finished,
}

/// Remembers the demo data of one table.
struct Marker {
    file: PathBuf,
    table: String,
}

impl Marker {
    fn read(&self) -> Option<State> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        let kept: serde_json::Value = serde_json::from_str(&text).ok()?;
        let state = if kept["finished"] == true { State::Finished } else { State::Begun };
        (kept["table"] == self.table.as_str()).then_some(state)
    }
}

fn write(marker: Option<&Marker>, state: State) -> Result<()> {
    let Some(marker) = marker else { return Ok(()) };
    let content = json!({ "table": marker.table, "finished": state == State::Finished });
    replace(&marker.file, content.to_string().as_bytes()).doing("remembering the demo data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_data_is_remembered_for_its_table_only() {
        let file = std::env::temp_dir().join(format!("oms-demo-{}", std::process::id()));
        let marker = Marker { file: file.clone(), table: "one".to_owned() };
        assert_eq!(marker.read(), None);
        write(Some(&marker), State::Begun).unwrap();
        assert_eq!(marker.read(), Some(State::Begun));
        write(Some(&marker), State::Finished).unwrap();
        let other = Marker { file: file.clone(), table: "two".to_owned() };
        let read = (marker.read(), other.read());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(read, (Some(State::Finished), None));
    }
}
