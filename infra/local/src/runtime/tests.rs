//! What is too large.

use axum::routing::{get, post};
use oms_workspace::template::Function;
use serde_json::Value;

use super::*;
use std::collections::BTreeMap;

/// What cargo-lambda has been told: the path's end, and the body.
type Told = Arc<Mutex<Vec<(String, Value)>>>;

fn function(name: &str, routes: &[&str]) -> Function {
    Function {
        id: name.to_owned(),
        name: name.to_owned(),
        timeout: Duration::from_secs(30),
        routes: routes.iter().map(|route| (*route).to_owned()).collect(),
        ..Function::default()
    }
}

/// The runtime API before a cargo-lambda that has these events, and what that is told.
async fn before(events: Vec<String>) -> (RuntimeApi, Told) {
    let told = Told::default();
    let events = Arc::new(Mutex::new(events.into_iter().enumerate()));
    let next = move || {
        let next = events.lock().unwrap().next();
        async move {
            match next {
                Some((number, event)) => ([(ID, format!("id-{number}"))], event).into_response(),
                None => std::future::pending().await,
            }
        }
    };
    let tell = {
        let told = Arc::clone(&told);
        move |path: axum::extract::Path<(String, String)>, body: axum::Json<Value>| {
            told.lock().unwrap().push((format!("{}/{}", path.0.0, path.0.1), body.0));
            async { StatusCode::ACCEPTED }
        }
    };
    let router = Router::new()
        .route("/.rt/{function}/2018-06-01/runtime/invocation/next", get(next))
        .route("/.rt/web/2018-06-01/runtime/invocation/{id}/{what}", post(tell.clone()))
        .route("/.rt/worker/2018-06-01/runtime/invocation/{id}/{what}", post(tell));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let functions = vec![function("web", &["$default"]), function("worker", &[])];
    let system = System {
        tables: Vec::new(),
        topics: Vec::new(),
        queues: Vec::new(),
        functions,
        operators: BTreeMap::new(),
    };
    (RuntimeApi::new(&url, &system), told)
}

async fn ask(api: &RuntimeApi, what: &str, body: String) -> (StatusCode, String) {
    let request = Request::post(format!("/{what}")).body(Body::from(body)).unwrap();
    let response = answer(State(api.clone()), request).await;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_and_the_next_one_handed_over() {
    for (function, refused, field) in
        [("web", "id-0/response", json!(413)), ("worker", "id-0/error", Value::Null)]
    {
        let largest = "x".repeat(PAYLOAD);
        let (api, told) = before(vec![format!("{largest}x"), largest.clone()]).await;
        let next = format!("{function}/1/2018-06-01/runtime/invocation/next");
        assert_eq!(ask(&api, &next, String::new()).await, (StatusCode::OK, largest));
        let told = told.lock().unwrap().clone();
        assert_eq!((told.len(), told[0].0.as_str(), &told[0].1["statusCode"]), (1, refused, &field));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_in_its_place() {
    for (function, end) in [("web", "response"), ("worker", "error")] {
        let (api, told) = before(vec!["{}".to_owned()]).await;
        let runtime = format!("{function}/1/2018-06-01/runtime/invocation");
        ask(&api, &format!("{runtime}/next"), String::new()).await;
        let answered = ask(&api, &format!("{runtime}/id-0/response"), "1".repeat(PAYLOAD + 1)).await;
        assert_eq!(answered.0, StatusCode::PAYLOAD_TOO_LARGE);
        let told = told.lock().unwrap().clone();
        assert_eq!((told.len(), told[0].0.as_str()), (1, format!("id-0/{end}").as_str()));
        let message = told[0].1["body"].as_str().or(told[0].1["errorMessage"].as_str()).unwrap();
        assert!(message.contains("Response payload size") || message.contains("AnswerTooLarge"), "{message}");
    }
}
