//! The fields of one object, and the problems found in them.

use super::{FieldValue, Problem};
use crate::body::{not_a_dictionary, type_name};
use oms_domain::{Error, Outcome, card};
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;

/// What is said of a card number, wherever it stands.
/// What is said to a text that holds a card's number.
pub const NO_CARD_NUMBERS: &str = "Card numbers are not accepted: send the gateway's token instead.";

/// How complete an object must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// POST: required fields must be there.
    Create,
    /// PUT: required fields must be there.
    Update,
    /// PATCH: any part will do.
    Partial,
}

/// The fields of one object. Reading one gives nothing where it is wrong, and notes why;
/// [`finish`](Self::finish) reports it all. Unknown fields are ignored.
#[derive(Debug)]
pub struct Fields {
    values: Map<String, Value>,
    mode: Mode,
    errors: Map<String, Value>,
}

impl Fields {
    /// Begins to read an object.
    #[must_use]
    pub fn new(values: Map<String, Value>, mode: Mode) -> Self {
        Self { values, mode, errors: Map::new() }
    }

    /// How complete the object must be.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Changes how complete the object must be, as for an entry of a list that names what it
    /// changes by an `id`.
    pub const fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Whether the field is there, even as null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A field that must be there, unless the object is partial, and not null.
    pub fn required<T: FieldValue>(&mut self, name: &str) -> Option<T> {
        let value = self.take_required(name)?;
        let value = none_as_null::<T>(self.without_card(name, value)?);
        self.read(name, &value, T::read)
    }

    /// A field that may be missing, but not null.
    pub fn optional<T: FieldValue>(&mut self, name: &str) -> Option<T> {
        let value = none_as_null::<T>(self.take(name)?);
        self.read(name, &value, T::read)
    }

    /// A field that may be missing or null: `None` where it is missing or wrong, `Some(None)`
    /// where it is null.
    pub fn nullable<T: FieldValue>(&mut self, name: &str) -> Option<Option<T>> {
        match none_as_null::<T>(self.take(name)?) {
            Value::Null => Some(None),
            value @ (Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)) => self.read(name, &value, T::read).map(Some),
        }
    }

    /// Like [`required`](Self::required), read by a function instead of a type.
    pub fn required_as<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = self.take_required(name)?;
        let value = self.without_card(name, value)?;
        self.read(name, &value, read)
    }

    /// Like [`optional`](Self::optional), read by a function instead of a type.
    pub fn optional_as<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.read(name, &value, read)
    }

    /// A list of objects, each read by `element`; required unless this object is partial. Its
    /// elements are always read in full. A problem in any of them makes the whole list `None`;
    /// the problems stand at their elements' positions, with `{}` for those without.
    pub fn list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        element: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.take_required(name)?;
        self.read_list(name, value, length, element)
    }

    /// Like [`list`](Self::list), but it may be missing.
    pub fn optional_list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        element: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.values.remove(name)?;
        self.read_list(name, value, length, element)
    }

    /// A list of plain values; required unless this object is partial. Problems stand under their
    /// positions, as `{"1": ["Must be a valid UUID."]}`.
    pub fn values<T: FieldValue>(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<Vec<T>> {
        let value = self.take_required(name)?;
        let value = self.without_card(name, value)?;
        self.read_values(name, &value, length)
    }

    /// Like [`values`](Self::values), but it may be missing.
    pub fn optional_values<T: FieldValue>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Option<Vec<T>> {
        let value = self.take(name)?;
        self.read_values(name, &value, length)
    }

    /// Notes a problem of a field, after those already noted for it.
    pub fn error(&mut self, name: &str, message: impl Into<String>) {
        let message = Value::String(message.into());
        match self.errors.get_mut(name) {
            Some(Value::Array(messages)) => messages.push(message),
            Some(_) | None => self.put(name, Value::Array(vec![message])),
        }
    }

    /// Notes problems found elsewhere, in their final form: messages, or problems by position.
    pub fn problem(&mut self, name: &str, problem: Problem) {
        self.put(name, problem.into_value());
    }

    /// Whether a problem of this field has been noted.
    #[must_use]
    pub fn has_error(&self, name: &str) -> bool {
        self.errors.contains_key(name)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 with every problem noted.
    pub fn finish(self) -> Outcome<()> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Invalid(Value::Object(self.errors))) }
    }

    fn put(&mut self, name: &str, problem: Value) {
        self.errors.insert(name.to_owned(), problem);
    }

    /// Takes a field that may be missing. What holds a card number is a problem, whatever the field
    /// is for; of a list of objects, each object sees to that for its own fields.
    fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.values.remove(name)?;
        self.without_card(name, value)
    }

    fn without_card(&mut self, name: &str, value: Value) -> Option<Value> {
        if card::is_in(&value) {
            self.error(name, NO_CARD_NUMBERS);
            return None;
        }
        Some(value)
    }

    fn take_required(&mut self, name: &str) -> Option<Value> {
        let value = self.values.remove(name);
        if value.is_none() {
            match self.mode {
                Mode::Create | Mode::Update => self.error(name, "This field is required."),
                Mode::Partial => {}
            }
        }
        value
    }

    fn read<T>(
        &mut self,
        name: &str,
        value: &Value,
        read: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let read = if value.is_null() { Err(Problem::null()) } else { read(value) };
        read.map_err(|problem| self.problem(name, problem)).ok()
    }

    fn read_list<T>(
        &mut self,
        name: &str,
        value: Value,
        length: RangeInclusive<usize>,
        element: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        let outcome = match value {
            Value::Null => Err(Problem::null()),
            Value::Array(entries) => match length_problem(entries.len(), &length) {
                Some(message) => Err(Problem::non_field(message)),
                None => read_elements(entries, element),
            },
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                Err(Problem::non_field(not_a_list(&other)))
            }
        };
        outcome.map_err(|problem| self.problem(name, problem)).ok()
    }

    fn read_values<T: FieldValue>(
        &mut self,
        name: &str,
        value: &Value,
        length: RangeInclusive<usize>,
    ) -> Option<Vec<T>> {
        self.read(name, value, |value| {
            let Value::Array(entries) = value else {
                return Err(Problem::message(not_a_list(value)));
            };
            if let Some(message) = length_problem(entries.len(), &length) {
                return Err(Problem::message(message));
            }
            let mut problems = Map::new();
            let mut read = Vec::with_capacity(entries.len());
            for (position, entry) in entries.iter().enumerate() {
                match if entry.is_null() { Err(Problem::null()) } else { T::read(entry) } {
                    Ok(entry) => read.push(entry),
                    Err(problem) => {
                        problems.insert(position.to_string(), problem.into_value());
                    }
                }
            }
            if problems.is_empty() { Ok(read) } else { Err(Problem::nested(Value::Object(problems))) }
        })
    }
}

/// What means that there is none, as null.
fn none_as_null<T: FieldValue>(value: Value) -> Value {
    if T::is_none(&value) { Value::Null } else { value }
}

/// Problems by position where there are any. An element that gave nothing without saying why
/// would be lost in silence; it makes the list wrong as a whole.
fn read_elements<T>(
    entries: Vec<Value>,
    mut element: impl FnMut(&mut Fields) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let count = entries.len();
    let mut read = Vec::with_capacity(count);
    let mut problems = Vec::with_capacity(count);
    for entry in entries {
        let Value::Object(entry) = entry else {
            problems.push(json!({ "non_field_errors": [not_a_dictionary(&entry)] }));
            continue;
        };
        let mut fields = Fields::new(entry, Mode::Create);
        read.extend(element(&mut fields));
        problems.push(Value::Object(fields.errors));
    }
    let no_problem = problems.iter().all(|problem| problem.as_object().is_some_and(Map::is_empty));
    match (no_problem, read.len() == count) {
        (true, true) => Ok(read),
        (true, false) => Err(Problem::non_field("Not a valid list.".to_owned())),
        (false, _) => Err(Problem::nested(Value::Array(problems))),
    }
}

fn not_a_list(value: &Value) -> String {
    format!("Expected a list of items but got type \"{}\".", type_name(value))
}

fn length_problem(count: usize, length: &RangeInclusive<usize>) -> Option<String> {
    if length.contains(&count) {
        None
    } else if count == 0 {
        Some("This list may not be empty.".to_owned())
    } else if count < *length.start() {
        Some(format!("Ensure this field has at least {} elements.", length.start()))
    } else {
        Some(format!("Ensure this field has no more than {} elements.", length.end()))
    }
}
