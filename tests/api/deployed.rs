//! template.yaml deployed by `sam deploy`, as docs/deploying.md says, into an emulator of AWS.
//!
//! The emulator makes the resources that CloudFormation would, runs the functions, and feeds them
//! from the table's stream and the queue. It knows nothing of the routes that SAM writes into the
//! API's definition, so requests reach the functions by Lambda's own API, through a gateway that
//! reads the routes in the template. Nor does it hold the functions to their permissions.

use crate::sam_local::ARCHITECTURE;
use oms_tests::deployed::refused;
use oms_tests::shop::text;
use oms_tests::stack::root;
use oms_tests::{Aws, Client, Deployed, Mailbox, Person, Shop, eventually_within, stack};
use oms_workspace::template::{document, kind, section};
use oms_workspace::tokens::{AUDIENCE, ISSUER};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the consumers may take: each has to start, on a machine that may be busy with other
/// tests.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn sam_deploys_the_template_and_an_order_lives_there() {
    let aws = Aws::start().await;
    let architecture = format!("Architecture={}", ARCHITECTURE.0);
    let printed = refused(&aws, &[&architecture, "PaymentGateway=simulated"]).await;
    assert!(printed.contains("Say whose tokens are accepted, by AuthIssuer and AuthAudience"), "{printed}");

    let parameters = [
        &architecture,
        "PaymentGateway=simulated",
        "SettleAfterSeconds=1",
        &format!("AuthIssuer={ISSUER}"),
        &format!("AuthAudience={AUDIENCE}"),
        // Quotes within quotes, as docs/deploying.md says.
        &format!("AuthJwks={}", Value::String(stack().jwks().to_string())),
    ];
    let deployed = Deployed::with(aws, &parameters).await;
    check_resources(&deployed).await;
    check_health(&deployed).await;
    live_through(&deployed).await;
}

/// Everything that the template has without a condition is there, whole.
async fn check_resources(deployed: &Deployed) {
    assert_eq!(deployed.status(), "CREATE_COMPLETE");
    for (id, made) in &deployed.resources {
        assert_eq!(made.status, "CREATE_COMPLETE", "{id}: {made:?}");
    }
    let template = document(&root().join("template.yaml")).expect("template.yaml can be read");
    for (id, resource) in section(&template, "Resources") {
        let made = deployed.resources.get(&id);
        // There is an issuer, so no user pool is made.
        assert_eq!(made.is_some(), resource.get("Condition").is_none(), "{id}: {made:?}");
        if let (Some(made), "AWS::Serverless::Function") = (made, kind(&resource)) {
            let function = deployed.aws.function(&made.name).await;
            let function = function.unwrap_or_else(|| panic!("Lambda has no {id}"));
            let configuration = &function["Configuration"];
            assert_eq!(configuration["Runtime"], "provided.al2023", "{id}");
            assert_eq!(configuration["Architectures"], json!([ARCHITECTURE.0]), "{id}");
        }
    }
}

async fn check_health(deployed: &Deployed) {
    let health = Client::of(&deployed.api).get("/api/health/").await.expect(200);
    assert_eq!(health["reached"], json!({ "table": "ok", "topic": "ok", "queue": "ok" }), "{health}");
}

/// An order's life. It is settled by what the queue brings, counted and published by what the
/// stream brings.
async fn live_through(deployed: &Deployed) {
    let shop = Shop::open_at(&deployed.api).await;
    let store = json!({ "store": [shop.store["id"]] });
    let mailbox = Mailbox::at(&deployed.aws.url, deployed.output("TopicArn"), &store).await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    let waits = ada.pays_with(&order, "tok_timeout_after").await.expect(202);
    assert_eq!(waits["status"], "processing");
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let paid = eventually_within(
        PATIENCE,
        || async { ada.client.get(&path).await.expect(200) },
        |order: &Value| order["payment_status"] == "paid",
    );
    assert_eq!(paid.await["is_paid"], true);
    for (action, status) in
        [("confirm_order", "confirmed"), ("ship_order", "shipped"), ("deliver_order", "delivered")]
    {
        assert_eq!(shop.does(action, &order).await.expect(200)["status"], status);
    }
    check_statistics(deployed, &shop.store["id"]).await;
    let told = eventually_within(
        PATIENCE,
        || async { ada.client.get("/api/notifications/").await.expect(200) },
        |told: &Value| told["count"] == 4,
    );
    let told = told.await;
    let told = told["results"].as_array().expect("a page of notifications");
    let told: Vec<_> = told.iter().rev().map(|one| text(&one["notification_type"])).collect();
    assert_eq!(told, ["payment_success", "order_status_update", "shipping_update", "order_delivered"]);
    check_events(&mailbox).await;
}

/// The counters know of the order, and are what its store's log says.
async fn check_statistics(deployed: &Deployed, store: &Value) {
    let admin = Person::at(&deployed.api, "admin", Some("admin")).client;
    let path = format!("/api/orders/order_stats/?store={}&verify=true", text(store));
    let counted = eventually_within(
        PATIENCE,
        || async { admin.get(&path).await.expect(200) },
        |stats: &Value| stats["delivered_orders"] == 1 && stats["orders_behind"] == 0,
    );
    let counted = counted.await;
    assert_eq!((&counted["total_orders"], &counted["drift"]), (&json!(1), &json!(0)), "{counted}");
}

/// A queue that was subscribed to the stack's topic has heard of all that happened.
async fn check_events(mailbox: &Mailbox) {
    let expected = ["order.created", "payment.paid", "order.confirmed", "order.shipped", "order.delivered"];
    let events = mailbox.receive_within(PATIENCE, expected.len()).await;
    let heard: BTreeSet<_> = events.iter().map(|event| text(&event["event_type"])).collect();
    assert_eq!(heard, expected.into());
}
