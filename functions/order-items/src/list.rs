//! `GET /api/order-items/`

use axum::Json;
use oms_core::app::App;
use oms_core::lists::lines::ItemQuery;
use oms_domain::{Error, OrderId, ProductId, VariantId};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::views::item::ItemView;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};

/// The items of the orders that the caller may see, of the newest orders first.
#[utoipa::path(
    get, path = "/api/order-items/", tag = "order items",
    params(
        ("order" = Option<uuid::Uuid>, Query, description = "Only this order's items"),
        ("product" = Option<uuid::Uuid>, Query, description = "Only those of this product"),
        ("variant" = Option<uuid::Uuid>, Query, description = "Only those of this variant"),
        ("search" = Option<String>, Query, description = "In `product_name`, `variant_name` and `order_number`"),
        ("ordering" = Option<String>, Query, description = "`created_at`, `quantity`, `unit_price`, `total_price`; `-` for descending"),
    ),
    responses(
        Listed<Page<ItemView>>,
        (status = 400, description = "A filter makes no sense, or has too many items to look through or to sort"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<ItemView>>> {
    let (product, variant) = (query.id("product")?, query.id("variant")?);
    let wanted = ItemQuery::new(product.map(ProductId), variant.map(VariantId), &query);
    if let Some(order) = query.id("order")?.map(OrderId) {
        let seen =
            app.orders(&caller).load(order).await.map_err(|error| {
                if matches!(error, Error::NotFound(_)) { no_choice("order") } else { error }
            })?;
        return Ok(Json(wanted.page_of(std::slice::from_ref(&seen.order), &request, &links)?));
    }
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_items(&caller, &visible, &wanted, &request, &links).await?))
}

/// django-filter's words for a reference to what does not exist.
fn no_choice(name: &str) -> Error {
    Error::field(name, "Select a valid choice. That choice is not one of the available choices.")
}
