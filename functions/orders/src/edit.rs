//! What PUT and PATCH of an order have in common.

use crate::create::{MAX_EXTRA_BYTES, NOT_YOUR_ADDRESS};
use crate::{refunding, tagged};
use http::StatusCode;
use oms_core::app::App;
use oms_core::orders::VisibleOrder;
use oms_core::orders::line_body::{ItemBody, read_item};
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::OrderChange;
use oms_domain::order::MAX_LINES;
use oms_domain::place::{WantedLine, summed};
use oms_domain::{
    Actor, Address, AddressId, Caller, Currency, Decimal, OrderId, Outcome, PaymentMethod, ProductId,
    ShippingMethod, Status, StoreId,
};
use oms_http::etag::IfMatch;
use oms_http::validation::{Amount, BlankText, BoundedMap, Fields, Lines, Mode, Moment};
use oms_http::views::order::OrderView;
use oms_http::{JsonObject, Tagged};
use oms_table::catalog::OrderReferences;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// What may be changed of an order; what is left out stays as it is.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct PatchOrder {
    /// Where it goes from here, by the same rules as the actions.
    #[schema(value_type = Option<String>, example = "confirmed")]
    status: Option<Status>,
    /// Who sells it: an order stays in its store.
    store: Option<Uuid>,
    /// What is wanted instead of all its lines, 1 to 40; fixed once the order is no longer pending.
    /// A line that the order has already keeps the price it was sold at.
    #[schema(value_type = Option<Vec<ItemBody>>, min_items = 1, max_items = 40)]
    items: Option<Vec<WantedLine>>,
    /// The store's currency; another one is refused.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// What the customer will pay with, while the order is pending. A payment that there is keeps
    /// its own.
    #[schema(value_type = Option<String>, example = "credit_card")]
    payment_method: Option<PaymentMethod>,
    /// The client's own name for the customer, while the order is pending.
    #[schema(max_length = 100, example = "CUST123")]
    customer_id: Option<String>,
    /// The customer's language, while the order is pending.
    #[schema(max_length = 35, example = "en")]
    language: Option<String>,
    /// How it travels, until it does.
    #[schema(value_type = Option<String>, example = "express")]
    shipping_method: Option<ShippingMethod>,
    /// Where it goes, until it is shipped: an address of the order's user.
    shipping_address: Option<Uuid>,
    /// Where the bill goes, if elsewhere, until it is shipped: an address of the order's user.
    #[schema(value_type = Option<Uuid>)]
    billing_address: Option<Option<Uuid>>,
    /// The customer's notes.
    #[schema(max_length = 2_000, example = "Please deliver after 6 PM")]
    notes: Option<String>,
    /// For the courier.
    #[schema(max_length = 2_000)]
    special_instructions: Option<String>,
    /// What the client keeps with it.
    #[schema(value_type = Option<Object>)]
    extra_data: Option<Map<String, Value>>,
    /// For those who run the order: the carrier's number.
    #[schema(max_length = 100, example = "1Z999AA10123456784")]
    tracking_number: Option<String>,
    /// For those who run the order: when it should arrive.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-25T12:00:00Z")]
    estimated_delivery: Option<Option<jiff::Timestamp>>,
    /// For those who run the order: the payment's name elsewhere.
    #[schema(max_length = 100, example = "INV-2026-0042")]
    payment_reference: Option<String>,
    /// For those who run the order: what to take off, in the order's currency.
    #[schema(value_type = Option<String>, example = "5.00")]
    discount_amount: Option<Decimal>,
}

/// An edit with all that it needs of the catalogue.
pub(crate) struct Prepared {
    edit: Edit,
    status: Option<Status>,
    references: OrderReferences,
}

/// Changes an order as a body says, and sends the refunds that come of it. It is a 202 where the
/// order is to be paid back and its gateway has not answered yet.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    id: OrderId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<(StatusCode, Tagged<OrderView>)> {
    let prepare = |seen: VisibleOrder| async move {
        expected.check(seen.order.version)?;
        let wanted = PatchOrder::read(body.clone(), mode, seen.manages)?;
        let prepared = wanted.prepare(app, &seen).await?;
        Ok((seen, prepared))
    };
    let changed = app.orders(caller).change_with(id, prepare, |seen, prepared, by| prepared.apply(seen, by));
    let seen = changed.await?;
    // Only a status can have started a refund, and one of these alone.
    match body.0.get("status").and_then(Value::as_str).and_then(|status| status.parse().ok()) {
        Some(Status::Refunded) => Ok(refunding(&app.pay_back(caller, seen, Status::Refunded).await?)),
        Some(Status::Cancelled) => {
            let seen = app.pay_back(caller, seen, Status::Cancelled).await?;
            Ok((StatusCode::OK, tagged(&seen)))
        }
        Some(
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Shipped
            | Status::OutForDelivery
            | Status::Delivered,
        )
        | None => Ok((StatusCode::OK, tagged(&seen))),
    }
}

impl PatchOrder {
    /// Reads what the caller may write; the rest is not even looked at.
    fn read(body: JsonObject, mode: Mode, manages: bool) -> Outcome<Self> {
        let mut f = Fields::new(body.0, mode);
        let read = Self {
            status: f.optional("status"),
            store: f.required("store"),
            items: f.list("items", 1..=MAX_LINES, |f| read_item(f).into_new()),
            currency: f.optional("currency"),
            payment_method: f.required("payment_method"),
            customer_id: f.optional::<BlankText<100>>("customer_id").map(|text| text.0),
            language: f.optional::<BlankText<35>>("language").map(|text| text.0),
            shipping_method: f.optional("shipping_method"),
            shipping_address: f.required("shipping_address"),
            billing_address: f.nullable("billing_address"),
            notes: f.optional::<Lines<2000>>("notes").map(|text| text.0),
            special_instructions: f.optional::<Lines<2000>>("special_instructions").map(|text| text.0),
            extra_data: f.optional::<BoundedMap<MAX_EXTRA_BYTES>>("extra_data").map(|data| data.0),
            tracking_number: if_managing(manages, &mut f, |f| {
                Some(f.optional::<BlankText<100>>("tracking_number")?.0)
            }),
            estimated_delivery: if_managing(manages, &mut f, |f| {
                let moment = f.nullable::<Moment>("estimated_delivery")?;
                Some(moment.map(|moment| moment.0))
            }),
            payment_reference: if_managing(manages, &mut f, |f| {
                Some(f.optional::<BlankText<100>>("payment_reference")?.0)
            }),
            discount_amount: if_managing(manages, &mut f, |f| {
                Some(f.optional::<Amount>("discount_amount")?.0)
            }),
        };
        f.finish()?;
        Ok(read)
    }

    /// Reads what the edit needs of the catalogue, in one trip at most.
    async fn prepare(self, app: &App, seen: &VisibleOrder) -> Outcome<Prepared> {
        let order = &seen.order;
        let known = [Some(order.shipping_address.id), order.billing_address.as_ref().map(|known| known.id)];
        let named = [self.shipping_address, self.billing_address.flatten()];
        let addresses: Vec<_> =
            named.into_iter().flatten().map(AddressId).filter(|id| !known.contains(&Some(*id))).collect();
        let products: Vec<ProductId> = match &self.items {
            Some(items) if !order.items_are_fixed() => items.iter().map(|item| item.product).collect(),
            Some(_) | None => Vec::new(),
        };
        let reships = self.shipping_method.is_some_and(|method| method != order.shipping_method);
        let references = if reships || !products.is_empty() || !addresses.is_empty() {
            app.table().references(order.store.id, &products, &order.user.id, &addresses).await?
        } else {
            OrderReferences::default()
        };
        let status = self.status;
        Ok(Prepared { edit: self.into_edit(seen, &references)?, status, references })
    }

    fn into_edit(self, seen: &VisibleOrder, references: &OrderReferences) -> Outcome<Edit> {
        let order = &seen.order;
        let mut problems = Fields::new(Map::new(), Mode::Partial);
        let mut find = |field: &str, id: Uuid| {
            // An address that the order knows stays what it was when the order learned of it.
            let known = [Some(&order.shipping_address), order.billing_address.as_ref()];
            let known = known.into_iter().flatten().find(|address| address.id.0 == id);
            let found: Option<Address> = known.cloned().or_else(|| references.address(AddressId(id)));
            if found.is_none() {
                problems.error(field, NOT_YOUR_ADDRESS);
            }
            found
        };
        let shipping_address = self.shipping_address.and_then(|id| find("shipping_address", id));
        let billing_address = self.billing_address.map(|id| id.and_then(|id| find("billing_address", id)));
        problems.finish()?;
        Ok(Edit {
            store: self.store.map(StoreId),
            currency: self.currency,
            lines: self.items,
            shipping_method: self.shipping_method,
            discount_amount: self.discount_amount,
            payment_method: self.payment_method,
            customer_id: self.customer_id,
            language: self.language,
            shipping_address,
            billing_address,
            tracking_number: self.tracking_number,
            estimated_delivery: self.estimated_delivery,
            payment_reference: self.payment_reference,
            notes: self.notes,
            special_instructions: self.special_instructions,
            extra_data: self.extra_data,
        })
    }
}

/// Reads what only those who run the order may write; of others it is not even looked at.
pub(crate) fn if_managing<T>(
    manages: bool,
    fields: &mut Fields,
    read: impl FnOnce(&mut Fields) -> Option<T>,
) -> Option<T> {
    if manages { read(fields) } else { None }
}

impl Prepared {
    /// Edits first, so that an action finds the order as the request says: a tracking number is
    /// there when it is shipped.
    fn apply(self, seen: VisibleOrder, by: &Actor) -> Outcome<OrderChange> {
        let manages = seen.manages;
        let status = self.status.filter(|status| *status != seen.order.status);
        if let Some(action) = status.and_then(Status::action) {
            seen.may(action)?;
        }
        let prices = self.references.prices(&seen.order, manages);
        let catalogue = Catalogue { store: self.references.store.as_ref(), prices };
        let edited = seen.order.edit(self.edit, &catalogue, by)?;
        let Some(status) = status else { return Ok(edited) };
        let moved = edited.order.move_to(status, manages, by)?;
        Ok(OrderChange { order: moved.order, stock: summed(edited.stock.into_iter().chain(moved.stock)) })
    }
}
