//! The orders of an export: as many as a page takes, each with its whole history, or with as much
//! of it as fits.

use super::place::{OrderPlace, Place};
use super::view::{ExportedOrder, PersonalExport};
use oms_core::app::App;
use oms_domain::{Order, OrderId, Outcome, UserId};
use oms_http::pages::sent_bytes;
use oms_http::views::history::ChangeView;
use serde::Serialize;
use std::collections::BTreeMap;

/// How large the orders of a page may be, in bytes as they are sent: within the 6 MB that Lambda
/// takes, with room for one change of an order, which is less than 1 MB.
const MAX_BYTES: usize = 4_000_000;

/// What a page has room for.
struct Room {
    orders: usize,
    bytes: usize,
}

/// Adds orders to a page, from a place on; where to go on.
pub(super) async fn read(
    app: &App,
    person: &UserId,
    from: OrderPlace,
    size: usize,
    page: &mut PersonalExport,
) -> Outcome<Option<Place>> {
    let mut room = Room { orders: size, bytes: MAX_BYTES };
    if let Some(id) = from.partly_shown()
        && let Some(order) = app.table().order_or_tombstone(id).await?
        && let Some(version) = add(app, order, from.version, &mut room, page).await?
    {
        return Ok(Some(Place::Orders(OrderPlace { version, ..from })));
    }
    for is_deleted in [false, true].into_iter().skip(usize::from(from.is_deleted)) {
        let last = if is_deleted == from.is_deleted { from.last.clone() } else { String::new() };
        let next = read_list(app, person, OrderPlace { is_deleted, last, version: 0 }, &mut room, page);
        if let Some(next) = next.await? {
            return Ok(Some(Place::Orders(next)));
        }
    }
    Ok(None)
}

/// Adds orders of one list; where to go on in it.
async fn read_list(
    app: &App,
    person: &UserId,
    from: OrderPlace,
    room: &mut Room,
    page: &mut PersonalExport,
) -> Outcome<Option<OrderPlace>> {
    let is_deleted = from.is_deleted;
    if room.orders == 0 {
        return Ok(Some(from));
    }
    let wanted = room.orders;
    let listed = app.table().listed_of_person(person, is_deleted, &from.last, wanted).await?;
    let orders = app.table().orders_and_tombstones(listed.iter().map(|(_, id)| *id)).await?;
    let mut orders: BTreeMap<OrderId, Order> = orders.into_iter().map(|order| (order.id, order)).collect();
    let mut at = from;
    for (place, id) in &listed {
        let Some(order) = orders.remove(id) else { continue };
        let shown = page.orders.len();
        let rest = add(app, order, 0, room, page).await?;
        if page.orders.len() == shown {
            return Ok(Some(at));
        }
        at = OrderPlace { is_deleted, last: place.clone(), version: rest.unwrap_or(0) };
        if rest.is_some() {
            return Ok(Some(at));
        }
    }
    Ok((listed.len() >= wanted).then_some(at))
}

/// Adds an order with its history behind a version, unless there is no room for it on a page that
/// has others. Where only a part of the history fits, it comes back up to which version.
async fn add(
    app: &App,
    mut order: Order,
    since: u64,
    room: &mut Room,
    page: &mut PersonalExport,
) -> Outcome<Option<u64>> {
    app.table().recall(&mut order, 0).await?;
    let mut exported = ExportedOrder::new(&order);
    let needs = bytes_of(&exported);
    if needs > room.bytes && !page.orders.is_empty() {
        return Ok(None);
    }
    room.bytes = room.bytes.saturating_sub(needs);
    let mut rest = None;
    for change in order.history().iter().filter(|change| change.version > since) {
        let view = ChangeView::from(change);
        let needs = bytes_of(&view);
        if needs > room.bytes && !exported.history.is_empty() {
            rest = exported.history.last().map(|last| last.version);
            break;
        }
        room.bytes = room.bytes.saturating_sub(needs);
        exported.history.push(view);
    }
    room.orders = room.orders.saturating_sub(1);
    page.orders.push(exported);
    Ok(rest)
}

fn bytes_of(view: &impl Serialize) -> usize {
    serde_json::to_vec(view).map_or(0, |json| sent_bytes(&json))
}
