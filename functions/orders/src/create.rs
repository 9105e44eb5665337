//! `POST /api/orders/`

use crate::edit::if_managing;
use crate::tagged;
use http::StatusCode;
use oms_core::app::App;
use oms_core::orders::VisibleOrder;
use oms_core::orders::line_body::{ItemBody, read_item};
use oms_core::races::retried;
use oms_domain::catalog::Store;
use oms_domain::order::MAX_LINES;
use oms_domain::place::{NewOrder, WantedLine, invalid_pk, place};
use oms_domain::{
    Address, AddressId, Caller, Currency, Decimal, Error, Outcome, PaymentMethod, ShippingMethod, StoreId,
    User, UserId,
};
use oms_http::Tagged;
use oms_http::query::MAX_USER_CHARS;
use oms_http::responses::Created;
use oms_http::validation::{Amount, BlankText, BoundedMap, Fields, Lines, Mode, Text};
use oms_http::views::order::OrderView;
use oms_http::{Authenticated, JsonObject, Reply};
use oms_runtime::{meter, metrics};
use oms_table::TableError;
use oms_table::catalog::OrderReferences;
use oms_table::lists::{OrderList, Wanted};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// In how many of another user's newest orders their name is looked for.
const LOOKED_AT: usize = 10;
/// The largest `extra_data` of an order, in bytes as they are stored.
pub(crate) const MAX_EXTRA_BYTES: usize = 16_384;
/// What is said of an address that is not the order's user's.
pub(crate) const NOT_YOUR_ADDRESS: &str = "Address does not belong to you.";

/// A new order.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct CreateOrder {
    /// Who sells it.
    store: Uuid,
    /// What to buy, 1 to 40 lines.
    #[schema(value_type = Vec<ItemBody>, min_items = 1, max_items = 40)]
    items: Vec<WantedLine>,
    /// What the customer will pay with.
    #[schema(value_type = String, example = "credit_card")]
    payment_method: PaymentMethod,
    /// Where it goes: an address of the order's user.
    shipping_address: Uuid,
    /// Where the bill goes, if elsewhere: an address of the order's user.
    billing_address: Option<Uuid>,
    /// How it travels; `standard` where it is left out.
    #[schema(value_type = Option<String>, example = "standard")]
    shipping_method: ShippingMethod,
    /// The client's own name for the customer.
    #[schema(value_type = Option<String>, max_length = 100, example = "CUST123")]
    customer_id: String,
    /// The customer's notes.
    #[schema(value_type = Option<String>, max_length = 2_000, example = "Please deliver after 6 PM")]
    notes: String,
    /// For the courier.
    #[schema(value_type = Option<String>, max_length = 2_000)]
    special_instructions: String,
    /// The store's currency; another one is refused.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// The customer's language, `en` where it is left out.
    #[schema(value_type = Option<String>, max_length = 35, example = "en")]
    language: String,
    /// What the client keeps with it.
    #[schema(value_type = Option<Object>)]
    extra_data: Map<String, Value>,
    /// For staff: what to take off, in the order's currency.
    #[schema(value_type = Option<String>, example = "5.00")]
    discount_amount: Decimal,
    /// For staff: whose order it is; the caller's where it is left out.
    #[schema(value_type = Option<String>, max_length = 255)]
    user: Option<UserId>,
}

impl CreateOrder {
    /// Reads what the caller may write; the rest is not even looked at.
    fn read(body: JsonObject, caller: &Caller) -> Outcome<Self> {
        let mut f = Fields::new(body.0, Mode::Create);
        // Whether a vendor runs the store is known later.
        let may_discount = caller.is_staff() || caller.is_vendor();
        let store = f.required::<Uuid>("store");
        let items = f.list("items", 1..=MAX_LINES, |f| read_item(f).into_new());
        let payment_method = f.required::<PaymentMethod>("payment_method");
        let shipping_address = f.required::<Uuid>("shipping_address");
        let billing_address = f.nullable::<Uuid>("billing_address").flatten();
        let shipping_method = f.optional::<ShippingMethod>("shipping_method");
        let customer_id = f.optional::<BlankText<100>>("customer_id").unwrap_or_default();
        let notes = f.optional::<Lines<2000>>("notes").unwrap_or_default();
        let special_instructions = f.optional::<Lines<2000>>("special_instructions").unwrap_or_default();
        let currency = f.optional::<Currency>("currency");
        let language = f.optional::<BlankText<35>>("language");
        let extra_data = f.optional::<BoundedMap<MAX_EXTRA_BYTES>>("extra_data").unwrap_or_default();
        let discount_amount = if_managing(may_discount, &mut f, |f| f.optional::<Amount>("discount_amount"));
        let user = if_managing(caller.is_staff(), &mut f, |f| f.optional::<Text<MAX_USER_CHARS>>("user"));
        f.finish()?;
        let read = || {
            Some(Self {
                store: store?,
                items: items?,
                payment_method: payment_method?,
                shipping_address: shipping_address?,
                billing_address,
                shipping_method: shipping_method.unwrap_or(ShippingMethod::Standard),
                customer_id: customer_id.0,
                notes: notes.0,
                special_instructions: special_instructions.0,
                currency,
                language: language.map_or_else(|| "en".to_owned(), |language| language.0),
                extra_data: extra_data.0,
                discount_amount: discount_amount.map_or(Decimal::ZERO, |discount| discount.0),
                user: user.map(|user| UserId(user.0)),
            })
        };
        read().ok_or_else(|| Error::internal("a required field was neither read nor refused"))
    }
}

/// Places an order: checks and takes the stock and writes the order, all or nothing.
#[utoipa::path(
    post, path = "/api/orders/", tag = "orders",
    request_body = CreateOrder,
    responses(
        Created<OrderView>,
        (status = 400, description = "A field is wrong, or the stock does not suffice"),
        (status = 409, description = "Too many wanted the same pieces at the same time"),
        (status = 429, description = "The customer has too many unpaid orders"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<OrderView>)> {
    let wanted = CreateOrder::read(body, &caller)?;
    let seen = retried(|| try_to_place(&app, &caller, &wanted)).await?;
    Ok((StatusCode::CREATED, tagged(&seen)))
}

async fn try_to_place(app: &App, caller: &Caller, wanted: &CreateOrder) -> Outcome<VisibleOrder> {
    let addresses = [Some(wanted.shipping_address), wanted.billing_address];
    let addresses: Vec<_> = addresses.into_iter().flatten().map(AddressId).collect();
    let products: Vec<_> = wanted.items.iter().map(|item| item.product).collect();
    let user = wanted.user.as_ref().filter(|_| caller.is_staff()).unwrap_or(&caller.user.id);
    let store = StoreId(wanted.store);
    // Whoever runs stores may place as many as it takes.
    let limit = Some(app.config().max_unpaid_orders).filter(|limit| *limit > 0 && !caller.is_staff());
    let references = async {
        match limit {
            Some(_) => app.table().references_and_unpaid(store, &products, user, &addresses).await,
            None => app.table().references(store, &products, user, &addresses).await,
        }
    };
    let read = async { futures::try_join!(references, buyer(app, caller, wanted)) };
    let (references, user) = meter::at_once(read).await?;
    let (store, shipping, billing) = resolve(wanted, &references)?;
    let pass = match limit {
        Some(limit) => Some(app.leave_to_place(&user.id, references.unpaid, limit).await?),
        None => None,
    };
    let by = app.acting(&caller.user.id);
    let manages = caller.is_staff() || (caller.is_vendor() && store.owner.as_ref() == Some(&by.id));
    let new = NewOrder {
        id: app.new_order_id(),
        order_number: app.next_order_number(by.at).await?,
        user,
        store,
        lines: wanted.items.clone(),
        customer_id: wanted.customer_id.clone(),
        payment_method: wanted.payment_method,
        shipping_address: shipping,
        billing_address: billing,
        shipping_method: wanted.shipping_method,
        currency: wanted.currency,
        discount_amount: if manages { wanted.discount_amount } else { Decimal::ZERO },
        notes: wanted.notes.clone(),
        special_instructions: wanted.special_instructions.clone(),
        language: wanted.language.clone(),
        extra_data: wanted.extra_data.clone(),
    };
    let placed = place(new, &references.products, manages, &by).map_err(Error::from);
    if let Err(error) = &placed {
        tracing::debug!(action = "place", refusal = error.code(), "refused");
    }
    let order = placed?;
    app.save_placed(&order, manages, pass.as_ref()).await?;
    tracing::info!(order = %order.id, number = order.order_number, "order created");
    if let Some(stack) = &app.config().stack_name {
        metrics::order_placed(stack, by.at, std::io::stdout());
    }
    Ok(VisibleOrder { order, manages })
}

/// Whose order it becomes. The token of whoever places it for another user tells only that user's
/// id; their name and mail are what an order says that they have placed themselves.
async fn buyer(app: &App, caller: &Caller, wanted: &CreateOrder) -> Result<User, TableError> {
    let another = wanted.user.as_ref().filter(|id| caller.is_staff() && **id != caller.user.id);
    let Some(id) = another else { return Ok(caller.user.clone()) };
    let list = [OrderList::OfUser(id.clone())];
    let placed = app.table().listed_orders(&list, &Wanted::default(), LOOKED_AT).await?;
    let mut users = placed.into_iter().map(|order| order.user);
    let known = users.find(|user| user.username != user.id.0 || !user.email.is_empty());
    Ok(known.unwrap_or_else(|| User {
        id: id.clone(),
        username: id.0.clone(),
        email: String::new(),
        first_name: String::new(),
        last_name: String::new(),
    }))
}

/// The store and the addresses that the order names; everything that is wrong with them at once.
fn resolve(wanted: &CreateOrder, references: &OrderReferences) -> Outcome<(Store, Address, Option<Address>)> {
    let mut problems = Fields::new(Map::new(), Mode::Partial);
    if references.store.is_none() {
        problems.error("store", invalid_pk(&wanted.store));
    }
    let mut find = |field: &str, id: Uuid| {
        let found = references.address(AddressId(id));
        if found.is_none() {
            problems.error(field, NOT_YOUR_ADDRESS);
        }
        found
    };
    let shipping = find("shipping_address", wanted.shipping_address);
    let billing = wanted.billing_address.map(|id| find("billing_address", id));
    problems.finish()?;
    match (references.store.clone(), shipping, billing) {
        (Some(store), Some(shipping), billing) => Ok((store, shipping, billing.flatten())),
        (None, _, _) | (_, None, _) => Err(Error::internal("a missing reference was not refused")),
    }
}
