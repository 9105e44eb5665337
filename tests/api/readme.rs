//! README.md's lines for a shell, run as they stand there.

use crate::operator::orderctl;
use oms_tests::stack::root;
use oms_tests::{eventually, stack};
use serde_json::Value;
use std::fs;
use tokio::process::Command;

/// What a reader types first; a test has its own stack's.
const SETTINGS: &str = "source .local/dev.env";

/// README.md's snippets for a shell.
fn snippets() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md can be read");
    let snippets = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    snippets.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_order_in_the_readme_lives_as_it_says() {
    let lives: Vec<String> = snippets().into_iter().filter(|one| one.starts_with(SETTINGS)).collect();
    let [life] = &lives[..] else { panic!("README.md has {} snippets that {SETTINGS}", lives.len()) };
    let settings = stack().directory().join("dev.env");
    let life = life.replace(SETTINGS, &format!("source '{}'", settings.display()));
    let said = bash(&life).await;
    let answers = answers(&said);
    let [paid, .., statistics, _] = &answers[..] else { panic!("{said}") };
    assert_eq!((&paid["status"], &paid["amount"]), (&"paid".into(), &"75.98".into()), "{said}");
    assert!(said.contains(r#""status":"delivered""#), "{said}");
    // The customer of the settings may have placed other orders in other tests.
    assert!(statistics["delivered_orders"].as_u64() >= Some(1), "{statistics}");
    let revenue: f64 = statistics["total_revenue"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    assert!(revenue >= 75.98, "{statistics}");
    // The notifications come by the stream: "a moment later" is what the last line promises.
    let (head, last) = (life.lines().take_while(|line| !line.is_empty()), life.lines().last());
    let asks_again: Vec<&str> = head.chain(last).collect();
    let asks_again = asks_again.join("\n");
    eventually(
        || async { self::answers(&bash(&asks_again).await) },
        |answers| {
            let told = answers.iter().flat_map(|page| page["results"].as_array()).flatten();
            told.map(|one| &one["notification_type"]).any(|kind| kind == "payment_success")
        },
    )
    .await;
}

/// What a shell prints that runs these lines.
async fn bash(lines: &str) -> String {
    let bash = Command::new("bash").args(["-euo", "pipefail", "-c", lines]).current_dir(root()).output();
    let bash = bash.await.expect("bash starts");
    let (said, errors) = (String::from_utf8_lossy(&bash.stdout), String::from_utf8_lossy(&bash.stderr));
    assert!(bash.status.success(), "{said}\n{errors}");
    said.into_owned()
}

/// The answers in JSON among what was printed.
fn answers(said: &str) -> Vec<Value> {
    said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The tools and the functions need not be there; what the line itself says must be right.
#[tokio::test]
async fn the_deploy_check_in_the_readme_gives_parameters_that_the_template_takes() {
    let lines = snippets().concat();
    let line = lines.lines().find_map(|line| line.strip_prefix("cargo run --bin orderctl -- "));
    let arguments: Vec<&str> = line.expect("README.md runs deploy-check").split_whitespace().collect();
    assert_eq!(arguments[0], "deploy-check");
    let (said, _) = orderctl("", "", &arguments).await;
    let judged: Vec<&str> = said
        .lines()
        .filter(|line| [" parameter ", " rule "].iter().any(|word| line.contains(word)))
        .collect();
    assert!(judged.len() >= 5 && judged.iter().all(|line| line.starts_with("ok ")), "{said}");
    let deploys = lines.lines().any(|line| {
        let given = arguments.iter().filter(|word| word.contains('='));
        line.starts_with("sam deploy ") && given.clone().all(|word| line.contains(*word))
    });
    assert!(deploys, "README.md checks other parameters than it deploys with");
}
