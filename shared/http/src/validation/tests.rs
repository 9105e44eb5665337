mod leaves;

use super::*;
use oms_domain::{Decimal, Error};
use serde_json::{Value, json};
use uuid::Uuid;

fn fields(body: Value, mode: Mode) -> Fields {
    let Value::Object(map) = body else { panic!("{body}") };
    Fields::new(map, mode)
}

fn problems(fields: Fields) -> Value {
    match fields.finish() {
        Err(Error::Invalid(details)) => details,
        other => panic!("{other:?}"),
    }
}

/// What reading `value` as a `T` gives, or its one message.
fn read<T: FieldValue>(value: Value) -> Result<T, String> {
    let mut f = fields(json!({ "x": value }), Mode::Create);
    match f.required::<T>("x") {
        Some(value) => Ok(value),
        None => Err(problems(f)["x"][0].as_str().unwrap().to_owned()),
    }
}

#[derive(Debug, PartialEq)]
struct Line {
    product: Uuid,
    quantity: i64,
}

fn line(f: &mut Fields) -> Option<Line> {
    let product = f.required::<Uuid>("product");
    let quantity = f.required::<Whole<1, 1_000>>("quantity");
    Some(Line { product: product?, quantity: quantity?.0 })
}

const ID: &str = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";

#[test]
fn every_problem_of_a_body_is_told_at_once() {
    let mut f = fields(
        json!({"name": "  ", "rating": 0, "store": "x", "note": null, "unknown": 1, "currency": "USDX"}),
        Mode::Create,
    );
    assert_eq!(f.required::<Text<10>>("name"), None);
    assert_eq!(f.optional::<Whole<1, 5>>("rating"), None);
    assert_eq!(f.required::<Uuid>("store"), None);
    assert_eq!(f.optional::<BlankText<10>>("note"), None);
    assert_eq!(f.required::<bool>("active"), None);
    assert_eq!(f.optional::<Text<3>>("currency"), None);
    f.error("items", "First.");
    f.error("items", "Second.");
    assert_eq!(
        problems(f),
        json!({
            "name": ["This field may not be blank."],
            "rating": ["Ensure this value is greater than or equal to 1."],
            "store": ["Must be a valid UUID."],
            "note": ["This field may not be null."],
            "active": ["This field is required."],
            "currency": ["Ensure this field has no more than 3 characters."],
            "items": ["First.", "Second."],
        })
    );
}

#[test]
fn a_part_of_a_body_will_do_where_it_is_partial() {
    let mut f = fields(json!({"note": null}), Mode::Partial);
    assert_eq!(f.required::<Text<10>>("name"), None);
    assert_eq!(f.nullable::<Text<10>>("note"), Some(None));
    assert_eq!(f.nullable::<Text<10>>("other"), None);
    assert_eq!(f.list("items", 1..=2, line), None);
    assert!(f.finish().is_ok());
}

#[test]
fn problems_of_lines_stand_at_their_positions() {
    let mut f = fields(
        json!({"items": [{"product": ID, "quantity": 2}, {"product": ID, "quantity": 0}, "x", {}]}),
        Mode::Create,
    );
    assert_eq!(f.list("items", 1..=40, line), None);
    assert_eq!(
        problems(f),
        json!({"items": [
            {},
            {"quantity": ["Ensure this value is greater than or equal to 1."]},
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]},
            {"product": ["This field is required."], "quantity": ["This field is required."]},
        ]})
    );
}

#[test]
fn a_list_of_lines_has_a_type_and_a_length() {
    let message = |items: Value| {
        let mut f = fields(json!({ "items": items }), Mode::Create);
        assert_eq!(f.list("items", 1..=2, line), None);
        problems(f)["items"].clone()
    };
    let non_field = |text: &str| json!({ "non_field_errors": [text] });
    assert_eq!(message(json!("x")), non_field("Expected a list of items but got type \"str\"."));
    assert_eq!(message(json!({})), non_field("Expected a list of items but got type \"dict\"."));
    assert_eq!(message(json!([])), non_field("This list may not be empty."));
    assert_eq!(message(json!([{}, {}, {}])), non_field("Ensure this field has no more than 2 elements."));
    assert_eq!(message(Value::Null), json!(["This field may not be null."]));

    let mut f = fields(json!({"items": [{"product": ID, "quantity": "2"}]}), Mode::Create);
    let product = ID.parse().unwrap();
    assert_eq!(f.list("items", 1..=2, line), Some(vec![Line { product, quantity: 2 }]));
    assert!(f.finish().is_ok());
}

#[test]
fn a_list_of_values_tells_problems_by_position() {
    let mut f = fields(json!({"ids": [ID, "x", null], "none": [], "text": "x"}), Mode::Create);
    assert_eq!(f.values::<Uuid>("ids", 1..=100), None);
    assert_eq!(f.values::<Uuid>("none", 1..=100), None);
    assert_eq!(f.values::<Uuid>("text", 1..=100), None);
    assert_eq!(f.values::<Uuid>("missing", 1..=100), None);
    assert_eq!(f.optional_values::<Uuid>("absent", 1..=100), None);
    assert_eq!(
        problems(f),
        json!({
            "ids": {"1": ["Must be a valid UUID."], "2": ["This field may not be null."]},
            "none": ["This list may not be empty."],
            "text": ["Expected a list of items but got type \"str\"."],
            "missing": ["This field is required."],
        })
    );
}

#[test]
fn an_element_lost_without_a_reason_makes_the_list_wrong() {
    let mut f = fields(json!({"items": [{}]}), Mode::Create);
    assert_eq!(f.list("items", 0..=1, |_| None::<()>), None);
    assert!(f.finish().is_err());
}

#[test]
fn a_card_number_is_a_problem_of_whatever_field_holds_it() {
    let card = "4242 4242 4242 4242";
    let mut f = fields(
        json!({
            "name": card,
            "notes": format!("pay with {card} 12/28"),
            "extra_data": {"deep": [{"er": 4_242_424_242_424_242_u64}]},
            "tags": [card],
            "amount": card,
            "unknown": card,
            "items": [{"product": ID, "quantity": 1}, {"product": ID, "quantity": 1, "notes": card}],
        }),
        Mode::Create,
    );
    assert_eq!(f.required::<Text<255>>("name"), None);
    assert_eq!(f.optional::<Lines<255>>("notes"), None);
    assert_eq!(f.nullable::<JsonMap>("extra_data"), None);
    assert_eq!(f.values::<Text<30>>("tags", 0..=3), None);
    assert_eq!(f.optional::<Decimal>("amount"), None);
    let items = f.list("items", 1..=2, |f| {
        f.optional::<Lines<255>>("notes");
        line(f)
    });
    assert_eq!(items, None);
    let words = json!(["Card numbers are not accepted: send the gateway's token instead."]);
    assert_eq!(
        problems(f),
        json!({
            "name": words, "notes": words, "extra_data": words, "tags": words, "amount": words,
            "items": [{}, {"notes": words}],
        })
    );
}
