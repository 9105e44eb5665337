//! Where the parts of a local system are.

/// Where everything is.
#[derive(Debug)]
pub struct Addresses {
    /// The API, without a slash at the end.
    pub api: String,
    /// DynamoDB.
    pub dynamodb: String,
    /// SNS, SQS and SES.
    pub messaging: String,
    /// Lambda, for invocations without a route.
    pub lambda: String,
}
