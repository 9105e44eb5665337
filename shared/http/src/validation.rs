//! Reading a body's fields as Django REST Framework's serializers do: all problems at once, in
//! its words, under the names of the fields.
//!
//! ```
//! # use oms_core::http::validation::{Fields, Mode, Text, Whole};
//! # fn read(body: serde_json::Map<String, serde_json::Value>) -> Result<(), oms_core::http::ApiError> {
//! let mut f = Fields::new(body, Mode::Create);
//! let name = f.required::<Text<255>>("name");
//! let lines = f.list("items", 1..=40, |f| f.required::<Whole<1, 10_000>>("quantity"));
//! f.finish()?; // 400 with every problem
//! # let _ = (name, lines);
//! # Ok(())
//! # }
//! ```

mod decimal;
mod fields;
mod leaf;
#[cfg(test)]
mod tests;
mod time;

pub use decimal::{Amount, Digits, UnsignedDigits};
pub use fields::NO_CARD_NUMBERS;
pub use fields::{Fields, Mode};
pub(crate) use leaf::NO_UUID;
pub use leaf::{
    BlankText, BoundedMap, Choice, FieldValue, JsonMap, Lines, MAX_JSON_DEPTH, Problem, Text, Whole,
};
pub(crate) use oms_domain::number::is_same_number;
pub use time::{Date, Moment};
