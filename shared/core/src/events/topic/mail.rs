//! What a person reads: the mail and the short text of an event, for those who run the store.
//!
//! What a customer has typed is quoted, on one line and as it looks ([`one_line`]), behind words of
//! ours that say whose it is: a town must not read like a message of the shop.

use jiff::Timestamp;
use oms_domain::text::one_line;
use oms_domain::{Address, Change, Decimal, Line, Order, User};
use oms_http::views::money;

/// The longest name of a product, a variant, a customer or a town in a mail, in characters: 40
/// lines of them must fit into a message, whatever the alphabet.
const MAX_NAME_CHARS: usize = 70;
/// How wide the left column may become, in characters.
const MAX_COLUMN: usize = 60;
/// The longest short text, in characters: what one text message holds.
const MAX_SHORT_CHARS: usize = 140;

/// The mail: what happened, for whom, what was bought, what it comes to, where the parcel is.
pub(super) fn write(
    order: &Order,
    change: &Change,
    what_happened: &str,
    tracking_url: Option<&str>,
) -> String {
    let (store, address) = (one_line(&order.store.name), place(&order.shipping_address));
    let mut text = format!(
        "{what_happened}\n\n{store}, for the customer {} in {address}\n\n",
        quoted(&name(&order.user, &order.shipping_address))
    );
    let lines = order.lines.iter().map(|line| (bought(line), amount(order, line.total_price)));
    let rows: Vec<_> = lines.chain([(String::new(), String::new())]).chain(sums(order)).collect();
    text += &columns(&rows);
    text += &format!("\nPayment: {}, {}\n", order.payment_method.label(), order.payment_status.label());
    if !order.tracking_number.is_empty() {
        text += &format!("Tracking: {}\n", tracking(&one_line(&order.tracking_number), tracking_url));
    }
    if let Some(at) = order.estimated_delivery {
        text += &format!("Expected: {}\n", at.strftime("%-d %B %Y"));
    }
    text + &format!("\n{}, version {} of order {}\n", moment(change.at), change.version, order.id)
}

/// The first characters of a sentence, for a telephone.
pub(super) fn short(sentence: &str) -> String {
    shortened(sentence, MAX_SHORT_CHARS)
}

fn sums(order: &Order) -> Vec<(String, String)> {
    let row = |name: &str, value| (name.to_owned(), amount(order, value));
    let mut rows = vec![row("Subtotal", order.subtotal)];
    if !order.discount_amount.is_zero() {
        rows.push(row("Discount", -order.discount_amount));
    }
    rows.extend([
        row("Tax", order.tax_amount),
        row(order.shipping_method.label(), order.shipping_cost),
        row("Total", order.total_amount),
    ]);
    rows
}

fn bought(line: &Line) -> String {
    let name = shortened(&line.product.name, MAX_NAME_CHARS);
    let variant = line.variant.as_ref().map(|variant| shortened(&variant.name, MAX_NAME_CHARS));
    let variant = variant.map(|variant| format!(" ({variant})")).unwrap_or_default();
    format!("{} x {name}{variant}", line.quantity)
}

fn amount(order: &Order, amount: Decimal) -> String {
    format!("{} {}", order.currency.code(), money(amount, order.currency))
}

/// What a customer is called: one whose name nobody knew when somebody placed the order for them is
/// who lives where it goes.
fn name(user: &User, goes_to: &Address) -> String {
    let name = format!("{} {}", user.first_name, user.last_name);
    match name.trim() {
        "" if user.username == user.id.0 => goes_to.full_name.clone(),
        "" => user.username.clone(),
        name => name.to_owned(),
    }
}

/// The town: what says where it goes, without saying where somebody lives.
fn place(address: &Address) -> String {
    format!("{}, {}", quoted(&address.city), address.country)
}

fn tracking(number: &str, tracking_url: Option<&str>) -> String {
    let encoded = form_urlencoded::byte_serialize(number.as_bytes()).collect::<String>();
    match tracking_url {
        // Some carriers give a link for a number.
        Some(_) | None if number.starts_with("https://") => number.to_owned(),
        Some(url) => format!("{number}, {}", url.replace("{}", &encoded.replace('+', "%20"))),
        None => number.to_owned(),
    }
}

/// Two columns, the right one ending in one line; a long left one takes a line of its own.
fn columns(rows: &[(String, String)]) -> String {
    let width = |of: fn(&(String, String)) -> &String| rows.iter().map(|row| of(row).chars().count()).max();
    let left = width(|row| &row.0).unwrap_or_default().min(MAX_COLUMN);
    let right = width(|row| &row.1).unwrap_or_default();
    let mut text = String::new();
    for (name, value) in rows {
        let line = format!("  {name:<left$}  {value:>right$}");
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// What a customer has typed, as theirs.
fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text, MAX_NAME_CHARS).replace('"', "'"))
}

/// A text on one line, of so many characters.
fn shortened(text: &str, most: usize) -> String {
    let text = &one_line(text);
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracking_number_leads_to_the_carrier() {
        let url = Some("https://track.example/?parcel={}&lang=en");
        let link = "1Z 9&9, https://track.example/?parcel=1Z%209%269&lang=en";
        assert_eq!(tracking("1Z 9&9", url), link);
        assert_eq!(tracking("1Z99", None), "1Z99");
        assert_eq!(tracking("https://carrier.example/1Z99", url), "https://carrier.example/1Z99");
    }

    #[test]
    fn whose_name_nobody_knows_is_who_lives_where_it_goes() {
        let id = oms_domain::UserId("5f2c3c0e".into());
        let user = |username: &str, first_name: &str| User {
            id: id.clone(),
            username: username.into(),
            email: String::new(),
            first_name: first_name.into(),
            last_name: String::new(),
        };
        let address = serde_json::json!({
            "id": uuid::Uuid::nil(), "full_name": "Ada Lovelace", "address_line1": "12 St James's Square",
            "city": "London", "country": "GB",
        });
        let address: Address = serde_json::from_value(address).unwrap();
        assert_eq!(name(&user("5f2c3c0e", ""), &address), "Ada Lovelace");
        assert_eq!(name(&user("ada", ""), &address), "ada");
        assert_eq!(name(&user("ada", "Ada"), &address), "Ada");
    }

    #[test]
    fn amounts_stand_in_one_column() {
        let rows = [("2 x Mug (Blue)", "USD 59.98"), ("", ""), ("Total", "USD 175.98")];
        let rows = rows.map(|(left, right)| (left.to_owned(), right.to_owned()));
        assert_eq!(columns(&rows), "  2 x Mug (Blue)   USD 59.98\n\n  Total           USD 175.98\n");
    }

    #[test]
    fn what_a_customer_has_typed_is_quoted_on_one_line() {
        assert_eq!(quoted("Berlin\r\n\r\nPayment: Paid"), "\"Berlin Payment: Paid\"");
        assert_eq!(quoted("\u{202E}nilreB\u{202C}\" to\u{200B}day"), "\"nilreB' today\"");
        assert_eq!(quoted(&"é".repeat(500)).chars().count(), MAX_NAME_CHARS + 2);
    }

    #[test]
    fn a_short_text_is_short() {
        assert_eq!(short(&"é".repeat(200)).chars().count(), MAX_SHORT_CHARS);
        assert_eq!(short("Order shipped."), "Order shipped.");
    }
}
