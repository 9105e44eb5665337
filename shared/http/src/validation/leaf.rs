//! What a single field can be.

use crate::body::type_name;
use crate::exact;
use oms_domain::size;
use oms_domain::text::is_control;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How deeply a client's own JSON may be nested. DynamoDB stops at 32 levels, of which the item
/// around it takes a few.
pub const MAX_JSON_DEPTH: usize = 16;

/// Beyond this, a text is no number, however long its digits go on.
pub(super) const MAX_NUMBER_CHARS: usize = 1_000;

/// What is said of an id that is none, in a body or in a filter.
pub(crate) const NO_UUID: &str = "Must be a valid UUID.";

/// What is wrong with a field: messages, or problems of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(Value);

impl Problem {
    /// One message.
    pub fn message(message: impl Into<String>) -> Self {
        Self(json!([message.into()]))
    }

    /// Problems of a field's parts: objects by name, or an array by position.
    #[must_use]
    pub const fn nested(problems: Value) -> Self {
        Self(problems)
    }

    pub(super) fn non_field(message: String) -> Self {
        Self(json!({ "non_field_errors": [message] }))
    }

    pub(super) fn null() -> Self {
        Self::message("This field may not be null.")
    }

    pub(super) fn into_value(self) -> Value {
        self.0
    }
}

/// A type that a field can be read as. Null never gets here.
pub trait FieldValue: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// What is wrong with it, in the words of Django REST Framework.
    fn read(value: &Value) -> Result<Self, Problem>;

    /// Whether a value means that there is none.
    #[must_use]
    fn is_none(value: &Value) -> bool {
        value.is_null()
    }
}

/// A closed set of words. Implementing it makes a type a [`FieldValue`].
pub trait Choice: Sized {
    /// The value that a word stands for.
    fn from_name(name: &str) -> Option<Self>;
}

impl<T: Choice> FieldValue for T {
    fn read(value: &Value) -> Result<Self, Problem> {
        let name = match value {
            Value::String(name) => exact::number(name).unwrap_or(name).to_owned(),
            other
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.to_string()
            }
        };
        T::from_name(&name)
            .ok_or_else(|| Problem::message(format!("\"{}\" is not a valid choice.", shortened(&name))))
    }
}

/// Enough of a client's own text to recognise it by.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text of 1 to `MAX` characters on one line, without the space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<const MAX: usize>(pub String);

/// A text of at most `MAX` characters on one line, without the space around it, that may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlankText<const MAX: usize>(pub String);

/// Like [`BlankText`], of any number of lines: what people write to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines<const MAX: usize>(pub String);

impl<const MAX: usize> FieldValue for Text<MAX> {
    fn read(value: &Value) -> Result<Self, Problem> {
        let text = text(value, MAX, is_control)?;
        if text.is_empty() {
            return Err(Problem::message("This field may not be blank."));
        }
        Ok(Self(text))
    }
}

impl<const MAX: usize> FieldValue for BlankText<MAX> {
    fn read(value: &Value) -> Result<Self, Problem> {
        text(value, MAX, is_control).map(Self)
    }
}

impl<const MAX: usize> FieldValue for Lines<MAX> {
    fn read(value: &Value) -> Result<Self, Problem> {
        text(value, MAX, |c| is_control(c) && !matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}'))
            .map(Self)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> From<BlankText<MAX>> for String {
    fn from(text: BlankText<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> From<Lines<MAX>> for String {
    fn from(text: Lines<MAX>) -> Self {
        text.0
    }
}

/// A text of any length that is not blank. Its only limit is the body's.
impl FieldValue for String {
    fn read(value: &Value) -> Result<Self, Problem> {
        Text::<{ usize::MAX }>::read(value).map(|text| text.0)
    }
}

fn text(value: &Value, max: usize, is_refused: impl Fn(char) -> bool) -> Result<String, Problem> {
    let text = match value {
        Value::String(text) => exact::number(text).unwrap_or(text).trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(Problem::message("Not a valid string."));
        }
    };
    if text.contains('\0') {
        return Err(Problem::message("Null characters are not allowed."));
    }
    if text.contains(is_refused) {
        return Err(Problem::message("Control characters are not allowed."));
    }
    if text.chars().count() > max {
        return Err(Problem::message(format!("Ensure this field has no more than {max} characters.")));
    }
    Ok(text)
}

impl FieldValue for Uuid {
    fn read(value: &Value) -> Result<Self, Problem> {
        let id = value.as_str().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Problem::message(NO_UUID))
    }

    /// As Django REST Framework's references do, an empty text refers to nothing.
    fn is_none(value: &Value) -> bool {
        value.is_null() || value == ""
    }
}

impl FieldValue for bool {
    fn read(value: &Value) -> Result<Self, Problem> {
        let word = match value {
            Value::Bool(value) => return Ok(*value),
            Value::String(word) => word.trim().to_ascii_lowercase(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        };
        match word.as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Ok(true),
            "f" | "false" | "n" | "no" | "off" | "0" => Ok(false),
            _ => Err(Problem::message("Must be a valid boolean.")),
        }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> FieldValue for Whole<MIN, MAX> {
    fn read(value: &Value) -> Result<Self, Problem> {
        let number = whole(value)?;
        if number < i128::from(MIN) {
            return Err(Problem::message(format!("Ensure this value is greater than or equal to {MIN}.")));
        }
        match i64::try_from(number) {
            Ok(number) if number <= MAX => Ok(Self(number)),
            Ok(_) | Err(_) => {
                Err(Problem::message(format!("Ensure this value is less than or equal to {MAX}.")))
            }
        }
    }
}

impl FieldValue for i64 {
    fn read(value: &Value) -> Result<Self, Problem> {
        Whole::<{ i64::MIN }, { i64::MAX }>::read(value).map(|whole| whole.0)
    }
}

/// As Django REST Framework, takes `2`, `"2"`, `2.0` and `"2.0"`. What is beyond an `i128` is cut
/// to its ends, which are beyond every limit.
fn whole(value: &Value) -> Result<i128, Problem> {
    let invalid = || Problem::message("A valid integer is required.");
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => exact::number(text).unwrap_or(text).trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(invalid()),
    };
    if text.len() > MAX_NUMBER_CHARS {
        return Err(Problem::message("String value too large."));
    }
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        Some(_) => return Err(invalid()),
        None => &text,
    };
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let beyond = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
    Ok(digits.parse().unwrap_or(beyond))
}

/// Any JSON that the client keeps with us, nested at most [`MAX_JSON_DEPTH`] deep, of which the
/// table can keep every name and number. Its numbers are as they are read from there again.
impl FieldValue for Value {
    fn read(value: &Value) -> Result<Self, Problem> {
        check_storable(value)?;
        Ok(exact::as_kept(value.clone()))
    }
}

/// A JSON object that the client keeps with us, nested at most [`MAX_JSON_DEPTH`] deep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonMap(pub Map<String, Value>);

impl FieldValue for JsonMap {
    fn read(value: &Value) -> Result<Self, Problem> {
        let Value::Object(map) = value else {
            let name = type_name(value);
            return Err(Problem::message(format!("Expected a dictionary of items but got type \"{name}\".")));
        };
        check_storable(value)?;
        Ok(Self(exact::map_as_kept(map.clone())))
    }
}

/// A [`JsonMap`] of at most `MAX` bytes, as they are stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoundedMap<const MAX: usize>(pub Map<String, Value>);

impl<const MAX: usize> FieldValue for BoundedMap<MAX> {
    fn read(value: &Value) -> Result<Self, Problem> {
        let JsonMap(map) = JsonMap::read(value)?;
        if size::of_map(&map) > MAX {
            return Err(Problem::message(format!("Ensure this field has no more than {MAX} bytes.")));
        }
        Ok(Self(map))
    }
}

fn check_storable(value: &Value) -> Result<(), Problem> {
    if !is_within(value, MAX_JSON_DEPTH) {
        let message = format!("Ensure this value is nested no deeper than {MAX_JSON_DEPTH} levels.");
        return Err(Problem::message(message));
    }
    if !has_plain_names(value) {
        return Err(Problem::message("Ensure that no name in this value is empty."));
    }
    if !has_plain_numbers(value) {
        return Err(Problem::message("Ensure that the numbers in this value have at most 125 digits."));
    }
    Ok(())
}

/// DynamoDB takes no empty attribute names, however deep.
fn has_plain_names(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(entries) => entries.iter().all(has_plain_names),
        Value::Object(map) => map.iter().all(|(name, entry)| !name.is_empty() && has_plain_names(entry)),
    }
}

/// Numbers from 1e-125 to 1e125, and nothing: DynamoDB takes few more, and whoever reads a number
/// as a float takes it for nothing or for infinity beyond.
fn has_plain_numbers(value: &Value) -> bool {
    let is_plain = |number: f64| number == 0.0 || (1e-125..1e125).contains(&number.abs());
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => number.as_f64().is_some_and(is_plain),
        Value::String(text) => exact::number(text)
            .is_none_or(|number| number.parse().is_ok_and(|number| number != 0.0 && is_plain(number))),
        Value::Array(entries) => entries.iter().all(has_plain_numbers),
        Value::Object(map) => map.values().all(has_plain_numbers),
    }
}

/// Recursion is safe: the parser has refused what is nested deeper than 128 levels.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(entries) => levels > 0 && entries.iter().all(|entry| is_within(entry, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|entry| is_within(entry, levels - 1)),
    }
}
