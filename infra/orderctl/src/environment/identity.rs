//! Who asks: credentials and a region, found where the AWS CLI finds them.

use super::{Environment, Settings};
use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::Builder as ProfileRegion;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use oms_runtime::sdk;

/// Who asks, and where unless the settings say.
pub(super) struct Identity {
    pub(super) credentials: SharedCredentialsProvider,
    pub(super) region: Option<String>,
}

/// The access key of the operator at the local system, whose table then lets them do what
/// infra/orderctl/policies.yaml allows.
const LOCAL_KEY: &str = "orderctl";

/// The environment's keys, then the profile's: keys, a role to assume, a single sign-on, a program;
/// then those of a web identity, a container or an instance. With `--profile` that one alone. They
/// are renewed when they end.
pub(super) async fn find(environment: &Environment, settings: &Settings) -> Identity {
    if settings.is_local() {
        let local = Credentials::new(LOCAL_KEY, "local", None, None, "cargo dev");
        return Identity { credentials: SharedCredentialsProvider::new(local), region: None };
    }
    let region = match settings.get("AWS_REGION").or_else(|| settings.get("AWS_DEFAULT_REGION")) {
        Some(region) => Some(Region::new(region)),
        None => region_of_profile_or_instance(environment).await,
    };
    let how =
        ProviderConfig::without_region().with_http_client(sdk::http_client()).with_region(region.clone());
    let credentials = match &environment.profile {
        // Asked for by name, it comes before the environment's keys, as with the AWS CLI.
        Some(profile) => {
            let provider = ProfileFileCredentialsProvider::builder().configure(&how).profile_name(profile);
            SharedCredentialsProvider::new(provider.build())
        }
        None => {
            let chain = DefaultCredentialsChain::builder().configure(how).build().await;
            SharedCredentialsProvider::new(chain)
        }
    };
    Identity { credentials, region: region.map(|region| region.to_string()) }
}

/// Where neither the settings nor the environment name a region; an empty variable names none.
async fn region_of_profile_or_instance(environment: &Environment) -> Option<Region> {
    let how = ProviderConfig::without_region().with_http_client(sdk::http_client());
    let of_profile = ProfileRegion::default().configure(&how);
    let of_profile = environment.profile.iter().fold(of_profile, |found, name| found.profile_name(name));
    let of_instance = ImdsRegionProvider::builder().configure(&how).build();
    RegionProviderChain::first_try(of_profile.build()).or_else(of_instance).region().await
}
