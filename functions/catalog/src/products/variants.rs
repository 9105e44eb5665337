//! The variants of a product, which are written within it: an entry with an `id` changes that
//! variant, one without is new, one left out is removed.

use super::{MAX_NAME_CHARS, MAX_SKU_CHARS};
use crate::money::price;
use oms_domain::catalog::{MAX_STOCK, Variant};
use oms_domain::place::invalid_pk;
use oms_domain::{Currency, Decimal, VariantId};
use oms_http::validation::{BlankText, Fields, Mode, Text, Whole};
use oms_table::catalog::stock::StockLevel;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A kind of a product, to make or to change.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = VariantFields)]
pub(crate) struct VariantFields {
    /// In an update: the variant that is changed. Without it, the variant is new.
    #[schema(value_type = Option<Uuid>)]
    id: Option<VariantId>,
    /// Its name.
    #[schema(value_type = String, max_length = 255, example = "Blue")]
    name: Option<String>,
    /// Its stock keeping unit.
    #[schema(max_length = 64, example = "MUG-1-BLUE")]
    sku: Option<String>,
    /// What one costs; the product's price where it is left out.
    #[schema(value_type = Option<String>, example = "29.99")]
    current_price: Option<Decimal>,
    /// In a new variant: how many pieces lie on its shelf. Later, `adjust_stock` changes that.
    #[schema(example = 20)]
    stock: Option<u64>,
}

/// The variants that a product has after a write, and what becomes of the shelves.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Merged {
    /// The variants, in the order in which they were written.
    pub(crate) variants: Vec<Variant>,
    /// The shelves of the new ones.
    pub(crate) made: Vec<StockLevel>,
    /// Those that are no more.
    pub(crate) removed: Vec<VariantId>,
}

/// Reads the entries of a list of variants, one after the other. `existing` are the variants that
/// an `id` may name; a new product has none, and there the ids are ignored.
pub(crate) fn reader(
    existing: Option<&[Variant]>,
    currency: Currency,
) -> impl FnMut(&mut Fields) -> Option<VariantFields> {
    let mut listed = BTreeSet::new();
    move |f| {
        let id = match existing {
            None => None,
            Some(existing) => read_id(f, existing, &mut listed),
        };
        if id.is_some() {
            f.set_mode(Mode::Partial);
        }
        let name = f.required::<Text<MAX_NAME_CHARS>>("name");
        let sku = f.optional::<BlankText<MAX_SKU_CHARS>>("sku");
        let current_price = f.optional_as("current_price", price(currency));
        // Of a variant that there is, it is read-only.
        let stock = if id.is_some() { None } else { f.optional::<Whole<0, MAX_STOCK>>("stock") };
        Some(VariantFields {
            id,
            name: name.map(String::from),
            sku: sku.map(String::from),
            current_price,
            stock: stock.and_then(|stock| u64::try_from(stock.0).ok()),
        })
    }
}

fn read_id(f: &mut Fields, existing: &[Variant], listed: &mut BTreeSet<VariantId>) -> Option<VariantId> {
    let id = VariantId(f.nullable::<Uuid>("id").flatten()?);
    if !existing.iter().any(|variant| variant.id == id) {
        f.error("id", invalid_pk(&id));
    } else if !listed.insert(id) {
        f.error("id", "This variant is listed more than once.");
    }
    Some(id)
}

/// What becomes of the variants that there are. A new one costs `price` where it sets none.
pub(crate) fn merge(
    existing: &[Variant],
    entries: Vec<VariantFields>,
    price: Decimal,
    fresh_id: impl Fn() -> VariantId,
) -> Merged {
    let mut merged = Merged::default();
    for entry in entries {
        let known = entry.id.and_then(|id| existing.iter().find(|variant| variant.id == id));
        let base = known.cloned().unwrap_or_else(|| {
            let id = fresh_id();
            let available = entry.stock.unwrap_or(0);
            merged.made.push(StockLevel::new(Some(id), available));
            Variant { id, name: String::new(), sku: String::new(), current_price: price }
        });
        merged.variants.push(Variant {
            id: base.id,
            name: entry.name.unwrap_or(base.name),
            sku: entry.sku.unwrap_or(base.sku),
            current_price: entry.current_price.unwrap_or(base.current_price),
        });
    }
    let kept: BTreeSet<_> = merged.variants.iter().map(|variant| variant.id).collect();
    let removed = existing.iter().map(|variant| variant.id);
    merged.removed = removed.filter(|id| !kept.contains(id)).collect();
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::Error;
    use serde_json::{Value, json};

    fn id(n: u128) -> VariantId {
        VariantId(Uuid::from_u128(n))
    }

    fn variant(n: u128, name: &str) -> Variant {
        let price = Decimal::new(1000, 2);
        Variant { id: id(n), name: name.into(), sku: format!("SKU-{n}"), current_price: price }
    }

    fn read(existing: Option<&[Variant]>, body: Value) -> Result<Vec<VariantFields>, Value> {
        let Value::Object(body) = json!({ "variants": body }) else { unreachable!() };
        let mut f = Fields::new(body, Mode::Update);
        let read = f.optional_list("variants", 0..=3, reader(existing, Currency::USD));
        match f.finish() {
            Ok(()) => Ok(read.unwrap()),
            Err(Error::Invalid(problems)) => Err(problems["variants"].clone()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn entries_change_add_and_remove_variants() {
        let existing = [variant(1, "Blue"), variant(2, "Red")];
        let body = json!([
            {"name": "Green", "stock": 7, "current_price": "12.50"},
            {"id": id(1).to_string(), "name": "Navy", "stock": 99},
            {"name": "Grey", "sku": "G"},
        ]);
        let entries = read(Some(&existing), body).unwrap();
        let fresh = std::cell::Cell::new(10);
        let merged = merge(&existing, entries, Decimal::new(2000, 2), || {
            fresh.set(fresh.get() + 1);
            id(fresh.get())
        });
        let names: Vec<_> = merged.variants.iter().map(|v| (v.id, v.name.as_str())).collect();
        assert_eq!(names, [(id(11), "Green"), (id(1), "Navy"), (id(12), "Grey")]);
        let prices: Vec<_> = merged.variants.iter().map(|v| v.current_price.to_string()).collect();
        assert_eq!(prices, ["12.50", "10.00", "20.00"]);
        assert_eq!(merged.variants[1].sku, "SKU-1");
        let stock_level = |n, available| StockLevel::new(Some(id(n)), available);
        assert_eq!(merged.made, [stock_level(11, 7), stock_level(12, 0)]);
        assert_eq!(merged.removed, [id(2)]);
    }

    #[test]
    fn what_was_read_can_be_sent_back() {
        let existing = [variant(1, "Blue")];
        let body = json!([{"id": id(1).to_string(), "name": "Blue", "sku": "SKU-1",
            "current_price": "10.00", "stock": 3}]);
        let merged = merge(&existing, read(Some(&existing), body.clone()).unwrap(), Decimal::ZERO, || id(9));
        assert_eq!(merged, Merged { variants: existing.to_vec(), ..Merged::default() });
        let copied = merge(&[], read(None, body).unwrap(), Decimal::ZERO, || id(9));
        assert_eq!(copied.variants[0].id, id(9));
        assert_eq!(copied.made, [StockLevel::new(Some(id(9)), 3)]);
    }

    #[test]
    fn the_stock_of_a_variant_that_there_is_is_not_read() {
        let existing = [variant(1, "Blue")];
        for stock in [json!(null), json!("x"), json!(-1), json!(2_000_000_000)] {
            let body = json!([{"id": id(1).to_string(), "stock": stock}]);
            let merged = merge(&existing, read(Some(&existing), body).unwrap(), Decimal::ZERO, || id(9));
            assert_eq!(merged, Merged { variants: existing.to_vec(), ..Merged::default() }, "{stock}");
        }
    }

    #[test]
    fn an_entry_without_an_id_or_with_none_is_new() {
        let existing = [variant(1, "Blue")];
        for body in [json!([{"id": null, "name": "n", "stock": 2}]), json!([{"name": "n", "stock": 2}])] {
            let merged = merge(&existing, read(Some(&existing), body).unwrap(), Decimal::ONE, || id(9));
            assert_eq!(merged.made, [StockLevel::new(Some(id(9)), 2)]);
            assert_eq!(merged.removed, [id(1)]);
        }
    }

    #[test]
    fn every_problem_stands_at_its_entry() {
        let existing = [variant(1, "Blue")];
        let one = id(1).to_string();
        let body = json!([{"id": one}, {"stock": -1}, {"id": one, "current_price": "1.999"}]);
        assert_eq!(
            read(Some(&existing), body).unwrap_err(),
            json!([
                {},
                {
                    "name": ["This field is required."],
                    "stock": ["Ensure this value is greater than or equal to 0."],
                },
                {
                    "id": ["This variant is listed more than once."],
                    "current_price": ["Ensure that there are no more than 2 decimal places."],
                },
            ])
        );
        let unknown = id(5).to_string();
        let words = format!("Invalid pk \"{unknown}\" - object does not exist.");
        assert_eq!(read(Some(&existing), json!([{"id": unknown}])).unwrap_err(), json!([{"id": [words]}]));
        let four = json!([{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}]);
        let words = "Ensure this field has no more than 3 elements.";
        assert_eq!(read(None, four).unwrap_err(), json!({"non_field_errors": [words]}));
    }
}
