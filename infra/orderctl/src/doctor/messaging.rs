//! The topic and the queues.

use super::Patient;
use super::finding::Finding;
use aws_sdk_sqs::types::QueueAttributeName;
use oms_runtime::logging::chain;
use oms_runtime::sdk;
use std::collections::HashMap;

/// Whether events, jobs and failures have where to go.
pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let (of_jobs, of_settlements) = (&patient.config().queue_url, &patient.config().settlements_queue_url);
    let settlements = jobs(patient, "settlements", "SETTLEMENTS_QUEUE_URL", of_settlements);
    let (topic, jobs, settlements, failures) = futures::join!(
        patient.within("topic", topic(patient)),
        patient.within("jobs", jobs(patient, "jobs", "QUEUE_URL", of_jobs)),
        patient.within("settlements", settlements),
        patient.within("failures", failures(patient))
    );
    [topic, jobs, settlements, failures].concat()
}

async fn topic(patient: &Patient) -> Vec<Finding> {
    let Ok(bus) = patient.app.bus() else { return unset("topic", "TOPIC_ARN") };
    vec![match bus.reach().await {
        Ok(()) => Finding::ok("topic", "it answers"),
        Err(error) => {
            let mend = "see TOPIC_ARN, and whether the credentials may sns:GetTopicAttributes";
            Finding::fail("topic", chain(error.as_ref()), mend)
        }
    }]
}

async fn jobs(patient: &Patient, name: &'static str, setting: &str, url: &Option<String>) -> Vec<Finding> {
    let Some(url) = url else { return unset(name, setting) };
    let attributes = match attributes(patient, url).await {
        Ok(attributes) => attributes,
        Err(why) => return vec![unreachable(name, setting, why)],
    };
    let waiting = count(&attributes, &QueueAttributeName::ApproximateNumberOfMessages);
    let has_policy = attributes.contains_key(&QueueAttributeName::RedrivePolicy);
    let told = format!("{waiting} jobs wait");
    vec![Finding::of(
        has_policy,
        name,
        if has_policy { told } else { format!("{told}, and one that fails comes for ever") },
        "deploy template.yaml again, which gives the queue its redrive policy",
    )]
}

async fn failures(patient: &Patient) -> Vec<Finding> {
    let Some(url) = &patient.config().failure_queue_url else {
        return unset("failures", "FAILURE_QUEUE_URL");
    };
    vec![match attributes(patient, url).await {
        Ok(attributes) => match count(&attributes, &QueueAttributeName::ApproximateNumberOfMessages) {
            0 => Finding::ok("failures", "no record was set aside"),
            set_aside => {
                let mend = "see the consumers' log, mend the cause, then orderctl redrive --failures";
                Finding::warn("failures", format!("{set_aside} records were set aside"), mend)
            }
        },
        Err(why) => unreachable("failures", "FAILURE_QUEUE_URL", why),
    }]
}

type Attributes = HashMap<QueueAttributeName, String>;

async fn attributes(patient: &Patient, url: &str) -> Result<Attributes, String> {
    let request = sdk::sqs(patient.config()).get_queue_attributes().queue_url(url);
    let answer = request.attribute_names(QueueAttributeName::All).send().await;
    Ok(answer.map_err(|error| chain(&error))?.attributes.unwrap_or_default())
}

fn count(attributes: &Attributes, name: &QueueAttributeName) -> u64 {
    attributes.get(name).and_then(|count| count.parse().ok()).unwrap_or_default()
}

fn unset(name: &'static str, setting: &str) -> Vec<Finding> {
    vec![Finding::unknown(name, format!("not asked: {setting} is not set here"))]
}

fn unreachable(name: &'static str, setting: &str, why: String) -> Finding {
    Finding::fail(name, why, format!("see {setting}, and whether the credentials may sqs:GetQueueAttributes"))
}
