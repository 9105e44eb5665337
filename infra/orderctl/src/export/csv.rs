//! What lists show of an order, as a line of CSV (RFC 4180), for spreadsheets.

use jiff::Timestamp;
use oms_domain::Order;

/// The columns. Times are in UTC, amounts in the order's currency.
pub(super) const HEADER: &str = "id,order_number,status,payment_status,payment_method,payment_reference,\
shipping_method,user,username,email,first_name,last_name,store,store_name,items,currency,subtotal,tax_amount,\
shipping_cost,discount_amount,total_amount,tracking_number,created_at,updated_at,confirmed_at,shipped_at,\
delivered_at,cancelled_at,deleted_at\r\n";

/// The line of an order, with its line break.
pub(super) fn line(order: &Order) -> String {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let cells = [
        order.id.to_string(),
        text(&order.order_number),
        order.status.to_string(),
        order.payment_status.to_string(),
        order.payment_method.to_string(),
        text(&order.payment_reference),
        order.shipping_method.to_string(),
        text(&order.user.id.0),
        text(&order.user.username),
        text(&order.user.email),
        text(&order.user.first_name),
        text(&order.user.last_name),
        order.store.id.to_string(),
        text(&order.store.name),
        order.lines.len().to_string(),
        order.currency.to_string(),
        order.subtotal.to_string(),
        order.tax_amount.to_string(),
        order.shipping_cost.to_string(),
        order.discount_amount.to_string(),
        order.total_amount.to_string(),
        text(&order.tracking_number),
        order.created_at.to_string(),
        order.updated_at.to_string(),
        time(order.confirmed_at),
        time(order.shipped_at),
        time(order.delivered_at),
        time(order.cancelled_at),
        time(order.deleted_at),
    ];
    cells.join(",") + "\r\n"
}

/// A cell of what people wrote. What a spreadsheet would take for a formula gets an apostrophe,
/// which it takes for the beginning of a text; numbers stay numbers.
fn text(written: &str) -> String {
    let is_formula = written.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(written);
    let shown = if is_formula { format!("'{written}") } else { written.to_owned() };
    if shown.contains([',', '"', '\r', '\n']) { format!("\"{}\"", shown.replace('"', "\"\"")) } else { shown }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (written, cell) in [
            ("Ada", "Ada"),
            ("", ""),
            ("Mugs, and \"more\"", "\"Mugs, and \"\"more\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+491701234567", "+491701234567"),
            ("-5", "-5"),
            ("-5.25", "-5.25"),
            ("-5+cmd|' /C calc'!A0", "'-5+cmd|' /C calc'!A0"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("\t=1", "'\t=1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(text(written), cell, "{written:?}");
        }
    }

    #[test]
    fn the_header_names_each_column_once() {
        let names: Vec<&str> = HEADER.trim_end().split(',').collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!((names.len(), unique.len()), (29, 29));
    }
}
