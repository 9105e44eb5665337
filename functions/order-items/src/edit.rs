//! What PUT and PATCH of an item have in common.

use crate::{not_found, of_item};
use oms_core::app::App;
use oms_core::orders::VisibleOrder;
use oms_core::orders::line_body::read_item;
use oms_domain::lines::LineEdit;
use oms_domain::{Caller, Decimal, Line, LineId, Order, Outcome};
use oms_http::JsonObject;
use oms_http::etag::IfMatch;
use oms_http::validation::{Fields, Mode};
use oms_table::catalog::OrderReferences;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// What may be changed of an item; what is left out stays as it is.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is read")]
pub(crate) struct PatchOrderItem {
    /// What to buy instead.
    product: Option<Uuid>,
    /// Which kind of it.
    variant: Option<Uuid>,
    /// How many, from 1.
    #[schema(minimum = 1, example = 3)]
    quantity: Option<u32>,
    /// What the client believes one to cost: the price it was sold at, or the catalogue's where it
    /// becomes something else. Those who run the store may set it.
    #[schema(value_type = Option<String>, example = "29.99")]
    unit_price: Option<Decimal>,
    /// The customer's wishes.
    #[schema(max_length = 2_000)]
    notes: Option<String>,
    /// What the client keeps with it.
    #[schema(value_type = Option<Object>)]
    extra_data: Option<Map<String, Value>>,
}

/// Changes an item as a body says; its order comes back.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    id: LineId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Order> {
    let prepare = |seen: VisibleOrder| async move {
        let line = seen.order.line(id).ok_or_else(not_found)?;
        expected.check(seen.order.version)?;
        let edit = read(body.clone(), mode, &seen.order)?;
        let references = references(app, &seen.order, line, &edit).await?;
        Ok((seen, (edit, references)))
    };
    let changed = app.orders(caller).change_with(id.order(), prepare, |seen, (edit, references), by| {
        let prices = references.prices(&seen.order, seen.manages);
        Ok(seen.order.edit_line(id, edit, prices, by)?)
    });
    Ok(changed.await.map_err(of_item)?.order)
}

fn read(body: JsonObject, mode: Mode, order: &Order) -> Outcome<LineEdit> {
    let mut fields = Fields::new(body.0, mode);
    let named = fields.required::<Uuid>("order");
    if named.is_some_and(|named| named != order.id.0) {
        fields.error("order", "An item cannot be moved to another order.");
    }
    let edit = read_item(&mut fields);
    fields.finish()?;
    Ok(edit)
}

/// What the catalogue holds of it, where it becomes something else, or more.
async fn references(app: &App, order: &Order, line: &Line, edit: &LineEdit) -> Outcome<OrderReferences> {
    let wanted = edit.clone().of(line);
    let variant = line.variant.as_ref().map(|variant| variant.id);
    let is_same = wanted.product == line.product.id && wanted.variant == variant;
    if is_same && wanted.quantity <= line.quantity {
        return Ok(OrderReferences::default());
    }
    Ok(app.table().references(order.store.id, &[wanted.product], &order.user.id, &[]).await?)
}
