//! The mail that the local stack sends.

use crate::http::Client;
use crate::stack::stack;
use serde_json::Value;

/// The mails to an address so far, as subject and text; those that were sent twice, once.
///
/// # Panics
/// Where the local stack does not show its mail.
pub async fn mails_to(address: &str) -> Vec<(String, String)> {
    let url = format!("{}/_ministack/ses/messages", stack().setting("SNS_URL"));
    let answer = Client::stranger().bare().get(url).send().await.expect("the mail can be read");
    let answer: Value =
        serde_json::from_str(&answer.text().await.expect("it has an end")).expect("it is JSON");
    let all = answer["messages"].as_object().into_iter().flat_map(|accounts| accounts.values());
    let all = all.filter_map(Value::as_array).flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut mails: Vec<_> = all
        .filter(|mail| mail["To"].as_array().is_some_and(|to| to.iter().any(|one| one == address)))
        .map(|mail| (text(&mail["Subject"]), text(&mail["BodyText"])))
        .collect();
    mails.dedup();
    mails
}
