//! What operations answer, as the OpenAPI document says it: one type for each kind of operation,
//! for `responses(...)` of `#[utoipa::path]`.
//!
//! A handler names its kind, and behind it what is its own, which takes the place of what the kind
//! says of the same status:
//!
//! ```ignore
//! responses(Changed<OrderView>, ManagersOnly, (status = 400, description = "It is not paid")),
//! ```
//!
//! An error needs no body here: the document gives all of them the same one. It also adds what
//! follows from an operation's method and path alone, such as 401, 409 and 412.

use crate::Page;
use crate::views::Deleted;
use serde_json::Value;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// The answers of an operation by their status.
type Answers = BTreeMap<String, RefOr<Response>>;

/// Where an answer keeps the schemas of its body until the document declares them: utoipa itself
/// declares those alone that a path names.
pub const SCHEMAS: &str = "x-schemas";

/// One `T` is read: 200, and 404 where there is none for the caller.
#[derive(Debug)]
pub struct Read<T>(PhantomData<T>);

/// A page of a list is read: 200, and 404 for a page that there is none of.
#[derive(Debug)]
pub struct Listed<L>(PhantomData<L>);

/// A `T` is made: 201, and 400 for what the body says.
#[derive(Debug)]
pub struct Created<T>(PhantomData<T>);

/// One `T` is changed: 200, 400 for what the body says, and 404 where there is none for the caller.
#[derive(Debug)]
pub struct Changed<T>(PhantomData<T>);

/// One `T` is removed: 200, and 404 where there is none for the caller.
#[derive(Debug)]
pub struct Removed<T>(PhantomData<T>);

/// 403 for everybody but those who run the order.
#[derive(Debug)]
pub struct ManagersOnly;

/// 403 for customers.
#[derive(Debug)]
pub struct SellersOnly;

/// 403 for everybody who sees the `T`, but does not run the store that it belongs to.
#[derive(Debug)]
pub struct WritersOnly<T>(PhantomData<T>);

/// A page of a list, under the name that its schema has in the document.
pub trait List: ToSchema {
    /// That name.
    #[must_use]
    fn schema_name() -> String {
        Self::name().into_owned()
    }

    /// The schemas of its entries, where the page's own schema does not name them.
    #[must_use]
    fn entries() -> Vec<(String, RefOr<Schema>)> {
        Vec::new()
    }
}

impl<T: ToSchema> List for Page<T> {
    fn schema_name() -> String {
        format!("{}_{}", Self::name(), T::name())
    }

    fn entries() -> Vec<(String, RefOr<Schema>)> {
        vec![(T::name().into_owned(), T::schema())]
    }
}

impl<T: ToSchema> IntoResponses for Read<T> {
    fn responses() -> Answers {
        answers([with_body::<T>("200", format!("The {}", noun::<T>())), not_found::<T>()])
    }
}

impl<L: List> IntoResponses for Listed<L> {
    fn responses() -> Answers {
        let page = with_named_body::<L>("200", "A page".to_owned(), L::schema_name(), L::entries());
        answers([page, error("404", "No such page")])
    }
}

impl<T: ToSchema> IntoResponses for Created<T> {
    fn responses() -> Answers {
        answers([with_body::<T>("201", format!("The {}", noun::<T>())), error("400", "A field is wrong")])
    }
}

impl<T: ToSchema> IntoResponses for Changed<T> {
    fn responses() -> Answers {
        let changed = with_body::<T>("200", format!("The {} as it is now", noun::<T>()));
        answers([changed, error("400", "A field is wrong"), not_found::<T>()])
    }
}

impl<T: ToSchema> IntoResponses for Removed<T> {
    fn responses() -> Answers {
        answers([with_body::<Deleted>("200", "It is gone".to_owned()), not_found::<T>()])
    }
}

impl IntoResponses for ManagersOnly {
    fn responses() -> Answers {
        answers([error("403", "The caller does not run the order")])
    }
}

impl IntoResponses for SellersOnly {
    fn responses() -> Answers {
        answers([error("403", "The caller is neither vendor nor staff")])
    }
}

impl<T: ToSchema> IntoResponses for WritersOnly<T> {
    fn responses() -> Answers {
        answers([error("403", format!("The {} is not the caller's to write", noun::<T>()))])
    }
}

fn answers<const N: usize>(all: [(&str, Response); N]) -> Answers {
    all.into_iter().map(|(status, answer)| (status.to_owned(), answer.into())).collect()
}

fn error(status: &str, description: impl Into<String>) -> (&str, Response) {
    (status, Response::new(description))
}

fn not_found<T: ToSchema>() -> (&'static str, Response) {
    error("404", format!("No such {} for the caller", noun::<T>()))
}

fn with_body<T: ToSchema>(status: &str, description: String) -> (&str, Response) {
    with_named_body::<T>(status, description, T::name().into_owned(), Vec::new())
}

fn with_named_body<T: ToSchema>(
    status: &str,
    description: String,
    name: String,
    mut schemas: Vec<(String, RefOr<Schema>)>,
) -> (&str, Response) {
    let content = Content::new(Some(Ref::from_schema_name(&name)));
    schemas.push((name, T::schema()));
    T::schemas(&mut schemas);
    let schemas: BTreeMap<String, RefOr<Schema>> = schemas.into_iter().collect();
    let schemas = serde_json::to_value(schemas).unwrap_or(Value::Null);
    let answer = ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .extensions(Some(Extensions::from_iter([(SCHEMAS, schemas)])));
    (status, answer.build())
}

/// What people call a `T`: `order` for `OrderView`.
fn noun<T: ToSchema>() -> String {
    let name = T::name();
    name.strip_suffix("View").unwrap_or(&name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::order::OrderView;

    fn descriptions(answers: &Answers) -> Vec<(&str, &str)> {
        let described = answers.iter().map(|(status, answer)| match answer {
            RefOr::T(answer) => (status.as_str(), answer.description.as_str()),
            RefOr::Ref(_) => panic!("{status} is a reference"),
        });
        described.collect()
    }

    #[test]
    fn a_kind_of_operation_speaks_of_what_it_is_about() {
        let changed = Changed::<OrderView>::responses();
        assert_eq!(
            descriptions(&changed),
            [
                ("200", "The order as it is now"),
                ("400", "A field is wrong"),
                ("404", "No such order for the caller"),
            ]
        );
        let writers = WritersOnly::<OrderView>::responses();
        assert_eq!(descriptions(&writers), [("403", "The order is not the caller's to write")]);
    }

    #[test]
    fn a_page_is_called_by_what_it_lists() {
        assert_eq!(Page::<OrderView>::schema_name(), "Page_OrderView");
    }
}
