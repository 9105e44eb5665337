//! DynamoDB's JSON, in which each value stands under its type (`{"S": "text"}`, `{"N": "7"}`,
//! `{"M": {...}}`), read straight into what it means. The SDK makes maps of maps of it first, which
//! for a page of orders takes longer than all the rest.

use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::borrow::Cow;
use std::fmt;

/// The long names of a map's parts, and the short ones that they are stored by.
pub(crate) type Names = &'static [(&'static str, &'static str)];
/// Those of an item's attributes, of the parts of its maps, and so on; none further in.
pub(crate) type Levels = &'static [Names];

/// Reads an item's JSON.
///
/// # Errors
/// Where it is none, or not what is wanted.
pub(crate) fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    json: D,
    levels: Levels,
) -> Result<T, D::Error> {
    T::deserialize(Payload { json, kind: Kind::M, levels })
}

/// The types of values that items of ours have.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    S,
    N,
    Bool,
    Null,
    M,
    L,
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value under its type.
struct Attribute<D> {
    json: D,
    levels: Levels,
}

/// A value whose type is known.
struct Payload<D> {
    json: D,
    kind: Kind,
    levels: Levels,
}

/// What a value is expected to be, where its type does not tell.
#[derive(Clone, Copy)]
enum Expected {
    AsItIs,
    Optional,
    Newtype,
    Choice,
}

impl<'de, D: Deserializer<'de>> Payload<D> {
    fn read<V: Visitor<'de>>(self, visitor: V, expected: Expected) -> Result<V::Value, D::Error> {
        let Self { json, kind, levels } = self;
        match (expected, kind) {
            (Expected::Optional, Kind::Null) => {
                IgnoredAny::deserialize(json)?;
                visitor.visit_none()
            }
            (Expected::Optional, _) => visitor.visit_some(Self { json, kind, levels }),
            (Expected::Newtype, _) => visitor.visit_newtype_struct(Self { json, kind, levels }),
            (Expected::Choice, _) => visitor.visit_enum(CowStrDeserializer::new(Text::deserialize(json)?.0)),
            (Expected::AsItIs, Kind::S) => json.deserialize_str(visitor),
            (Expected::AsItIs, Kind::N) => json.deserialize_str(Number(visitor)),
            (Expected::AsItIs, Kind::Bool) => json.deserialize_bool(visitor),
            (Expected::AsItIs, Kind::Null) => {
                IgnoredAny::deserialize(json)?;
                visitor.visit_unit()
            }
            (Expected::AsItIs, Kind::M) => json.deserialize_map(MapOf { visitor, levels }),
            (Expected::AsItIs, Kind::L) => json.deserialize_seq(ListOf(visitor)),
        }
    }
}

impl<'de, D: Deserializer<'de>> Attribute<D> {
    fn read<V: Visitor<'de>>(self, visitor: V, expected: Expected) -> Result<V::Value, D::Error> {
        self.json.deserialize_map(Typed { visitor, levels: self.levels, expected })
    }
}

/// Both read whatever is asked for by what they are.
macro_rules! deserializer {
    ($name:ident) => {
        impl<'de, D: Deserializer<'de>> Deserializer<'de> for $name<D> {
            type Error = D::Error;

            fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                self.read(visitor, Expected::AsItIs)
            }

            fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                self.read(visitor, Expected::Optional)
            }

            fn deserialize_newtype_struct<V: Visitor<'de>>(
                self,
                _: &'static str,
                visitor: V,
            ) -> Result<V::Value, D::Error> {
                self.read(visitor, Expected::Newtype)
            }

            fn deserialize_enum<V: Visitor<'de>>(
                self,
                _: &'static str,
                _: &'static [&'static str],
                visitor: V,
            ) -> Result<V::Value, D::Error> {
                self.read(visitor, Expected::Choice)
            }

            fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                self.json.deserialize_ignored_any(visitor)
            }

            forward_to_deserialize_any! {
                bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
                unit_struct seq tuple tuple_struct map struct identifier
            }
        }
    };
}

deserializer!(Attribute);
deserializer!(Payload);

/// `{"<type>": <value>}`.
struct Typed<V> {
    visitor: V,
    levels: Levels,
    expected: Expected,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Typed<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value under its type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let kind = map.next_key::<Kind>()?.ok_or_else(|| A::Error::custom("a value without a type"))?;
        map.next_value_seed(OfKind { kind, of: self })
    }
}

struct OfKind<V> {
    kind: Kind,
    of: Typed<V>,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for OfKind<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        let Typed { visitor, levels, expected } = self.of;
        Payload { json, kind: self.kind, levels }.read(visitor, expected)
    }
}

/// A number, which stands as a text.
struct Number<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Number<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number in a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        if let Ok(number) = text.parse() {
            self.0.visit_u64(number)
        } else if let Ok(number) = text.parse() {
            self.0.visit_i64(number)
        } else {
            self.0.visit_f64(text.parse().map_err(E::custom)?)
        }
    }
}

struct MapOf<V> {
    visitor: V,
    levels: Levels,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for MapOf<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let (names, within) =
            self.levels.split_first().map_or((&[][..], self.levels), |(n, rest)| (*n, rest));
        self.visitor.visit_map(Parts { map, names, within })
    }
}

/// The parts of a map, under their long names.
struct Parts<A> {
    map: A,
    names: Names,
    within: Levels,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.names.is_empty() {
            return self.map.next_key_seed(seed);
        }
        let Some(Text(stored)) = self.map.next_key()? else { return Ok(None) };
        let long = self.names.iter().find(|(_, short)| *short == stored);
        let name = long.map_or(stored, |(long, _)| Cow::Borrowed(*long));
        seed.deserialize(CowStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(Within { seed, levels: self.within })
    }
}

struct ListOf<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for ListOf<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Elements(list))
    }
}

struct Elements<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Within { seed, levels: &[] })
    }
}

/// What is read of a value by what it should be.
pub(crate) struct Within<S> {
    pub(crate) seed: S,
    pub(crate) levels: Levels,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Within<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Attribute { json, levels: self.levels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        name: String,
        #[serde(default)]
        left: Option<String>,
        owner: Owner,
        sizes: Vec<Size>,
        more: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Owner {
        id: String,
        is_new: bool,
        #[serde(default)]
        age: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Size {
        Small,
        Large,
    }

    fn from_json<'de, T: Deserialize<'de>>(json: &'de str, levels: Levels) -> serde_json::Result<T> {
        super::read(&mut serde_json::Deserializer::from_str(json), levels)
    }

    const LEVELS: Levels = &[&[("name", "n"), ("owner", "o")], &[("id", "i")]];

    #[test]
    fn every_type_is_read_as_what_it_means_and_short_names_where_they_stand() {
        let stored = json!({
            "n": {"S": "\"Mugs\" & \u{1F600}\n"},
            "left": {"NULL": true},
            "o": {"M": {"i": {"S": "7"}, "is_new": {"BOOL": true}, "age": {"N": "41"}, "z": {"B": "AA=="}}},
            "sizes": {"L": [{"S": "small"}, {"S": "large"}]},
            "more": {"M": {
                "i": {"S": "is no id here"}, "less": {"N": "-7"}, "part": {"N": "1.5"}, "none": {"NULL": true},
                "list": {"L": [{"M": {"n": {"S": "no name"}}}]},
            }},
            "schema": {"N": "3"},
        });
        let row: Row = from_json(&stored.to_string(), LEVELS).unwrap();
        let more = json!({
            "id": "is no id here", "less": -7, "part": 1.5, "none": null, "list": [{"n": "no name"}],
        });
        let expected = Row {
            name: "\"Mugs\" & \u{1F600}\n".into(),
            left: None,
            owner: Owner { id: "7".into(), is_new: true, age: Some(41) },
            sizes: vec![Size::Small, Size::Large],
            more: serde_json::from_value(more).unwrap(),
        };
        assert_eq!(row, expected);
    }

    #[test]
    fn what_is_no_value_under_its_type_is_an_error() {
        for bad in [json!({}), json!("7"), json!({"S": 7}), json!({"X": "7"}), json!({"S": "7", "N": "7"})] {
            let item = json!({ "n": bad });
            let read: serde_json::Result<BTreeMap<String, String>> = from_json(&item.to_string(), LEVELS);
            assert!(read.is_err(), "{item}");
        }
    }
}
