//! What clients write of a store.

use crate::money::{currency_beside, fraction, shipping_costs};
use crate::partial::Partial;
use crate::slug::{self, Slug};
use jiff::Timestamp;
use oms_domain::catalog::{Store, StoreStatus};
use oms_domain::unpaid::{MAX_UNPAID_MINUTES, UnpaidLimits};
use oms_domain::{Caller, Currency, Decimal, Error, Outcome, ShippingMethod, StoreId, UserId};
use oms_http::JsonObject;
use oms_http::query::MAX_USER_CHARS;
use oms_http::validation::{Fields, Lines, Mode, Text, Whole};
use oms_runtime::config::Config;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 255;
/// The longest description, in characters. An order keeps a copy of it.
const MAX_DESCRIPTION_CHARS: usize = 2_000;

/// How long an order may stay unpaid.
type Minutes = Whole<1, { MAX_UNPAID_MINUTES as i64 }>;

/// A store to make, or to put in place of another. What an update leaves out stays as it is.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = StoreFields)]
pub(crate) struct StoreFields {
    /// Its name.
    #[schema(value_type = String, max_length = 255, example = "Mugs & More")]
    name: Option<String>,
    /// Its name in links; made from the name where it is left out.
    #[schema(max_length = 255, example = "mugs-more")]
    slug: Option<String>,
    /// What it says about itself.
    #[schema(max_length = 2_000, example = "Hand-made mugs")]
    description: Option<String>,
    /// For staff: the vendor whose it is. A vendor's new store is their own.
    #[schema(value_type = Option<String>, max_length = 255, example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    owner: Option<Option<UserId>>,
    /// The currency of all its prices, ISO 4217; the deployment's where it is left out. It is fixed
    /// once the store has had a product.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// Its tax, a fraction from 0 to 1; the deployment's where it is left out.
    #[schema(value_type = Option<String>, example = "0.1000")]
    tax_rate: Option<Decimal>,
    /// What it asks for shipping, by method; the usual price for those that are left out.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"standard": "5.00"}))]
    shipping_costs: Option<BTreeMap<ShippingMethod, Decimal>>,
    /// After how many minutes an order is cancelled that nobody has paid, at most 43,200; null for
    /// never.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 43_200, example = 60)]
    expire_unpaid_minutes: Option<Option<u32>>,
    /// The same for orders whose money people hand over: cash on delivery and bank transfers.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 43_200, example = 10_080)]
    expire_unpaid_manual_minutes: Option<Option<u32>>,
    /// `active` or `inactive`: whether it sells.
    #[schema(value_type = Option<String>, example = "active")]
    status: Option<StoreStatus>,
}

/// Any part of a store.
pub(crate) type StorePatch = Partial<StoreFields>;

impl StoreFields {
    /// Reads what the caller may write of a store whose currency is `currency` unless they change
    /// it; the rest is ignored.
    ///
    /// # Errors
    /// 400 with every problem.
    pub(crate) fn read(body: JsonObject, mode: Mode, caller: &Caller, currency: Currency) -> Outcome<Self> {
        let mut f = Fields::new(body.0, mode);
        let name = f.required::<Text<MAX_NAME_CHARS>>("name");
        let slug = f.optional::<Slug>("slug");
        let description = f.optional::<Lines<MAX_DESCRIPTION_CHARS>>("description");
        let owner = if caller.is_staff() { f.nullable::<Text<MAX_USER_CHARS>>("owner") } else { None };
        let new_currency = f.optional_as("currency", currency_beside(currency));
        let tax_rate = f.optional_as("tax_rate", fraction);
        let costs = shipping_costs(new_currency.unwrap_or(currency));
        let shipping_costs = f.optional_as("shipping_costs", costs);
        let expire_unpaid_minutes = f.nullable::<Minutes>("expire_unpaid_minutes");
        let expire_unpaid_manual_minutes = f.nullable::<Minutes>("expire_unpaid_manual_minutes");
        let status = f.optional::<StoreStatus>("status");
        f.finish()?;
        let minutes = |read: Option<Option<Minutes>>| {
            read.map(|minutes| minutes.and_then(|minutes| u32::try_from(minutes.0).ok()))
        };
        Ok(Self {
            name: name.map(|name| name.0),
            slug: slug.map(|slug| slug.0),
            description: description.map(|description| description.0),
            owner: owner.map(|owner| owner.map(|owner| UserId(owner.0))),
            currency: new_currency,
            tax_rate,
            shipping_costs,
            expire_unpaid_minutes: minutes(expire_unpaid_minutes),
            expire_unpaid_manual_minutes: minutes(expire_unpaid_manual_minutes),
            status,
        })
    }

    /// A new store, the caller's own where they are a vendor.
    ///
    /// # Errors
    /// 500 where the fields were not read as those of a new store.
    pub(crate) fn into_store(
        self,
        id: StoreId,
        caller: &Caller,
        config: &Config,
        now: Timestamp,
    ) -> Outcome<Store> {
        let missing = "a required field was neither read nor refused";
        let name = self.name.clone().ok_or_else(|| Error::internal(missing))?;
        let mut store = Store {
            id,
            slug: slug::of_name(&name, id),
            name,
            description: String::new(),
            owner: caller.is_vendor().then(|| caller.user.id.clone()),
            currency: config.currency,
            tax_rate: config.tax_rate,
            shipping_costs: BTreeMap::new(),
            unpaid_limits: UnpaidLimits::default(),
            status: StoreStatus::Active,
            created_at: now,
            updated_at: now,
        };
        self.change(&mut store, now);
        Ok(store)
    }

    /// Changes a store.
    pub(crate) fn change(self, store: &mut Store, now: Timestamp) {
        store.name = self.name.unwrap_or_else(|| std::mem::take(&mut store.name));
        store.slug = self.slug.unwrap_or_else(|| std::mem::take(&mut store.slug));
        if let Some(description) = self.description {
            store.description = description;
        }
        if let Some(owner) = self.owner {
            store.owner = owner;
        }
        store.currency = self.currency.unwrap_or(store.currency);
        store.tax_rate = self.tax_rate.unwrap_or(store.tax_rate);
        if let Some(costs) = self.shipping_costs {
            store.shipping_costs = costs;
        }
        let UnpaidLimits { minutes, manual_minutes } = &mut store.unpaid_limits;
        *minutes = self.expire_unpaid_minutes.unwrap_or(*minutes);
        *manual_minutes = self.expire_unpaid_manual_minutes.unwrap_or(*manual_minutes);
        store.status = self.status.unwrap_or(store.status);
        store.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::Role;
    use oms_domain::User;
    use oms_runtime::config::GatewayKeys;
    use serde_json::{Value, json};

    fn caller(role: Role) -> Caller {
        let (username, empty) = ("ada".to_owned(), String::new);
        let user = User {
            id: UserId("u-1".into()),
            username,
            email: empty(),
            first_name: empty(),
            last_name: empty(),
        };
        Caller { user, role }
    }

    fn read(body: Value, mode: Mode, role: Role) -> Outcome<StoreFields> {
        let Value::Object(body) = body else { unreachable!() };
        StoreFields::read(JsonObject(body), mode, &caller(role), Currency::USD)
    }

    #[test]
    fn only_staff_say_whose_a_store_is() {
        let body = json!({"name": "Mugs", "owner": "u-2"});
        let owner = |role| read(body.clone(), Mode::Create, role).unwrap().owner;
        assert_eq!(owner(Role::Staff), Some(Some(UserId("u-2".into()))));
        assert_eq!(owner(Role::Admin), Some(Some(UserId("u-2".into()))));
        assert_eq!(owner(Role::Vendor), None);
        let nobody = read(json!({"owner": null}), Mode::Partial, Role::Staff).unwrap();
        assert_eq!(nobody.owner, Some(None));
    }

    #[test]
    fn a_store_needs_a_name_and_nothing_else() {
        let missing = json!({"name": ["This field is required."]});
        for mode in [Mode::Create, Mode::Update] {
            let Err(Error::Invalid(details)) = read(json!({}), mode, Role::Staff) else { panic!() };
            assert_eq!(details, missing);
        }
        assert!(read(json!({}), Mode::Partial, Role::Staff).is_ok());
    }

    #[test]
    fn unpaid_orders_are_waited_for_from_a_minute_to_thirty_days_or_for_ever() {
        for name in ["expire_unpaid_minutes", "expire_unpaid_manual_minutes"] {
            for fits in [json!(1), json!(43_200), json!("60"), json!(null)] {
                assert!(read(json!({ name: fits }), Mode::Partial, Role::Vendor).is_ok(), "{name} {fits}");
            }
            for wrong in [json!(0), json!(-1), json!(43_201), json!(1.5), json!("soon"), json!(true)] {
                assert!(read(json!({ name: wrong }), Mode::Partial, Role::Vendor).is_err(), "{name} {wrong}");
            }
        }
        let limits = |body| {
            let mut store =
                read(json!({"name": "Mugs", "expire_unpaid_minutes": 60}), Mode::Create, Role::Staff)
                    .and_then(|fields| {
                        let config = config();
                        fields.into_store(
                            StoreId(uuid::Uuid::nil()),
                            &caller(Role::Staff),
                            &config,
                            Timestamp::MIN,
                        )
                    })
                    .unwrap();
            read(body, Mode::Partial, Role::Staff).unwrap().change(&mut store, Timestamp::MIN);
            store.unpaid_limits
        };
        let of = |minutes, manual_minutes| UnpaidLimits { minutes, manual_minutes };
        assert_eq!(limits(json!({})), of(Some(60), None), "what is left out stays");
        assert_eq!(limits(json!({"expire_unpaid_minutes": null})), of(None, None));
        assert_eq!(limits(json!({"expire_unpaid_manual_minutes": 90})), of(Some(60), Some(90)));
    }

    fn config() -> Config {
        let required = ["TABLE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let settings = |name: &str| required.contains(&name).then(|| name.to_owned());
        Config::from_lookup(GatewayKeys::NotNeeded, settings).unwrap()
    }

    #[test]
    fn shipping_costs_have_the_digits_of_the_currency_that_comes_with_them() {
        let body = |cost: &str| json!({"currency": "JPY", "shipping_costs": {"standard": cost}});
        assert!(read(body("500"), Mode::Partial, Role::Staff).is_ok());
        assert!(read(body("5.50"), Mode::Partial, Role::Staff).is_err());
        let alone = json!({"shipping_costs": {"standard": "5.50"}});
        assert!(read(alone, Mode::Partial, Role::Staff).is_ok());
    }
}
