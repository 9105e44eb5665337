//! `POST /api/order-items/`

use crate::tagged;
use http::StatusCode;
use oms_core::app::App;
use oms_core::orders::VisibleOrder;
use oms_core::orders::line_body::read_item;
use oms_domain::place::{WantedLine, invalid_pk};
use oms_domain::{Decimal, Error, Order, OrderId, Outcome};
use oms_http::Tagged;
use oms_http::responses::Created;
use oms_http::validation::{Fields, Mode};
use oms_http::views::item::ItemView;
use oms_http::{Authenticated, JsonObject, Reply};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A new item.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is read")]
pub(crate) struct CreateOrderItem {
    /// The order that it is added to.
    order: Uuid,
    /// What to buy.
    product: Uuid,
    /// Which kind of it.
    variant: Option<Uuid>,
    /// How many, from 1.
    #[schema(minimum = 1, example = 2)]
    quantity: u32,
    /// What the client believes one to cost: another price than the catalogue's is refused. Those
    /// who run the store may set it.
    #[schema(value_type = Option<String>, example = "29.99")]
    unit_price: Option<Decimal>,
    /// The customer's wishes.
    #[schema(value_type = Option<String>, max_length = 2_000)]
    notes: String,
    /// What the client keeps with it.
    #[schema(value_type = Option<Object>)]
    extra_data: Map<String, Value>,
}

fn read(body: JsonObject) -> Outcome<(OrderId, WantedLine)> {
    let mut fields = Fields::new(body.0, Mode::Create);
    let order = fields.required::<Uuid>("order");
    let wanted = read_item(&mut fields).into_new();
    fields.finish()?;
    let read = order.map(OrderId).zip(wanted);
    read.ok_or_else(|| Error::internal("a required field was neither read nor refused"))
}

/// Adds an item to a pending order: takes its stock, reprices the order, and a pending payment's
/// amount follows, all or nothing.
#[utoipa::path(
    post, path = "/api/order-items/", tag = "order items",
    request_body = CreateOrderItem,
    responses(
        Created<ItemView>,
        (status = 400, description = "A field is wrong, the order's items are fixed, or the stock does not suffice"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<ItemView>)> {
    let (id, wanted) = &read(body)?;
    let table = app.table();
    let prepare = |seen: VisibleOrder| async move {
        let Order { store, user, .. } = &seen.order;
        let references = table.references(store.id, &[wanted.product], &user.id, &[]).await?;
        Ok((seen, references))
    };
    let added = app.orders(&caller).change_with(*id, prepare, |seen, references, by| {
        let prices = references.prices(&seen.order, seen.manages);
        let (moved, _) = seen.order.add_line(wanted, prices, by)?;
        Ok(moved)
    });
    let unknown = || Error::field("order", invalid_pk(id));
    let order = added.await.map_err(|error| error.not_found_as(unknown))?;
    // The newest line has the highest number, and lines stand by number.
    let line = order.order.lines.last().map(|line| line.id);
    let line = line.ok_or_else(|| Error::internal("the item was not added"))?;
    Ok((StatusCode::CREATED, tagged(&order.order, line)?))
}
