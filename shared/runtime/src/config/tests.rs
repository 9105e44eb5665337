use super::*;
use crate::testing::config;

#[test]
fn defaults_are_those_of_the_page_of_settings() {
    let config = config(&[]).unwrap();
    assert_eq!(config.table_name, "oms");
    assert_eq!((config.cache_timeout.as_secs(), config.stats_cache_timeout.as_secs()), (300, 600));
    assert_eq!((config.page_size.get(), config.max_page_size.get()), (20, 100));
    assert_eq!(config.currency, Currency::USD);
    assert_eq!(config.tax_rate.to_string(), "0.1000");
    assert_eq!(config.time_zone, TimeZone::UTC);
    assert_eq!((config.stage, &config.payment_gateway), (Stage::Dev, &Gateway::Simulated));
    assert_eq!((config.max_stores_per_owner.get(), config.max_products_per_store.get()), (20, 5_000));
    assert_eq!(config.subscription_protocols, [Protocol::Email, Protocol::Https, Protocol::Sqs]);
    assert_eq!((config.list_shards, config.max_unpaid_orders), (1, 50));
    assert_eq!(config.rate_limit.map(NonZeroU32::get), Some(600));
    assert_eq!(config.log_level, LevelFilter::INFO);
    assert!(config.cors_origins.is_empty() && !config.debug_capacity && config.auth.is_none());
    assert_eq!(config.stack_name, None);
}

#[test]
fn stripe_needs_its_keys_and_shows_them_to_nobody() {
    let problems = config(&[("PAYMENT_GATEWAY", "stripe"), ("STRIPE_API_URL", "http://stripe.example")]);
    assert_eq!(
        problems.unwrap_err().problems,
        [
            "STRIPE_SECRET_KEY is missing: PAYMENT_GATEWAY is stripe",
            "STRIPE_WEBHOOK_SECRET is missing: PAYMENT_GATEWAY is stripe",
            "STRIPE_API_URL is \"http://stripe.example\", but must be an https URL",
        ]
    );
    let keys = [("STRIPE_SECRET_KEY", "sk_test_1"), ("STRIPE_WEBHOOK_SECRET", "whsec_1")];
    let config = config(&[&keys[..], &[("PAYMENT_GATEWAY", "stripe")]].concat()).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("sk_test_1") && !shown.contains("whsec_1"), "{shown}");
    let Gateway::Stripe(stripe) = config.payment_gateway else { panic!("it is stripe") };
    assert_eq!((stripe.secret_key.reveal(), &*stripe.api_url), ("sk_test_1", "https://api.stripe.com"));
}

#[test]
fn only_functions_that_move_money_need_keys() {
    let told = |name: &str| match name {
        "PAYMENT_GATEWAY" => Some("stripe".to_owned()),
        "STAGE" => Some("production".to_owned()),
        _ => Some(name.to_lowercase()).filter(|_| name == "TABLE_NAME" || name.starts_with("AWS_")),
    };
    let told = |name: &str| if name.starts_with("STRIPE") { None } else { told(name) };
    let config = Config::from_lookup(GatewayKeys::NotNeeded, told).unwrap();
    assert_eq!((config.payment_gateway.name(), config.stripe_webhook_secret.is_none()), ("stripe", true));
    assert_eq!(Config::from_lookup(GatewayKeys::Required, told).unwrap_err().problems.len(), 2);
}

/// Each stage with each gateway and kind of key: whether a function starts, and why not.
#[test]
fn production_takes_real_money_only() {
    let keys = ["sk_test_1", "rk_test_1", "sk_live_1", "rk_live_1"];
    let stripe = keys.map(|key| vec![("PAYMENT_GATEWAY", "stripe"), ("STRIPE_SECRET_KEY", key)]);
    let simulated = [vec![], vec![("PAYMENT_GATEWAY", "simulated")]];
    let test_key = "STRIPE_SECRET_KEY is a test key, which takes no money: STAGE is production";
    let no_money = "PAYMENT_GATEWAY is simulated, which takes no money: STAGE is production";
    let refused = [Some(no_money), Some(no_money), Some(test_key), Some(test_key), None, None];
    for (gateway, refused) in simulated.into_iter().chain(stripe).zip(refused) {
        for stage in ["", "dev", "test", "staging", "production"] {
            let stage_and_secret = [("STAGE", stage), ("STRIPE_WEBHOOK_SECRET", "whsec_1")];
            let problems = config(&[&gateway[..], &stage_and_secret].concat()).map(|config| config.stage);
            let problems = problems.map_err(|error| error.problems).err().unwrap_or_default();
            let expected: Vec<&str> = refused.into_iter().filter(|_| stage == "production").collect();
            assert_eq!(problems, expected, "{stage} {gateway:?}");
        }
    }
    let problems = config(&[("STAGE", "prod")]).unwrap_err().problems;
    assert_eq!(problems, ["STAGE is \"prod\", but must be dev, test, staging or production"]);
}

#[test]
fn every_problem_is_reported_at_once_with_its_variable_and_value() {
    let problems = config(&[
        ("TABLE_NAME", " "),
        ("CACHE_TIMEOUT", "soon"),
        ("PAGE_SIZE", "0"),
        ("MAX_PAGE_SIZE", "10"),
        ("CURRENCY", "DUCAT"),
        ("TAX_RATE", "12"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("PAYMENT_GATEWAY", "cash"),
        ("MAX_STORES_PER_OWNER", "0"),
        ("SUBSCRIPTION_PROTOCOLS", "email,fax"),
        ("MAX_UNPAID_ORDERS", "10001"),
        ("LIST_SHARDS", "65"),
        ("STOCK_SHARDS", "0"),
        ("CORS_ORIGINS", "shop.example.com"),
        ("RATE_LIMIT", "many"),
        ("LOG_LEVEL", "3"),
        ("DEBUG_CAPACITY", "perhaps"),
        ("AUTH_ISSUER", "the shop"),
        ("AUTH_AUDIENCE", "shop"),
    ])
    .unwrap_err()
    .problems;
    assert_eq!(
        problems,
        [
            "TABLE_NAME is missing",
            "AUTH_JWKS or AUTH_JWKS_URL is missing: it does not follow from AUTH_ISSUER, \"the shop\", \
             which is no https URL",
            "CACHE_TIMEOUT is \"soon\", but must be a number of seconds from 0 to 86400",
            "PAGE_SIZE is \"0\", but must be a whole number of at least 1",
            "CURRENCY is \"DUCAT\", but must be an ISO 4217 currency code",
            "TAX_RATE is \"12\", but must be a fraction from 0 to 1",
            "TIME_ZONE is \"Mars/Olympus\", but must be the name of a time zone, such as Europe/Paris",
            "PAYMENT_GATEWAY is \"cash\", but must be simulated or stripe",
            "MAX_STORES_PER_OWNER is \"0\", but must be a whole number of at least 1",
            "SUBSCRIPTION_PROTOCOLS is \"email,fax\", but must be a comma-separated list of email, https, sqs, sms",
            "MAX_UNPAID_ORDERS is \"10001\", but must be a number from 0 to 10000",
            "LIST_SHARDS is \"65\", but must be a number from 1 to 64",
            "STOCK_SHARDS is \"0\", but must be a number from 1 to 16",
            "CORS_ORIGINS is \"shop.example.com\", but must be a comma-separated list of origins such as \
             https://shop.example.com, or *",
            "RATE_LIMIT is \"many\", but must be a number of requests from 0 to 1000000",
            "LOG_LEVEL is \"3\", but must be one of OFF, ERROR, WARN, INFO, DEBUG, TRACE",
            "DEBUG_CAPACITY is \"perhaps\", but must be on or off",
            "PAGE_SIZE is 20, which is more than MAX_PAGE_SIZE, 10",
        ]
    );
}

#[test]
fn keys_are_fetched_over_tls_or_from_this_machine_only() {
    let source = |url| {
        config(&[("AUTH_ISSUER", "i"), ("AUTH_AUDIENCE", "a, b"), ("AUTH_JWKS_URL", url)])
            .map(|config| config.auth.unwrap())
    };
    assert_eq!(source("https://issuer.example/jwks").unwrap().audiences, ["a", "b"]);
    assert!(source("http://127.0.0.1:9000/jwks").is_ok());
    assert!(source("http://issuer.example/jwks").is_err());
    assert!(source("http://localhost.evil.example/jwks").is_err());
}

#[test]
fn keys_are_where_the_issuer_has_them_unless_a_setting_says_otherwise() {
    let keys = |settings: &[(&str, &str)]| {
        let settings = [&[("AUTH_AUDIENCE", "a")], settings].concat();
        config(&settings).map(|config| config.auth.unwrap().keys).map_err(|error| error.problems)
    };
    let url = |url: &str| Ok(KeySource::Url(url.to_owned()));
    let follows = url("https://issuer.example/pool/.well-known/jwks.json");
    assert_eq!(keys(&[("AUTH_ISSUER", "https://issuer.example/pool")]), follows);
    assert_eq!(keys(&[("AUTH_ISSUER", "https://issuer.example/pool/")]), follows);
    let other = ("AUTH_JWKS_URL", "https://keys.example/");
    assert_eq!(keys(&[("AUTH_ISSUER", "https://issuer.example"), other]), url("https://keys.example/"));
    let inline = Ok(KeySource::Inline("{}".to_owned()));
    assert_eq!(keys(&[("AUTH_ISSUER", "https://issuer.example"), ("AUTH_JWKS", "{}")]), inline);
    assert_eq!(keys(&[]).unwrap_err(), ["AUTH_ISSUER is missing"]);
}

#[test]
fn what_is_wrong_is_known_by_its_variable_without_its_value() {
    let error =
        config(&[("TABLE_NAME", ""), ("PAGE_SIZE", "a secret"), ("AUTH_ISSUER", "x"), ("AUTH_JWKS", "y")]);
    let error = error.unwrap_err();
    assert_eq!(error.variables().collect::<Vec<_>>(), ["TABLE_NAME", "AUTH_AUDIENCE", "PAGE_SIZE"]);
}

#[test]
fn one_endpoint_serves_the_services_that_have_none_of_their_own() {
    let aws = config(&[
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000"),
    ])
    .unwrap()
    .aws;
    assert_eq!(aws.dynamodb_endpoint.as_deref(), Some("http://127.0.0.1:8000"));
    assert_eq!(aws.sns_endpoint.as_deref(), Some("http://127.0.0.1:4566"));
    assert_eq!(aws.sqs_endpoint.as_deref(), Some("http://127.0.0.1:4566"));
    assert!(!format!("{aws:?}").contains("hidden"));
}

#[test]
fn no_limit_is_none() {
    assert_eq!(config(&[("RATE_LIMIT", "0")]).unwrap().rate_limit, None);
    assert!(config(&[("RATE_LIMIT", "1000001")]).is_err());
}
