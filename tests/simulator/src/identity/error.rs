//! Refusals of the token endpoint, with Entra's codes.

use http::{Method, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use crate::moment::Moment;
use crate::server::reply::Reply;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntraError {
    #[error("The endpoint only accepts POST requests. Received a {0} request.")]
    Method(Method),
    #[error(
        "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    )]
    Tenant(String),
    #[error("The request body must contain the following parameter: '{0}'.")]
    MissingParameter(&'static str),
    #[error("The app requested an unsupported grant type '{0}'.")]
    GrantType(String),
    #[error("Application with identifier '{client}' was not found in the directory '{tenant}'.")]
    Client { client: String, tenant: String },
    #[error(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
         not the client secret ID, for a secret added to app '{0}'."
    )]
    Secret(String),
    #[error(
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
    )]
    NoCredential,
    #[error("Client assertion is not acceptable: {0}.")]
    Assertion(&'static str),
    #[error("No matching federated identity record found for presented assertion subject '{0}'.")]
    Subject(String),
    #[error("No matching federated identity record found for presented assertion audience.")]
    Audience,
    #[error("Client assertion is not within its valid time range.")]
    AssertionExpired,
    #[error("The provided value for the input parameter 'scope' is not valid. The scope {0} is not valid.")]
    Scope(String),
    #[error(
        "The provided value for scope {0} is not valid. Client credential flows must have a scope value with \
         /.default suffixed to the resource identifier (application ID URI)."
    )]
    ScopeWithoutDefault(String),
    #[error(
        "The resource principal named {resource} was not found in the tenant named {tenant}. \
         You might have sent your authentication request to the wrong tenant."
    )]
    Resource { resource: String, tenant: String },
    #[error(
        "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {0} \
         is not valid."
    )]
    SeveralResources(String),
    #[error(
        "The provided value for the input parameter 'response_type' is not allowed. Expected value is 'code', not '{0}'."
    )]
    ResponseType(String),
    #[error("The provided value for the input parameter 'response_mode' is not allowed: '{0}'.")]
    ResponseMode(String),
    #[error(
        "The redirect URI '{0}' specified in the request does not match the redirect URIs configured for the application."
    )]
    RedirectUri(String),
    #[error("OAuth 2.0 device flow error. Authorization is pending. Continue polling.")]
    Pending,
    #[error("User declined to consent to access the app.")]
    Declined(&'static str),
    #[error("The device code has expired. Sign in again.")]
    DeviceCodeExpired,
    #[error("Invalid verification code. Device code is not known.")]
    UnknownDeviceCode,
    #[error("The provided grant is invalid or malformed.")]
    UnknownGrant,
    #[error("The provided authorization code or refresh token was already redeemed. Sign in again.")]
    Redeemed,
    #[error("The provided authorization code or refresh token has expired. Sign in again.")]
    GrantExpired,
    #[error("The 'redirect_uri' does not match that of the request for the authorization code.")]
    OtherRedirect,
    #[error("The Code_Verifier does not match the code_challenge supplied in the authorization request.")]
    Verifier,
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: String,
    error_codes: [u32; 1],
    timestamp: String,
    trace_id: String,
    correlation_id: String,
    error_uri: String,
}

impl EntraError {
    pub(crate) fn reply(&self, now: Moment) -> Reply {
        let (status, error, code) = self.parts();
        let timestamp = now.whole_second().to_string().replace('T', " ");
        let (trace_id, correlation_id) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let error_description = self.described(&trace_id, &correlation_id, &timestamp);
        let error_uri = format!("https://login.microsoftonline.com/error?code={code}");
        let body = Body {
            error,
            error_description,
            error_codes: [code],
            timestamp,
            trace_id,
            correlation_id,
            error_uri,
        };
        Reply::json(status, &body)
    }

    /// The OAuth error code.
    pub(crate) fn code(&self) -> &'static str {
        self.parts().1
    }

    /// The message, with ids of its own as in Entra's.
    pub(crate) fn description(&self, now: Moment) -> String {
        let timestamp = now.whole_second().to_string().replace('T', " ");
        self.described(&Uuid::new_v4().to_string(), &Uuid::new_v4().to_string(), &timestamp)
    }

    fn described(&self, trace_id: &str, correlation_id: &str, timestamp: &str) -> String {
        let (_, _, code) = self.parts();
        format!(
            "AADSTS{code}: {self} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
        )
    }

    /// Status, OAuth error and Entra's number.
    fn parts(&self) -> (StatusCode, &'static str, u32) {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const DENIED: StatusCode = StatusCode::UNAUTHORIZED;
        match self {
            Self::Method(_) => (BAD, "invalid_request", 900_561),
            Self::Tenant(_) => (BAD, "invalid_request", 90_002),
            Self::MissingParameter(_) => (BAD, "invalid_request", 900_144),
            Self::GrantType(_) => (BAD, "unsupported_grant_type", 70_003),
            Self::Client { .. } => (BAD, "unauthorized_client", 700_016),
            Self::Secret(_) => (DENIED, "invalid_client", 7_000_215),
            Self::NoCredential => (DENIED, "invalid_client", 7_000_216),
            Self::Assertion(_) => (DENIED, "invalid_client", 700_027),
            Self::Subject(_) => (DENIED, "invalid_client", 700_213),
            Self::Audience => (DENIED, "invalid_client", 700_212),
            Self::AssertionExpired => (DENIED, "invalid_client", 700_024),
            Self::Scope(_) => (BAD, "invalid_scope", 70_011),
            Self::ScopeWithoutDefault(_) => (BAD, "invalid_scope", 1_002_012),
            Self::Resource { .. } => (BAD, "invalid_resource", 500_011),
            Self::SeveralResources(_) => (BAD, "invalid_request", 28_000),
            Self::ResponseType(_) => (BAD, "unsupported_response_type", 70_005),
            Self::ResponseMode(_) => (BAD, "invalid_request", 70_007),
            Self::RedirectUri(_) => (BAD, "invalid_request", 50_011),
            Self::Pending => (BAD, "authorization_pending", 70_016),
            Self::Declined(error) => (BAD, error, 65_004),
            Self::DeviceCodeExpired => (BAD, "expired_token", 70_020),
            Self::UnknownDeviceCode => (BAD, "bad_verification_code", 70_018),
            Self::UnknownGrant => (BAD, "invalid_grant", 9_002_313),
            Self::Redeemed => (BAD, "invalid_grant", 54_005),
            Self::GrantExpired => (BAD, "invalid_grant", 70_008),
            Self::OtherRedirect => (BAD, "invalid_grant", 500_112),
            Self::Verifier => (BAD, "invalid_grant", 501_481),
        }
    }
}
