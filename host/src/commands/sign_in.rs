//! Signs in to see whether that works, for as long as the user wants to wait.

use std::time::Duration;

use connector_host::egress::credential::AccessToken;
use connector_host::{CallError, Connection, Failure, FailureCase};

use crate::error::CliError;

/// Why no token was obtained.
pub(crate) struct NotSignedIn {
    pub(crate) error: CliError,
    pub(crate) message: String,
    /// Whether trying again later may succeed.
    pub(crate) is_transient: bool,
}

/// Requests a new token for the connection, unless its kind of sign-in has none.
pub(crate) async fn sign_in(
    connection: &Connection,
    time: Duration,
) -> Result<Option<AccessToken>, NotSignedIn> {
    match tokio::time::timeout(time, connection.egress().sign_in()).await {
        Ok(Ok(token)) => Ok(token),
        Ok(Err(error)) => Err(NotSignedIn {
            message: error.to_string(),
            is_transient: error.is_transient(),
            error: CliError::Connect(error.into()),
        }),
        Err(_) => {
            let mut failure = Failure::default();
            failure.case = FailureCase::Unavailable;
            failure.message = format!("no token was obtained within {:.1} s", time.as_secs_f64());
            failure.hint = Some(
                "check the network to the token authority, proxies and firewalls included, or allow more time with --deadline"
                    .into(),
            );
            let message = failure.message.clone();
            Err(NotSignedIn {
                error: CallError::Failed(Box::new(failure)).into(),
                message,
                is_transient: true,
            })
        }
    }
}
