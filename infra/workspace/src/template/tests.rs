use super::*;

fn whole() -> Value {
    document(&crate::root().join("template.yaml")).unwrap()
}

pub(super) fn ours() -> System {
    read(&[("PaymentGateway", "simulated")]).unwrap()
}

fn read(more: &[(&str, &str)]) -> Result<System> {
    let parameters = [("AuthIssuer", "i"), ("AuthAudience", "a"), ("AuthJwks", "{}")];
    let parameters = parameters.iter().chain(more);
    let parameters = parameters.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    System::read(&crate::root().join("template.yaml"), &parameters, "http://127.0.0.1:1")
}

#[test]
fn no_gateway_is_chosen_by_default_and_only_who_moves_money_has_its_keys() {
    assert_eq!(
        read(&[]).unwrap_err().to_string(),
        "template.yaml: the parameter PaymentGateway has no local value"
    );
    let system = read(&[("PaymentGateway", "stripe"), ("StripeSecretKey", "k"), ("Stage", "production")]);
    let mut keyed = Vec::new();
    for function in system.unwrap().functions {
        let told = |name: &str| function.environment.get(name).map(String::as_str);
        assert_eq!((told("PAYMENT_GATEWAY"), told("STAGE")), (Some("stripe"), Some("production")));
        keyed.extend(told("STRIPE_SECRET_KEY").map(|_| function.name.clone()));
    }
    keyed.sort();
    assert_eq!(keyed, ["job-worker", "orders", "payments"]);
}

#[test]
fn the_table_has_its_indexes_stream_and_ttl() {
    let system = ours();
    let table = &system.tables[0];
    assert_eq!(table.name, "oms-Table");
    assert_eq!(table.ttl_attribute.as_deref(), Some("expires_at"));
    assert_eq!(table.definition["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(table.definition["GlobalSecondaryIndexes"][0]["IndexName"], "by-user");
}

/// What is only made where it is asked for.
#[test]
fn the_topic_of_the_alarms_is_none_of_the_local_system() {
    let named = |system: System| system.topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>();
    assert_eq!(named(ours()), ["oms-Topic"]);
    let told = read(&[("PaymentGateway", "simulated"), ("AlarmEmail", "ada@example.com")]).unwrap();
    assert_eq!(named(told), ["oms-AlarmTopic", "oms-Topic"]);
}

#[test]
fn a_function_gets_the_global_environment_empty_where_nothing_is_set() {
    let system = ours();
    let orders = system.functions.iter().find(|function| function.name == "orders").unwrap();
    assert_eq!(orders.environment["TABLE_NAME"], "oms-Table");
    assert_eq!(orders.environment["STACK_NAME"], "oms");
    assert_eq!(orders.environment["TOPIC_ARN"], "arn:aws:sns:us-east-1:000000000000:oms-Topic");
    assert_eq!(orders.environment["PAGE_SIZE"], "20");
    assert_eq!(orders.environment["AUTH_JWKS"], "{}");
    assert_eq!((&*orders.id, &*orders.environment["AUTH_JWKS_URL"]), ("Orders", ""));
}

#[test]
fn the_consumers_read_the_stream_as_deployed() {
    let system = ours();
    let stats = system.functions.iter().find(|function| function.name == "stats-aggregator").unwrap();
    let source = &stats.sources[0];
    assert_eq!(source.batch_size, 100);
    assert!(source.reports_item_failures);
    let SourceKind::Stream(stream) = &source.from else { panic!("no stream") };
    assert_eq!(stream.table, "oms-Table");
    assert!(stream.bisect && stream.from_the_beginning);
    assert_eq!(stream.maximum_retries, None);
    assert_eq!(stream.maximum_age, Some(Duration::from_secs(24 * 60 * 60)));
    assert_eq!(stream.parallelization_factor, 1);
    assert!(stream.on_failure.as_deref().unwrap().ends_with(":oms-StreamFailures"));
}

#[test]
fn the_worker_reads_its_queue_as_deployed() {
    let system = ours();
    let worker = system.functions.iter().find(|function| function.name == "job-worker").unwrap();
    let source = &worker.sources[0];
    assert!(source.reports_item_failures);
    let SourceKind::Queue(arn) = &source.from else { panic!("no queue") };
    let queue = system.queues.iter().find(|queue| queue.arn == *arn).unwrap();
    assert_eq!(worker.environment["QUEUE_URL"], queue.url);
    // Lambda refuses a queue whose messages come again while the function is at them.
    let visibility_s: u64 = queue.attributes["VisibilityTimeout"].parse().unwrap();
    assert!(Duration::from_secs(visibility_s) >= worker.timeout * 6);
    let redrive: Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).unwrap();
    assert!(redrive["deadLetterTargetArn"].as_str().unwrap().ends_with(":oms-JobFailures"));
    // The worker gives up of itself at the fifth.
    assert!(redrive["maxReceiveCount"].as_u64().unwrap() > 5);
}

#[test]
fn what_is_throttled_apart_has_a_route_of_its_own() {
    let template = whole();
    let mut routes: Vec<String> = Vec::new();
    for (_, resource) in section(&template, "Resources") {
        for (_, event) in section(&resource["Properties"], "Events") {
            let (method, path) = (&event["Properties"]["Method"], &event["Properties"]["Path"]);
            if kind(&event) == "HttpApi" && method.as_str().is_some_and(|method| method != "ANY") {
                routes.push(format!("{} {}", method.as_str().unwrap(), path.as_str().unwrap()));
            }
        }
    }
    let settings = section(&template["Resources"]["Api"]["Properties"], "RouteSettings");
    let mut settings: Vec<String> = settings.into_iter().map(|(route, _)| route).collect();
    routes.sort();
    settings.sort();
    assert_eq!(routes, settings);
    assert!(routes.contains(&"POST /api/orders/{proxy+}".to_owned()));
}

#[test]
fn a_route_of_one_method_must_be_part_of_one_of_any() {
    let routes = ["/api/orders", "/api/payments/{proxy+}"].map(str::to_owned);
    for (path, is_part) in [
        ("/api/orders", true),
        ("/api/orders/{proxy+}", false),
        ("/api/payments/webhook", true),
        ("/api/payments/webhook/{proxy+}", true),
        ("/api/payments", false),
    ] {
        assert_eq!(is_part_of_any(path, &routes), is_part, "{path}");
    }
}

#[test]
fn a_proxy_route_needs_two_paths_of_the_local_router() {
    assert_eq!(router_paths("/api/orders/{proxy+}"), ["/api/orders/", "/api/orders/{*rest}"]);
    assert_eq!(router_paths("/api/orders"), ["/api/orders"]);
    assert_eq!(router_paths("$default"), ["/", "/{*rest}"]);
}

/// `sam deploy --guided` asks for ever after a secret without a value, and asks of each route of an
/// API that says nothing about who may call it.
#[test]
fn a_guided_deploy_gets_to_its_end_with_enter_and_the_gateway() {
    let template = whole();
    let mut asked = Vec::new();
    for (name, parameter) in section(&template, "Parameters") {
        assert_ne!(parameter.get("NoEcho"), Some(&json!(true)), "{name}");
        asked.extend(parameter.get("Default").is_none().then_some(name));
    }
    assert_eq!(asked, ["PaymentGateway"]);
    let api = &template["Resources"]["Api"]["Properties"]["Auth"];
    assert!(api.as_object().is_some_and(|auth| !auth.is_empty()));
}

/// `sam build` must not build what is built, and `sam local` cannot leave a variable out.
#[test]
fn sam_takes_the_functions_as_they_were_built_with_every_variable_named() {
    let template = whole();
    for (name, resource) in section(&template, "Resources") {
        if kind(&resource) == "AWS::Serverless::Function" {
            assert_eq!(resource["Metadata"]["SkipBuild"], true, "{name}");
            assert!(!resource["Properties"]["Environment"].to_string().contains("AWS::NoValue"), "{name}");
        }
    }
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["Architectures"], json!([{ "Ref": "Architecture" }]));
    assert!(!globals["Environment"].to_string().contains("AWS::NoValue"));
    for service in ["", "_DYNAMODB", "_SNS", "_SQS"] {
        assert_eq!(globals["Environment"]["Variables"][format!("AWS_ENDPOINT_URL{service}")], "");
    }
}

#[test]
fn the_operators_policies_name_what_the_template_makes_and_those_who_read_write_nothing() {
    let system = ours();
    let made = |resource: &str| {
        section(&whole(), "Resources").iter().any(|(id, _)| resource == format!("oms-{id}*"))
    };
    let of = |key: &str| system.operators[key].iter();
    for statement in of("orderctl") {
        for resource in statement.resources.iter().filter(|resource| *resource != "*") {
            let name = resource.rsplit([':', '/']).next().unwrap();
            assert!(made(name), "{resource}");
        }
        assert!(statement.actions.iter().all(|action| !action.contains('*')), "{statement:?}");
    }
    let reads = ["Get", "BatchGet", "Query", "Scan", "Describe", "List"];
    let writes = of("orderctl-reads").flat_map(|statement| &statement.actions).filter(|action| {
        let name = action.split(':').nth(1).unwrap();
        !reads.iter().any(|read| name.starts_with(read))
    });
    assert_eq!(writes.collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(of("orderctl-verifies").any(|statement| statement.leading_keys == ["COUNTERS#ALL"]));
    // Who looks sees no item, and so nothing of anybody.
    let looks = of("orderctl-looks").flat_map(|statement| &statement.actions);
    let items = looks.filter(|action| {
        action.starts_with("dynamodb:") && !["Describe", "List"].iter().any(|does| action.contains(does))
    });
    assert_eq!(items.collect::<Vec<_>>(), Vec::<&String>::new());
}
