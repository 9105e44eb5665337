//! The shop before anybody acts: its people and its goods.

use super::requests::Ask;
use super::{People, Person, Shop};
use crate::functions::Functions;
use crate::services::Outages;
use crate::world::Chance;
use oms_workspace::report::Fault;
use oms_workspace::tokens::{Issuer, User};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// How long tokens live, in seconds.
const LIFETIME_S: i64 = 20 * 365 * 24 * 60 * 60;

impl People {
    /// Opens a shop with little stock, while nothing goes wrong yet.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(crate) async fn open(
        functions: Rc<Functions>,
        issuer: &'static Issuer,
        chance: Chance,
        outages: Outages,
        is_told: bool,
    ) -> Result<Self, Fault> {
        let person = |name: &str, group| person(issuer, name, group);
        let mut people = Self {
            functions,
            issuer,
            chance,
            outages,
            is_told,
            staff: person("staff", Some("staff"))?,
            admin: person("admin", Some("admin"))?,
            vendor: person("vendor", Some("vendor"))?,
            customers: Vec::new(),
            shop: Shop::default(),
            wrong: RefCell::default(),
            believed: RefCell::default(),
            answered: RefCell::default(),
        };
        let store = json!({ "name": "Mugs & More", "owner": people.vendor.id });
        people.shop.store = people.made(&people.staff, "/api/stores/", store).await?["id"].clone();
        for name in ["Mug", "Jug", "Teapot", "Saucer"] {
            let few = i64::try_from(3 + people.chance.below(8)).unwrap_or(3);
            people.offer(name, if name == "Saucer" { 100 } else { few }).await?;
        }
        for name in ["ada", "bob", "cyd"] {
            people.meet(name).await?;
        }
        Ok(people)
    }

    /// Puts something on the shelf.
    pub(super) async fn offer(&mut self, name: &str, stock: i64) -> Result<(), Fault> {
        let product = json!({
            "store": self.shop.store, "name": name, "base_price": "29.99", "status": "active",
            "variants": [{ "name": "Blue", "current_price": "29.99", "stock": stock }],
        });
        let product = self.made(&self.vendor, "/api/products/", product).await?;
        self.shop.goods.push((product["id"].clone(), product["variants"][0]["id"].clone(), stock));
        Ok(())
    }

    /// A new customer, with an address.
    pub(super) async fn meet(&mut self, name: &str) -> Result<(), Fault> {
        let customer = person(self.issuer, name, None)?;
        let address = json!({
            "full_name": "Ada Lovelace", "address_line1": "12 St James's Square",
            "city": "London", "postal_code": "SW1Y 4JH", "country": "GB",
        });
        let address = self.made(&customer, "/api/addresses/", address).await?;
        self.customers.push((customer, address["id"].clone()));
        Ok(())
    }

    pub(super) async fn made(&self, who: &Person, path: &str, body: Value) -> Result<Value, Fault> {
        let answer = self.ask(Ask::post(who, path, body)).await?;
        if answer.status == 201 { Ok(answer.body) } else { Err(format!("{path}: {answer:?}").into()) }
    }
}

fn person(issuer: &Issuer, name: &str, group: Option<&str>) -> Result<Person, Fault> {
    let user = User::new(name, group);
    Ok(Person { id: user.id().to_string(), token: issuer.token(&user, LIFETIME_S)? })
}
