//! Follows `next` from the first page of a list to its last, while a crew places and changes orders
//! through the API and its consumer: each order that was there is shown exactly once.
//!
//! What is promised: an order is where its list's order puts it, and a page begins where the one
//! before it ended. So an order whose place does not change is shown once, whatever happens around
//! it. One that is given another total meanwhile may be passed on its way in a list by total, in
//! either direction; one that is moved on may have left a list of a status before its page comes.
//! Those are excused, in the lists where it matters, and counted.

use crate::harness::Harness;
use crate::order_generator::OrderGenerator;
use crate::shop::Shop;
use http::Method;
use oms_domain::{Order, OrderId, PaymentMethod, PaymentStatus, Status};
use oms_workspace::report::{Fault, Report};
use oms_workspace::rng::SeededRng;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The most pages that are followed.
const MAX_PAGES: u64 = 20_000;
/// How many orders that went wrong are named.
const NAMED: usize = 5;
/// How many orders are looked at for one that can be changed.
const TRIES: u32 = 10;

/// A list to page through, and which orders it shows.
struct Browse<'a> {
    name: &'static str,
    /// Whether it is of the orders' lines.
    is_of_lines: bool,
    query: String,
    shows: &'a dyn Fn(&Order) -> bool,
    excuses: Excuses,
}

/// Whose place in a list may change while it is read.
#[derive(Clone, Copy)]
enum Excuses {
    Nobody,
    /// Orders that were moved on.
    OrderChange,
    /// Orders that were given another total.
    Repriced,
}

/// What the crew has done.
#[derive(Default)]
struct Done {
    placed: u64,
    moved: BTreeSet<Uuid>,
    repriced: BTreeSet<Uuid>,
}

impl Done {
    fn excused(&self, excuses: Excuses) -> BTreeSet<Uuid> {
        match excuses {
            Excuses::Nobody => BTreeSet::new(),
            Excuses::OrderChange => self.moved.clone(),
            Excuses::Repriced => self.repriced.clone(),
        }
    }
}

/// Pages through lists of the `size` orders of some generator that a harness holds, `page_size` a
/// page.
///
/// # Errors
/// Where a request is refused.
pub async fn prove(
    harness: &Harness,
    generator: &OrderGenerator,
    size: u64,
    page_size: u64,
) -> Result<Report, Fault> {
    let shop = Shop::open(harness).await?;
    let store = generator.stores.first().ok_or("no stores")?.id;
    let all = |name, is_of_lines, query: &str| Browse {
        name,
        is_of_lines,
        query: query.into(),
        shows: &|_| true,
        excuses: Excuses::Nobody,
    };
    let browses = [
        all("all", false, ""),
        all("all lines", true, ""),
        all("all, oldest first", false, "&ordering=created_at"),
        Browse {
            name: "by payment method",
            is_of_lines: false,
            query: "&payment_method=cryptocurrency".into(),
            shows: &|order| order.payment_method == PaymentMethod::Cryptocurrency,
            excuses: Excuses::Nobody,
        },
        Browse {
            name: "by status",
            is_of_lines: false,
            query: "&status=shipped".into(),
            shows: &|order| order.status == Status::Shipped,
            excuses: Excuses::OrderChange,
        },
        Browse {
            name: "of a store, by total",
            is_of_lines: false,
            query: format!("&store={store}&ordering=-total_amount"),
            shows: &move |order| order.store.id == store,
            excuses: Excuses::Repriced,
        },
    ];
    let expected = expected(&browses, generator, size)?;
    let mut crew = Crew { harness, generator, size, shop, rng: SeededRng::new(size), done: Done::default() };
    let mut report = Report::new("", true);
    for (browse, expected) in browses.iter().zip(&expected) {
        let list = if browse.is_of_lines { "order-items" } else { "orders" };
        let path = format!("/api/{list}/?page_size={page_size}{}", browse.query);
        let before = crew.done.placed;
        let seen = read(&mut crew, path).await?;
        let done = &crew.done;
        let line = judge(expected, &seen, &done.excused(browse.excuses));
        report.is_well &= line.is_well;
        report.text.push_str(&format!(
            "{:24} {}, {} placed and {} changed so far\n",
            browse.name,
            line.text,
            done.placed - before,
            done.moved.len() + done.repriced.len()
        ));
    }
    Ok(report)
}

/// What each of the lists should show.
fn expected(
    browses: &[Browse<'_>],
    generator: &OrderGenerator,
    size: u64,
) -> Result<Vec<BTreeSet<Uuid>>, Fault> {
    let mut expected: Vec<BTreeSet<Uuid>> = vec![BTreeSet::new(); browses.len()];
    for number in 0..size {
        let order = generator.order(number)?;
        for (browse, expected) in browses.iter().zip(&mut expected) {
            if browse.is_of_lines {
                expected.extend(order.lines.iter().map(|line| line.id.0));
            } else if (browse.shows)(&order) {
                expected.insert(order.id.0);
            }
        }
    }
    Ok(expected)
}

/// What is wrong with what was seen.
fn judge(expected: &BTreeSet<Uuid>, seen: &[Uuid], excused: &BTreeSet<Uuid>) -> Report {
    let mut times: BTreeMap<Uuid, u64> = BTreeMap::new();
    for id in seen {
        *times.entry(*id).or_default() += 1;
    }
    let missing = expected.iter().filter(|id| !excused.contains(id) && !times.contains_key(id));
    let twice = times.iter().filter(|(id, times)| **times > 1 && !excused.contains(id)).map(|(id, _)| id);
    let named = |wrong: &[String]| wrong.iter().take(NAMED).cloned().collect::<Vec<_>>().join(" ");
    let missing: Vec<String> = missing.map(Uuid::to_string).collect();
    let twice: Vec<String> = twice.map(Uuid::to_string).collect();
    let excused = expected.iter().filter(|id| excused.contains(id)).count();
    let text = format!(
        "{:>6} of {:>6} seen once, {} missing {} twice {} excused {excused}",
        expected.len() - missing.len() - excused,
        expected.len(),
        missing.len(),
        named(&missing),
        [twice.len().to_string(), named(&twice)].join(" "),
    );
    Report::new(text, missing.is_empty() && twice.is_empty())
}

/// Follows `next` to the end, while the crew does something beside each page; what was shown, in
/// turn.
async fn read(crew: &mut Crew<'_>, path: String) -> Result<Vec<Uuid>, Fault> {
    let harness = crew.harness;
    let token = crew.shop.staff.clone();
    let mut seen = Vec::new();
    let mut path = Some(path);
    for _ in 0..MAX_PAGES {
        let Some(at) = path else { return Ok(seen) };
        let (answer, ()) = futures::try_join!(harness.get(&token, &at), crew.work())?;
        if answer.status != 200 {
            return Err(format!("{at}: {} {}", answer.status, answer.body).into());
        }
        for shown in answer.body["results"].as_array().into_iter().flatten() {
            seen.push(shown["id"].as_str().ok_or("an entry without an id")?.parse()?);
        }
        path =
            answer.body["next"].as_str().and_then(|next| Some(next.get(next.find("/api/")?..)?.to_owned()));
    }
    Err("the pages do not end".into())
}

/// Who places and changes orders, through the API and its consumer.
struct Crew<'a> {
    harness: &'a Harness,
    generator: &'a OrderGenerator,
    size: u64,
    shop: Shop,
    rng: SeededRng,
    done: Done,
}

impl Crew<'_> {
    /// Places an order, or moves one on or changes its price.
    async fn work(&mut self) -> Result<(), Fault> {
        if self.rng.below(4) == 0 {
            let placed = self.shop.order(self.harness).await?;
            self.harness.follow(placed.id()?.parse()?).await?;
            self.done.placed += 1;
            return Ok(());
        }
        for _ in 0..TRIES {
            let id = self.generator.order(self.rng.below(self.size))?.id;
            let order = self.harness.app.table().order(id).await?.ok_or("an order is gone")?;
            if let Some((action, body)) = self.next_of(&order) {
                return self.change(id, action, body).await;
            }
        }
        Ok(())
    }

    /// What may be done to an order.
    fn next_of(&mut self, order: &Order) -> Option<(&'static str, Option<Value>)> {
        match order.status {
            Status::Pending if order.payment_status == PaymentStatus::Pending && self.rng.below(2) == 0 => {
                Some(("", Some(json!({ "discount_amount": format!("{}.00", 1 + self.rng.below(9)) }))))
            }
            Status::Pending => Some(("confirm_order/", None)),
            Status::Confirmed => Some(("process_order/", None)),
            Status::Processing => {
                Some(("ship_order/", Some(json!({ "tracking_number": "1Z0000000000000001" }))))
            }
            Status::Shipped => Some(("out_for_delivery_order/", None)),
            Status::OutForDelivery => Some(("deliver_order/", None)),
            Status::Delivered | Status::Cancelled | Status::Refunded => None,
        }
    }

    async fn change(&mut self, id: OrderId, action: &str, body: Option<Value>) -> Result<(), Fault> {
        let path = format!("/api/orders/{id}/{action}");
        let changed = self.harness.send(Method::PATCH, &self.shop.staff, &path, body).await?;
        if changed.status != 200 {
            return Err(format!("{path}: {} {}", changed.status, changed.body).into());
        }
        self.harness.follow(id).await?;
        let done = if action.is_empty() { &mut self.done.repriced } else { &mut self.done.moved };
        done.insert(id.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_is_left_out_or_shown_twice_is_named() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        let expected = BTreeSet::from([a, b]);
        let judged = |seen: &[Uuid], excused: &[Uuid]| {
            judge(&expected, seen, &excused.iter().copied().collect()).is_well
        };
        assert!(judged(&[a, b], &[]) && judged(&[c, b, a], &[]));
        assert!(!judged(&[a], &[]) && !judged(&[a, b, a], &[]) && !judged(&[a, b, c, c], &[]));
        assert!(judged(&[a], &[b]) && judged(&[a, b, a], &[a]));
    }
}
