//! Whether there is anything to try: nothing is made before this is known.

use super::Smoke;
use super::api::{Answer, Api};
use super::journal::{Done, Journal};
use super::token;
use jiff::Timestamp;
use oms_workspace::report::Fault;
use std::time::Instant;

/// Looks at the API's health and at the token.
///
/// # Errors
/// No answer, another service, a gateway that takes real money, a token that is refused or no
/// admin's.
pub(super) async fn check(api: &Api, smoke: &Smoke, journal: &mut Journal<'_>) -> Result<(), Fault> {
    let began = Instant::now();
    let health = health(api).await?;
    let gateway = health.text("gateway");
    journal.end("health", began, told(&health));
    if gateway != "simulated" && !smoke.without_payment {
        return Err(format!(
            "the gateway is {gateway}, which takes real money: say --without-payment to leave paying out"
        )
        .into());
    }
    let began = Instant::now();
    let whose = allowed(api, &smoke.token).await?;
    journal.end("token", began, Ok(((), whose)));
    Ok(())
}

async fn health(api: &Api) -> Result<Answer, Fault> {
    let answer = api.get_as_stranger("/api/health/").await;
    let answer = answer.map_err(|why| format!("{} does not answer: {why}", api.base()))?;
    if answer.status != 200 || answer.text("gateway").is_empty() {
        return Err(format!("what answers at {} is not this API: {}", api.base(), answer.told()).into());
    }
    Ok(answer)
}

fn told(health: &Answer) -> Done<()> {
    let reached: Vec<String> = health.body["reached"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(what, how)| format!("{what} {}", how.as_str().unwrap_or_default()))
        .collect();
    let (version, gateway) = (health.text("version"), health.text("gateway"));
    let told = format!("version {version}, gateway {gateway}; reached: {}", reached.join(", "));
    if health.text("status") == "ok" { Ok(((), told)) } else { Err(told) }
}

/// Asks for what only admins may see, and what is cheap: the verified statistics of a store that is
/// none.
async fn allowed(api: &Api, token: &str) -> Result<String, Fault> {
    let path = format!("/api/orders/order_stats/?store={}&verify=true", uuid::Uuid::new_v4());
    let answer = api.get(&path).await?;
    let described = token::described(token, Timestamp::now());
    match answer.status.as_u16() {
        200 => Ok("an admin's".to_owned()),
        401 => Err(format!(
            "the token is refused; {described}. Issuer and audience must be those of the deployment \
             (AuthIssuer, AuthAudience)"
        )
        .into()),
        403 => Err(format!(
            "the token is no admin's, and only admins may delete the order in the end; {described}"
        )
        .into()),
        _ => Err(answer.told().into()),
    }
}
