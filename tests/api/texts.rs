//! What people write: what is refused in it, what comes back of it, and what others read of it.

use crate::operations::{IGNORED, Operation, document, fields_of, operations, writer_of};
use oms_tests::shop::text;
use oms_tests::world::{Stage, Who, World};
use oms_tests::{Answer, Client, Mailbox, Person, Shop, eventually, mails_to, stack};
use reqwest::Method;
use serde_json::{Value, json};

const NO_CARDS: &str = "Card numbers are not accepted: send the gateway's token instead.";

/// Sends a body as it is written, which a JSON value of ours may not be able to hold.
async fn post_text(person: &Person, path: &str, body: String) -> Answer {
    let request = Client::stranger().bare().post(format!("{}{path}", stack().setting("API_URL")));
    let request = request.bearer_auth(person.client.token().expect("a person has a token"));
    let answer = request.header("Content-Type", "application/json").body(body).send().await;
    let answer = answer.expect("the API answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("the answer has an end");
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
}

/// The texts that clients may write in the body of an operation, each by its place, and how many
/// characters the document allows it.
fn texts_of(document: &Value, operation: &Operation) -> Vec<(String, u64)> {
    let mut texts = Vec::new();
    for (name, field) in fields_of(document, operation) {
        let entry = field["items"]["$ref"].as_str().and_then(|name| document.pointer(&name[1..]));
        let parts = entry.and_then(|entry| entry["properties"].as_object()).into_iter().flatten();
        texts.extend(parts.map(|(part, field)| (format!("/{name}/0/{part}"), field.clone())));
        texts.push((format!("/{name}"), field));
    }
    texts.into_iter().filter_map(|(place, field)| Some((place, field["maxLength"].as_u64()?))).collect()
}

/// A body with another value at a place that [`texts_of`] tells.
fn with(body: &Value, place: &str, value: Value) -> Value {
    let mut body = body.clone();
    match place.split('/').collect::<Vec<_>>()[..] {
        ["", list, "0", part] => body[list] = json!([{ part: value }]),
        ["", name] => body[name] = value,
        _ => panic!("{place} is no place in a body"),
    }
    body
}

/// What is asked of each text: one more character than it may have is refused, in words that tell
/// the limit, and a card's number is.
#[tokio::test]
async fn every_text_has_the_limit_that_the_document_says_and_takes_no_card_number() {
    let document = document().await;
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for operation in operations(&document).iter().filter(|operation| operation.body.is_some()) {
        let (who, stage) = writer_of(operation);
        let world = World::at(stage).await;
        let is_read = |place: &str| !IGNORED.contains(&&*format!("{}: {}", operation.id, &place[1..]));
        for (place, most) in texts_of(&document, operation).into_iter().filter(|(place, _)| is_read(place)) {
            let long = "a".repeat(usize::try_from(most).expect("a length") + 1);
            let too_long = format!("Ensure this field has no more than {most} characters.");
            let card = "4242424242424242 12/28";
            for (text, words) in [(&*long, &*too_long), (card, NO_CARDS)] {
                let body = operation.body.as_ref().expect("it has one");
                let mut sent = operation.clone();
                sent.body = Some(with(body, &place, json!(text)));
                let answer = sent.sent(&world, &world.who(who), &[]).await;
                if answer.body["details"].pointer(&place) != Some(&json!([words])) {
                    wrong.push(format!("{} {place}: {} {}", operation.id, answer.status, answer.text));
                }
                asked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked >= 120, "{asked}");
}

#[tokio::test]
async fn every_list_in_a_body_has_the_limit_that_the_document_says() {
    let document = document().await;
    let world = World::at(Stage::Payable).await;
    let mut limited = 0;
    for operation in operations(&document).iter().filter(|operation| operation.body.is_some()) {
        for (name, field) in fields_of(&document, operation) {
            let Some(most) = field["maxItems"].as_u64() else { continue };
            let many = vec![Value::Null; usize::try_from(most).expect("a length") + 1];
            let mut sent = operation.clone();
            sent.body.as_mut().expect("it has one")[&name] = json!(many);
            let answer = sent.sent(&world, &world.who(Who::Staff), &[]).await;
            let words = format!("Ensure this field has no more than {most} elements.");
            assert!(
                answer.status == 400 && answer.text.contains(&words),
                "{}: {}",
                operation.id,
                answer.text
            );
            limited += 1;
        }
    }
    assert!(limited >= 6, "{limited}");
}

#[tokio::test]
async fn a_card_number_is_refused_wherever_a_client_may_write_data_a_search_or_a_key() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let payment = json!({ "order": order["id"], "payment_method": "bank_transfer" });
    let made = ada.client.post("/api/payments/", payment).await.expect(201);
    let new_order = ada.order_of(&shop, &mug, 1);
    let new_item =
        json!({ "order": order["id"], "product": mug.product, "variant": mug.variant, "quantity": 1 });
    let payment_path = format!("/api/payments/{}/", text(&made["id"]));
    no_card_is_kept_as_data(&ada, &new_order, &new_item, &payment_path).await;
    let (post, orders) = (Method::POST, "/api/orders/");
    let searched = ada.client.get("/api/orders/?search=4242+4242+4242+4242").await;
    assert_eq!((searched.status, &searched.body["details"]), (400, &json!({ "search": [NO_CARDS] })));
    let keyed = [("Idempotency-Key", "4242-4242-4242-4242")];
    let keyed = ada.client.send(post, orders, Some(new_order), &keyed).await;
    assert_eq!((keyed.status, &keyed.body["code"]), (400, &json!("invalid_idempotency_key")));
    let named = [("X-Request-Id", "4242424242424242")];
    let named = ada.client.send(Method::GET, orders, None, &named).await;
    assert!(named.status == 200 && !named.header("x-request-id").contains("4242"));
}

/// Of what clients keep with an order, a line or a payment, no number and no name is a card's.
async fn no_card_is_kept_as_data(ada: &Person, new_order: &Value, new_item: &Value, payment_path: &str) {
    let (orders, items) = ("/api/orders/", "/api/order-items/");
    for kept in [json!({ "pan": 4_242_424_242_424_242_u64 }), json!({ "4242-4242-4242-4242": [true] })] {
        let answers = [
            (ada.client.post(orders, with(new_order, "/extra_data", kept.clone())).await, "extra_data"),
            (ada.client.post(items, with(new_item, "/extra_data", kept.clone())).await, "extra_data"),
            (ada.client.change(payment_path, json!({ "payment_details": kept })).await, "payment_details"),
        ];
        for (answer, field) in answers {
            assert_eq!(
                (answer.status, &answer.body["details"][field]),
                (400, &json!([NO_CARDS])),
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn what_stands_on_one_line_is_one_line_and_what_people_tell_each_other_may_be_more() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let refused = json!(["Control characters are not allowed."]);
    let address = format!("/api/addresses/{}/", text(&ada.address));
    for (field, words) in [
        ("city", "London\nPayment: Paid"),
        ("full_name", "Ada\r\nLovelace"),
        ("address_line1", "12\u{2028}Row"),
        ("phone_number", "12\n34"),
        ("postal_code", "SW1\tY"),
    ] {
        let answer = ada.client.change(&address, json!({ field: words })).await;
        assert_eq!((answer.status, &answer.body["details"][field]), (400, &refused), "{}", answer.text);
    }
    let order = ada.order(&shop, &mug, 1).await;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let cancel = format!("{path}cancel_order/");
    let answer = ada.client.change(&cancel, json!({ "reason": "No\n\nPayment: Paid" })).await;
    assert_eq!((answer.status, &answer.body["details"]["reason"]), (400, &refused));
    for (field, words) in
        [("tracking_number", "1Z\n"), ("payment_reference", "a\u{7f}b"), ("notes", "a\u{1b}[2J")]
    {
        let answer = shop.vendor.client.change(&path, json!({ field: words })).await;
        let is_trimmed = words == "1Z\n";
        assert_eq!(answer.status, if is_trimmed { 200 } else { 400 }, "{field}: {}", answer.text);
    }
    let lines = "Ring twice,\r\n\tthen wait.";
    assert_eq!(ada.client.change(&path, json!({ "notes": lines })).await.expect(200)["notes"], lines);
}

#[tokio::test]
async fn a_telephone_number_is_taken_as_it_is_pasted() {
    let ada = Shop::open().await.customer().await;
    let path = format!("/api/addresses/{}/", text(&ada.address));
    for pasted in ["+49\u{a0}30\u{a0}901820", "\u{202a}+49 30 901820\u{202c}", "＋４９ ٣٠ 901820"] {
        let shown = ada.client.change(&path, json!({ "phone_number": pasted })).await.expect(200);
        assert_eq!(shown["phone_number"], "+49 30 901820", "{pasted}");
    }
}

#[tokio::test]
async fn a_mail_says_whose_words_it_repeats() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let path = format!("/api/addresses/{}/", text(&ada.address));
    ada.client.change(&path, json!({ "city": "\u{202e}nodnoL\u{202c} \"Paid\"" })).await.expect(200);
    let mail = format!("said-{}@shop.example.com", uuid::Uuid::new_v4().simple());
    let store = &shop.store["id"];
    let mailbox = Mailbox::of_store(text(store)).await;
    let subscription =
        json!({ "protocol": "email", "endpoint": mail, "event_types": ["order.cancelled"], "store": store });
    shop.vendor.client.post("/api/notifications/subscriptions/", subscription).await.expect(201);
    let order = ada.order(&shop, &mug, 1).await;
    let cancel = format!("/api/orders/{}/cancel_order/", text(&order["id"]));
    let reason = json!({ "reason": "Too late. Payment:\u{202e} \"Paid\"" });
    ada.client.change(&cancel, reason).await.expect(200);
    mailbox.receive(1).await;
    let mails = eventually(|| mails_to(&mail), |mails| !mails.is_empty()).await;
    let (_, body) = &mails[0];
    let number = text(&order["order_number"]);
    for part in [
        format!("Order {number} has been cancelled. The customer wrote: \"Too late. Payment: 'Paid'\"\n"),
        "Mugs & More, for the customer \"".to_owned(),
        " in \"nodnoL 'Paid'\", GB\n".to_owned(),
    ] {
        assert!(body.contains(&part), "{part:?} is not in:\n{body}");
    }
    assert!(!body.contains(['\u{202e}', '\u{202c}']));
}

#[tokio::test]
async fn numbers_that_clients_keep_with_an_order_come_back_as_they_were_sent() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let numbers = "[0.1,2.675,3.141592653589793238,123456789012345678901234567890,-18446744073709551616,0.30000000000000004]";
    let data = format!("{{\"n\":{numbers},\"text\":\"\u{10FFFF}1\"}}");
    let order = ada.order_of(&shop, &mug, 1).to_string();
    let body = format!("{},\"extra_data\":{data}}}", &order[..order.len() - 1]);
    let placed = post_text(&ada, "/api/orders/", body).await;
    assert!(placed.status == 201 && placed.text.contains(&data), "{}", placed.text);
    let order = placed.body;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let read = ada.client.get(&path).await;
    assert!(read.text.contains(&data), "{}", read.text);
    let tag = [("If-None-Match", read.header("etag"))];
    assert_eq!(ada.client.send(Method::GET, &path, None, &tag).await.status, 304);

    ada.client.change(&path, json!({ "extra_data": {} })).await.expect(200);
    let then = ada.client.get(&format!("{path}?as_of=1")).await;
    let history = ada.client.get(&format!("{path}history/")).await;
    assert!(then.text.contains(&data) && history.text.contains(&data), "{}", history.text);
    let payment = format!(
        "{{\"order\":\"{}\",\"payment_method\":\"credit_card\",\"payment_details\":{data}}}",
        text(&order["id"])
    );
    let payment = post_text(&ada, "/api/payments/", payment).await;
    assert!(payment.status == 201 && payment.text.contains(numbers), "{}", payment.text);
    let beyond =
        post_text(&ada, "/api/payments/", "{\"order\": 1e400, \"payment_details\": {\"n\": 1e400}}".into())
            .await;
    let words = "Ensure that the numbers in this value have at most 125 digits.";
    assert_eq!((beyond.status, &beyond.body["details"]["payment_details"]), (400, &json!([words])));
}

#[tokio::test]
async fn a_search_finds_a_word_in_either_case_of_any_script() {
    let shop = Shop::open().await;
    for name in ["ΣΥΜΒΑΣ", "Straße"] {
        shop.sells(name, 1).await;
    }
    let store = text(&shop.store["id"]);
    for (search, found) in [("συμβας", "ΣΥΜΒΑΣ"), ("STRASSE", "Straße"), ("strasse", "Straße")]
    {
        let path = format!("/api/products/?store={store}&search={search}");
        let page = shop.vendor.client.get(&path).await.expect(200);
        assert_eq!((&page["count"], &page["results"][0]["name"]), (&json!(1), &json!(found)), "{search}");
    }
    let many = format!("/api/products/?search={}", vec!["a"; 21].join("+"));
    let many = shop.vendor.client.get(&many).await;
    let words = "Ensure this search has no more than 20 words.";
    assert_eq!((many.status, &many.body["details"]["search"]), (400, &json!([words])));
}

#[tokio::test]
async fn an_amount_finer_than_its_currency_is_refused_in_orders_too() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let words = json!(["Ensure that there are no more than 2 decimal places."]);
    let mut priced = json!({ "user": ada.id, "discount_amount": "0.005" });
    for (field, value) in ada.order_of(&shop, &mug, 1).as_object().expect("an object") {
        priced[field] = value.clone();
    }
    let answer = shop.staff.client.post("/api/orders/", priced.clone()).await;
    assert_eq!((answer.status, &answer.body["details"]), (400, &json!({ "discount_amount": words })));
    priced["items"][0]["unit_price"] = json!(10.005);
    let answer = shop.staff.client.post("/api/orders/", priced).await;
    assert_eq!(
        (answer.status, &answer.body["details"]),
        (400, &json!({ "items": [{ "unit_price": words }] }))
    );
    let order = ada.order(&shop, &mug, 1).await;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let answer = shop.vendor.client.change(&path, json!({ "discount_amount": 0.0001 })).await;
    assert_eq!((answer.status, &answer.body["details"]), (400, &json!({ "discount_amount": words })));
    let item = format!("/api/order-items/{}/", text(&order["items"][0]["id"]));
    let answer = shop.vendor.client.change(&item, json!({ "unit_price": "9.999" })).await;
    assert_eq!((answer.status, &answer.body["details"]), (400, &json!({ "unit_price": words })));
}
