use super::*;
use crate::testing::Server;

#[test]
fn the_roots_can_be_read() {
    assert_eq!(AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
    let _connector = connector(aws_roots());
}

#[tokio::test]
async fn what_a_url_holds_is_fetched_and_failures_are_told_apart() {
    assert_eq!(get(&Server::answering(200, "keys").url).await.unwrap(), "keys");
    let refused = get(&Server::answering(404, "no").url).await;
    assert!(matches!(refused, Err(FetchError::Status(404))));
    assert!(matches!(get("http://127.0.0.1:1/").await, Err(FetchError::Connection(_))));
    assert!(matches!(get("no url at all").await, Err(FetchError::Request(_))));
}
