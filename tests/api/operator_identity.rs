//! Whom the table takes `orderctl` for, and where its settings come from.

use crate::operator::orderctl_with;
use oms_tests::{OwnTable, stack};
use std::fs;
use std::path::PathBuf;

/// A home with two profiles: one has keys, one a program that brings some.
fn home() -> PathBuf {
    let home = stack().directory().join(format!("home-{}", uuid::Uuid::new_v4().simple()));
    fs::create_dir_all(home.join(".aws")).expect("the stack's directory can be written");
    let program = r#"printf '{"Version": 1, "AccessKeyId": "orderctl-reads", "SecretAccessKey": "local"}'"#;
    let config =
        format!("[profile prover]\nregion = us-east-1\n\n[profile reader]\ncredential_process = {program}\n");
    fs::write(home.join(".aws/config"), config).expect("a file");
    let keys = "[prover]\naws_access_key_id = orderctl-verifies\naws_secret_access_key = local\n";
    fs::write(home.join(".aws/credentials"), keys).expect("a file");
    home
}

#[tokio::test]
async fn a_profile_is_read_as_the_aws_cli_reads_it() {
    let (table, home) = (OwnTable::create().await, home());
    let home = home.to_str().expect("a path");
    let dynamodb = stack().setting("DYNAMODB_URL");
    let verify = async |environment: &[(&str, &str)], arguments: &[&str]| {
        let environment = [&[("HOME", home)], environment].concat();
        orderctl_with(&environment, &table.name, dynamodb, &[&["verify"], arguments].concat()).await
    };
    // It comes before the keys of the environment.
    let (said, status) = verify(&[], &["--profile", "prover"]).await;
    assert_eq!((said.as_str(), status), ("0 orders, 1 scopes; drift 0\n", Some(0)));
    let (said, status) = verify(&[], &["--profile", "reader"]).await;
    assert!(
        said.contains("User: orderctl-reads is not authorized to perform: dynamodb:UpdateItem"),
        "{said}"
    );
    assert_eq!(status, Some(2));
    let (said, status) = verify(&[], &["--profile", "nobody"]).await;
    assert_eq!(status, Some(2), "{said}");
    // As a variable it is the last.
    let (said, status) = verify(&[("AWS_PROFILE", "reader")], &[]).await;
    assert_eq!(status, Some(0), "{said}");
    let without_keys = [("AWS_PROFILE", "reader"), ("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let (said, status) = verify(&without_keys, &[]).await;
    assert!(status == Some(2) && said.contains("User: orderctl-reads"), "{said}");
    let (said, status) = verify(&[("AWS_REGION", "")], &["--profile", "prover"]).await;
    assert_eq!(status, Some(0), "the region is the profile's: {said}");
    let (said, status) = verify(&[("AWS_REGION", ""), ("AWS_EC2_METADATA_DISABLED", "true")], &[]).await;
    assert!(status == Some(2) && said.contains("AWS_REGION is missing"), "{said}");
}

#[tokio::test]
async fn settings_come_from_a_file_and_credentials_never_do() {
    let table = OwnTable::create().await;
    let file = stack().directory().join(format!("{}.env", table.name));
    let lines = format!("TABLE_NAME={}\nexport AWS_ACCESS_KEY_ID='docs'\n", table.name);
    fs::write(&file, lines).expect("a file");
    let file = file.to_str().expect("a path");
    let arguments = ["--env-file", file, "verify"];
    let (said, status) =
        orderctl_with(&[], "the environment's", stack().setting("DYNAMODB_URL"), &arguments).await;
    assert_eq!((said.as_str(), status), ("0 orders, 1 scopes; drift 0\n", Some(0)));
    // What `cargo dev` gives its functions is such a file.
    let function = stack().directory().join("functions/payments.env");
    let arguments = ["--json", "--env-file", function.to_str().expect("a path"), "doctor"];
    let (said, status) = orderctl_with(&[], "", "", &arguments).await;
    for check in ["tokens", "gateway", "table", "topic", "jobs"] {
        let found = said
            .split("\"check\":")
            .any(|part| part.starts_with(&format!("\"{check}\"")) && part.contains("\"state\":\"ok\""));
        assert!(found, "{check}: {said}");
    }
    assert_eq!(status, Some(0), "{said}");
}
