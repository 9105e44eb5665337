//! What reads the table's stream and the queue: Lambda's event source mappings.

use super::Patient;
use super::finding::Finding;
use http::Request;
use oms_runtime::logging::chain;
use oms_runtime::sdk::signed::{self, Service};
use oms_workspace::report::Fault;
use serde_json::Value;

/// How many functions read the stream: template.yaml says why no more do.
const CONSUMERS: usize = 2;
/// The path of the list in Lambda's API.
const PATH: &str = "/2015-03-31/event-source-mappings/";

/// Whether the consumers read the stream that the table has now, and the worker its queue.
pub(super) async fn check(patient: &Patient, stream_arn: Option<&str>) -> Vec<Finding> {
    let given = |name: &str| patient.settings.get(name);
    let endpoint = given("AWS_ENDPOINT_URL_LAMBDA").or_else(|| given("AWS_ENDPOINT_URL"));
    let endpoint = match endpoint {
        Some(endpoint) => endpoint,
        None if patient.is_emulated() => {
            let what = "on this machine `cargo dev` reads stream and queue itself: see its functions.log";
            return vec![Finding::unknown("consumers", what)];
        }
        None => format!("https://lambda.{}.amazonaws.com", patient.config().aws.region),
    };
    let Some(stream) = stream_arn else { return Vec::new() };
    let worker = async |url: &Option<String>| {
        let arn = arn_of_queue(url.as_deref()?, &patient.config().aws.region)?;
        Some(of_source(patient, &endpoint, "worker", &arn, 1).await)
    };
    let (consumers, jobs, settlements) = futures::join!(
        of_source(patient, &endpoint, "consumers", stream, CONSUMERS),
        worker(&patient.config().queue_url),
        worker(&patient.config().settlements_queue_url)
    );
    consumers.into_iter().chain([jobs, settlements].into_iter().flatten().flatten()).collect()
}

/// The ARN of the queue at a URL: its account and its name are the last parts of the path.
fn arn_of_queue(url: &str, region: &str) -> Option<String> {
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (name, account) = (parts.next()?, parts.next()?);
    Some(format!("arn:aws:sqs:{region}:{account}:{name}"))
}

async fn of_source(
    patient: &Patient,
    endpoint: &str,
    name: &'static str,
    arn: &str,
    wanted: usize,
) -> Vec<Finding> {
    match list(patient, endpoint, arn).await {
        Ok(answer) => judge(name, arn, wanted, &answer),
        Err(error) => {
            let mend = format!(
                "allow lambda:ListEventSourceMappings, or see aws lambda list-event-source-mappings \
                 --event-source-arn {arn}"
            );
            vec![Finding::warn(name, chain(error.as_ref()), mend)]
        }
    }
}

/// What reads a source, as Lambda tells. A stream has two readers, so that one page is all.
async fn list(patient: &Patient, endpoint: &str, arn: &str) -> Result<Value, Fault> {
    let aws = &patient.config().aws;
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    let url = format!("{}{PATH}?EventSourceArn={encoded}", endpoint.trim_end_matches('/'));
    let service = Service { name: "lambda", region: &aws.region, timeout: patient.limit };
    let answer = signed::send(service, &aws.credentials, Request::get(&url).body(Vec::new())?).await?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    if answer.status().is_success() {
        return Ok(body);
    }
    let message = body["Message"].as_str().or_else(|| body["message"].as_str()).unwrap_or_default();
    Err(format!("Lambda answered {}: {message}", answer.status().as_u16()).into())
}

fn judge(name: &'static str, arn: &str, wanted: usize, answer: &Value) -> Vec<Finding> {
    let mappings = answer["EventSourceMappings"].as_array().cloned().unwrap_or_default();
    let text = |mapping: &Value, field: &str| mapping[field].as_str().unwrap_or_default().to_owned();
    let mut findings = Vec::new();
    let mut healthy = 0;
    for mapping in &mappings {
        let function = text(mapping, "FunctionArn");
        // Its name, behind which an alias may stand.
        let function = function.split(':').nth(6).unwrap_or(&function);
        let (state, result, id) =
            (text(mapping, "State"), text(mapping, "LastProcessingResult"), text(mapping, "UUID"));
        if state != "Enabled" {
            let mend = format!("aws lambda update-event-source-mapping --uuid {id} --enabled");
            findings.push(Finding::fail(name, format!("{function} does not read it: {state}"), mend));
        } else if result.starts_with("PROBLEM") {
            let mend = format!("see the log of {function}; what it cannot apply it tries again");
            findings.push(Finding::fail(name, format!("{function} fails: {result}"), mend));
        } else {
            healthy += 1;
        }
    }
    if mappings.len() < wanted {
        let mend = "deploy template.yaml again: a table that was restored or made anew has another stream";
        findings.push(Finding::fail(name, format!("{} of {wanted} read {arn}", mappings.len()), mend));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(name, format!("{healthy} read {arn}")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_source_needs_its_readers_enabled_and_well() {
        let mapping = |state: &str, result: &str| {
            json!({
                "UUID": "1", "FunctionArn": "arn:aws:lambda:eu-west-1:1:function:stats",
                "State": state, "LastProcessingResult": result,
            })
        };
        let told = |mappings: Vec<Value>| {
            let findings = judge("consumers", "arn", 2, &json!({ "EventSourceMappings": mappings }));
            let told = findings.into_iter().map(|finding| (finding.state, finding.what));
            told.collect::<Vec<_>>()
        };
        let well = mapping("Enabled", "OK");
        assert_eq!(told(vec![well.clone(), well.clone()]), [(State::Ok, "2 read arn".to_owned())]);
        assert_eq!(told(vec![well.clone()]), [(State::Fail, "1 of 2 read arn".to_owned())]);
        let off = mapping("Disabled", "No records processed");
        assert_eq!(
            told(vec![well.clone(), off]),
            [(State::Fail, "stats does not read it: Disabled".to_owned())]
        );
        let failing = mapping("Enabled", "PROBLEM: Function call failed");
        let what = "stats fails: PROBLEM: Function call failed".to_owned();
        assert_eq!(told(vec![well, failing]), [(State::Fail, what)]);
    }

    #[test]
    fn a_queue_is_known_by_its_url() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/oms-Jobs";
        let arn = "arn:aws:sqs:eu-west-1:123456789012:oms-Jobs";
        assert_eq!(arn_of_queue(url, "eu-west-1").as_deref(), Some(arn));
    }
}
