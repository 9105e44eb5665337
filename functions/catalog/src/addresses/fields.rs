//! What clients write of an address.

use crate::partial::Partial;
use oms_domain::text::phone;
use oms_domain::{Address, AddressId, Caller, Error, Outcome, UserId};
use oms_http::JsonObject;
use oms_http::validation::{BlankText, FieldValue, Fields, Mode, Problem, Text};
use serde_json::Value;
use utoipa::ToSchema;

/// The longest text of a line, a name or a town, in characters.
const MAX_LINE_CHARS: usize = 255;
/// The longest postal code, in characters.
const MAX_POSTAL_CODE_CHARS: usize = 20;
/// The longest phone number, in characters: the 15 digits of E.164, with room for an extension
/// and for the ways to write one.
const MAX_PHONE_CHARS: usize = 32;
/// The longest one with marks that nobody sees, in characters.
const MAX_PASTED_CHARS: usize = 255;

/// An address to make, or to put in place of another. What an update leaves out stays as it is.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = AddressFields)]
pub(crate) struct AddressFields {
    /// Who lives there.
    #[schema(value_type = String, max_length = 255, example = "Ada Lovelace")]
    full_name: Option<String>,
    /// Street and number.
    #[schema(value_type = String, max_length = 255, example = "12 St James's Square")]
    address_line1: Option<String>,
    /// Flat, floor.
    #[schema(max_length = 255, example = "Flat 2")]
    address_line2: Option<String>,
    /// Town.
    #[schema(value_type = String, max_length = 255, example = "London")]
    city: Option<String>,
    /// State or province.
    #[schema(max_length = 255, example = "")]
    state: Option<String>,
    /// Postal code; not every country has them.
    #[schema(max_length = 20, example = "SW1Y 4JH")]
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, in either case.
    #[schema(value_type = String, pattern = "^[A-Za-z]{2}$", example = "GB")]
    country: Option<String>,
    /// For the courier.
    #[schema(max_length = 32, example = "+44 20 7946 0958")]
    phone_number: Option<String>,
    /// Whether it is the one to offer first. A new default unsets the one before.
    #[schema(example = true)]
    pub(crate) is_default: Option<bool>,
    /// For staff, in a new address: whose it is; the caller's where it is left out.
    #[schema(value_type = Option<String>, max_length = 255, example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    pub(crate) user: Option<UserId>,
}

/// Any part of an address.
pub(crate) type AddressPatch = Partial<AddressFields>;

/// A country's code, ISO 3166-1 alpha-2.
struct Country(&'static str);

impl FieldValue for Country {
    fn read(value: &Value) -> Result<Self, Problem> {
        let Text(code) = Text::<MAX_LINE_CHARS>::read(value)?;
        let known = celes::Country::from_alpha2(&code);
        known.map(|country| Self(country.alpha2)).map_err(|_| {
            let code: String = code.chars().take(MAX_POSTAL_CODE_CHARS).collect();
            Problem::message(format!("\"{code}\" is not a valid choice."))
        })
    }
}

/// A phone number as people write or paste it: digits of any script, with a plus, spaces, brackets,
/// dots, hyphens, slashes and an extension. It is kept in plain characters.
struct Phone(String);

impl FieldValue for Phone {
    fn read(value: &Value) -> Result<Self, Problem> {
        let BlankText(pasted) = BlankText::<MAX_PASTED_CHARS>::read(value)?;
        let BlankText(text) = BlankText::<MAX_PHONE_CHARS>::read(&phone(&pasted).into())?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || "+ ()./-#*,;".contains(c);
        let has_digit = text.chars().any(|c| c.is_ascii_digit());
        if text.is_empty() || (has_digit && text.chars().all(is_part)) {
            Ok(Self(text))
        } else {
            Err(Problem::message("Enter a valid phone number."))
        }
    }
}

impl AddressFields {
    /// Reads what the caller may write of an address; the rest is ignored.
    ///
    /// # Errors
    /// 400 with every problem.
    pub(crate) fn read(body: JsonObject, mode: Mode, caller: &Caller) -> Outcome<Self> {
        let mut f = Fields::new(body.0, mode);
        let full_name = f.required::<Text<MAX_LINE_CHARS>>("full_name");
        let address_line1 = f.required::<Text<MAX_LINE_CHARS>>("address_line1");
        let address_line2 = f.optional::<BlankText<MAX_LINE_CHARS>>("address_line2");
        let city = f.required::<Text<MAX_LINE_CHARS>>("city");
        let state = f.optional::<BlankText<MAX_LINE_CHARS>>("state");
        let postal_code = f.optional::<BlankText<MAX_POSTAL_CODE_CHARS>>("postal_code");
        let country = f.required::<Country>("country");
        let phone_number = f.optional::<Phone>("phone_number");
        let is_default = f.optional::<bool>("is_default");
        let user = match mode {
            Mode::Create if caller.is_staff() => f.optional::<Text<MAX_LINE_CHARS>>("user"),
            Mode::Create | Mode::Update | Mode::Partial => None,
        };
        f.finish()?;
        Ok(Self {
            full_name: full_name.map(String::from),
            address_line1: address_line1.map(String::from),
            address_line2: address_line2.map(String::from),
            city: city.map(String::from),
            state: state.map(String::from),
            postal_code: postal_code.map(String::from),
            country: country.map(|country| country.0.to_owned()),
            phone_number: phone_number.map(|phone| phone.0),
            is_default,
            user: user.map(|user| UserId(user.0)),
        })
    }

    /// A new address.
    ///
    /// # Errors
    /// 500 where the fields were not read as those of a new address.
    pub(crate) fn into_address(self, id: AddressId) -> Outcome<Address> {
        let read = || {
            Some(Address {
                id,
                full_name: self.full_name?,
                address_line1: self.address_line1?,
                address_line2: self.address_line2.unwrap_or_default(),
                city: self.city?,
                state: self.state.unwrap_or_default(),
                postal_code: self.postal_code.unwrap_or_default(),
                country: self.country?,
                phone_number: self.phone_number.unwrap_or_default(),
            })
        };
        read().ok_or_else(|| Error::internal("a required field was neither read nor refused"))
    }

    /// The address with these changes.
    pub(crate) fn changed(self, address: Address) -> Address {
        Address {
            id: address.id,
            full_name: self.full_name.unwrap_or(address.full_name),
            address_line1: self.address_line1.unwrap_or(address.address_line1),
            address_line2: self.address_line2.unwrap_or(address.address_line2),
            city: self.city.unwrap_or(address.city),
            state: self.state.unwrap_or(address.state),
            postal_code: self.postal_code.unwrap_or(address.postal_code),
            country: self.country.unwrap_or(address.country),
            phone_number: self.phone_number.unwrap_or(address.phone_number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn countries_are_iso_3166_codes() {
        let read = |text: &str| Country::read(&json!(text)).map(|country| country.0);
        for (text, code) in [("GB", "GB"), ("de", "DE"), (" Us ", "US")] {
            assert_eq!(read(text), Ok(code), "{text}");
        }
        let refused = Problem::message("\"UK\" is not a valid choice.");
        assert_eq!(read("UK"), Err(refused));
        for bad in ["UK", "USA", "Germany", "1", "ß"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn phone_numbers_are_what_people_write() {
        let read = |text: &str| Phone::read(&json!(text)).map(|phone| phone.0);
        for good in ["", "+44 20 7946 0958", "(030) 901820", "555-0100 ext. 12", "0123/456.789"] {
            assert_eq!(read(good), Ok(good.to_owned()));
        }
        for pasted in
            ["+44\u{a0}20 7946\u{2013}0958", "\u{202a}+44 20 7946-0958\u{202c}", "＋４４ ２٠ 7946-0958"]
        {
            assert_eq!(read(pasted), Ok("+44 20 7946-0958".to_owned()), "{pasted}");
        }
        for bad in ["call me", "12\n34", "+", "<script>1", "1".repeat(33).as_str()] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
