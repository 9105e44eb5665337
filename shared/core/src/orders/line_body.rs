//! The lines of an order, as requests write them: within an order and by themselves.

use oms_domain::lines::LineEdit;
use oms_domain::{Decimal, ProductId, VariantId};
use oms_http::validation::{Amount, BoundedMap, Fields, Lines, Whole};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many pieces one line may ask for.
const MAX_QUANTITY: i64 = 1_000_000;

/// The largest `extra_data` of a line, in bytes as they are stored.
const MAX_EXTRA_BYTES: usize = 4_096;

/// A line that is wanted.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "describes what read_item reads")]
pub struct ItemBody {
    /// What to buy.
    product: Uuid,
    /// Which kind of it.
    variant: Option<Uuid>,
    /// How many, from 1.
    #[schema(minimum = 1, example = 2)]
    quantity: u32,
    /// What the client believes one to cost: another price than ours is refused. Those who run
    /// the store may set it.
    #[schema(value_type = Option<String>, example = "29.99")]
    unit_price: Option<Decimal>,
    /// The customer's wishes.
    #[schema(value_type = Option<String>, max_length = 2_000)]
    notes: String,
    /// What the client keeps with it.
    #[schema(value_type = Option<Object>)]
    extra_data: Map<String, Value>,
}

/// Reads what is wanted of a line; a product and a quantity must be there unless the object is
/// partial.
pub fn read_item(fields: &mut Fields) -> LineEdit {
    let product = fields.required::<Uuid>("product");
    let variant = fields.nullable::<Uuid>("variant");
    let quantity = fields.required::<Whole<1, MAX_QUANTITY>>("quantity");
    let unit_price = fields.optional::<Amount>("unit_price");
    let notes = fields.optional::<Lines<2000>>("notes");
    let extra_data = fields.optional::<BoundedMap<MAX_EXTRA_BYTES>>("extra_data");
    LineEdit {
        product: product.map(ProductId),
        variant: variant.map(|variant| variant.map(VariantId)),
        quantity: quantity.and_then(|quantity| u32::try_from(quantity.0).ok()),
        unit_price: unit_price.map(|price| price.0),
        notes: notes.map(|notes| notes.0),
        extra_data: extra_data.map(|data| data.0),
    }
}
