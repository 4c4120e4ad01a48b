//! Opening object stores: where credentials come from, how long a request may take, how often it is tried again.
//!
//! Credentials come from the environment only (`AWS_*`, `GOOGLE_*`, `AZURE_*`, as object_store reads them), so no
//! config, manifest or log can hold one.
//!
//! **How long a broken store is waited for.** A request that fails in a way that may pass (no connection, a lost one, no
//! answer, 5xx, 429) is sent again after a pause that doubles from 0.2 s to at most 20 s, [`RETRIES`] times at most and
//! for [`PATIENCE`] at most. One attempt ends after [`REQUEST_TIMEOUT`] (`AWS_TIMEOUT` and the like change it). So a
//! request to a dead store ends after at most `PATIENCE + REQUEST_TIMEOUT`, three and a half minutes. A body that breaks
//! off is asked for again from where it broke off. `KILIM_STORE_PATIENCE`, in seconds, takes the place of `PATIENCE`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use super::{Scheme, StoreError};

/// The variable that says how many seconds a request is tried again.
pub const PATIENCE_VARIABLE: &str = "KILIM_STORE_PATIENCE";

/// How long a request is tried again, if [`PATIENCE_VARIABLE`] does not say: patient enough for a throttled bucket, short
/// enough that a dead one is named within minutes. object_store asks for less than five, the life of a signature.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// How often a request is sent again at most.
pub const RETRIES: usize = 10;

/// How long one attempt may take, its body included: 8 MiB in this time is 1.1 Mbit/s. object_store's own 30 s break
/// off windows on a shared line.
pub const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Variables of the environment: those of the process, or a caller's.
#[derive(Default)]
pub(super) struct Environment(Option<Vec<(String, String)>>);

/// Names only: values are secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("of the process"),
            Some(pairs) => f.debug_list().entries(pairs.iter().map(|(name, _)| name)).finish(),
        }
    }
}

impl Environment {
    pub(super) fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Some(variables.into_iter().collect()))
    }

    fn get(&self, name: &str) -> Option<String> {
        match &self.0 {
            None => std::env::var(name).ok(),
            Some(pairs) => pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()),
        }
    }

    /// For how long a request is tried again.
    pub(super) fn patience(&self) -> Result<Duration, StoreError> {
        let Some(text) = self.get(PATIENCE_VARIABLE) else { return Ok(PATIENCE) };
        let seconds = text.trim().parse::<u64>().ok().filter(|seconds| (1..=86_400).contains(seconds));
        seconds.map(Duration::from_secs).ok_or_else(|| StoreError::BadVariable {
            variable: PATIENCE_VARIABLE,
            problem: format!("a number of seconds from 1 to 86400 is expected, not `{text}`"),
        })
    }

    /// S3's builder as `from_env` makes it.
    fn s3(&self) -> AmazonS3Builder {
        // First, so that a variable has the last word.
        let timeout = ClientConfigKey::Timeout;
        let builder = AmazonS3Builder::new()
            .with_config(AmazonS3ConfigKey::Client(timeout), format!("{}s", REQUEST_TIMEOUT.as_secs()));
        let set = |builder: AmazonS3Builder, (name, value): (String, String)| {
            let key = name.starts_with("AWS_").then(|| name.to_ascii_lowercase().parse().ok()).flatten();
            match key {
                Some(key) => builder.with_config(key, value),
                None => builder,
            }
        };
        match &self.0 {
            Some(pairs) => pairs.iter().cloned().fold(builder, set),
            None => std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .fold(builder, set),
        }
    }

    /// Opens the store at a root (scheme and bucket or host).
    pub(super) fn open(
        &self,
        scheme: Scheme,
        root: &str,
        name: &str,
    ) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(200),
                max_backoff: Duration::from_secs(20),
                base: 2.0,
            },
            max_retries: RETRIES,
            retry_timeout: self.patience()?,
        };
        let timeout = format!("{}s", REQUEST_TIMEOUT.as_secs());
        let opened: object_store::Result<Arc<dyn ObjectStore>> = (|| {
            Ok(match scheme {
                Scheme::File => Arc::new(LocalFileSystem::new()) as Arc<dyn ObjectStore>,
                Scheme::S3 => Arc::new(self.s3().with_url(root).with_retry(retry).build()?),
                Scheme::Gs => {
                    let mut builder = GoogleCloudStorageBuilder::from_env();
                    if std::env::var_os("GOOGLE_TIMEOUT").is_none() {
                        builder =
                            builder.with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), timeout);
                    }
                    Arc::new(builder.with_url(root).with_retry(retry).build()?)
                }
                Scheme::Az => {
                    let mut builder = MicrosoftAzureBuilder::from_env();
                    if std::env::var_os("AZURE_TIMEOUT").is_none() {
                        builder =
                            builder.with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), timeout);
                    }
                    Arc::new(builder.with_url(root).with_retry(retry).build()?)
                }
                Scheme::Http => {
                    let options = ClientOptions::new()
                        .with_allow_http(root.starts_with("http://"))
                        .with_connect_timeout(Duration::from_secs(10))
                        .with_timeout(REQUEST_TIMEOUT);
                    let builder = HttpBuilder::new().with_url(root).with_client_options(options);
                    Arc::new(builder.with_retry(retry).build()?)
                }
            })
        })();
        opened.map_err(|error| StoreError::from_remote("open", name, error))
    }
}

/// Whether a request may have been carried out though its answer never came.
pub(super) fn is_unanswered(error: &object_store::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return matches!(http.kind(), HttpErrorKind::Timeout | HttpErrorKind::Interrupted);
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_a_number_of_seconds() {
        let patience =
            |text: &str| Environment::of([(PATIENCE_VARIABLE.to_owned(), text.to_owned())]).patience();
        assert_eq!(patience("7").unwrap(), Duration::from_secs(7));
        for bad in ["", "0", "saba", "-1", "86401"] {
            let error = patience(bad).unwrap_err();
            assert!(error.to_string().starts_with("KILIM_STORE_PATIENCE cannot be used"), "{error}");
        }
        assert_eq!(Environment::of([]).patience().unwrap(), PATIENCE);
    }

    #[test]
    fn values_of_variables_are_never_shown() {
        let environment = Environment::of([("AWS_SECRET_ACCESS_KEY".to_owned(), "siri".to_owned())]);
        assert_eq!(format!("{environment:?}"), "[\"AWS_SECRET_ACCESS_KEY\"]");
    }
}
