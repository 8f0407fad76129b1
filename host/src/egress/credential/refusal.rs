//! What an authority's refusal means.

/// What an authority's refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The secret does not belong to the application.
    #[error("the client secret is wrong")]
    WrongSecret,
    /// The secret has expired.
    #[error("the client secret has expired")]
    ExpiredSecret,
    /// The authority rejected the client assertion: it is not signed with a key that the application has
    /// registered.
    #[error("the authority rejected the client assertion")]
    WrongAssertion,
    /// The certificate is not registered with the application.
    #[error("the application does not know the certificate")]
    UnknownCertificate,
    /// The certificate has expired.
    #[error("the certificate has expired, or is not valid yet")]
    ExpiredCertificate,
    /// The application does not trust the federated token's issuer, subject or audience.
    #[error("the application does not trust the federated token")]
    NoFederation,
    /// The assertion is too old or not valid yet.
    #[error("the client assertion has expired, or is not valid yet")]
    WrongTime,
    /// The person or an administrator declined.
    #[error("the sign-in was declined")]
    Declined,
    /// The code was not used in time.
    #[error("the code has expired")]
    CodeExpired,
    /// The refresh token of the login is no longer valid: the sign-in has expired.
    #[error("the sign-in has expired")]
    LoginOver,
    /// The authority expects a secret, but the application has none.
    #[error("the application cannot sign people in without a secret")]
    NotPublic,
    /// The redirect address is not registered with the application.
    #[error("the redirect address is not registered for the application")]
    BadRedirect,
    /// The requested identity is not assigned to the machine or app.
    #[error("this machine or app has no such identity")]
    NoIdentity,
    /// The tenant does not have the application.
    #[error("the application was not found in the tenant")]
    UnknownClient,
    /// The application is disabled.
    #[error("the application is disabled in the tenant")]
    DisabledClient,
    /// The tenant does not exist.
    #[error("the tenant was not found at this authority")]
    UnknownTenant,
    /// The scope is malformed, or the tenant does not have the resource that it belongs to.
    #[error("the scope is not valid in the tenant")]
    BadScope,
    /// Nobody has consented to the permissions.
    #[error("no administrator has consented to the application's permissions")]
    NoConsent,
    /// Only users who are assigned to the application may use it.
    #[error("the user is not assigned to the application, which requires it")]
    NotAssigned,
    /// The account is not in the tenant.
    #[error("the account does not belong to the tenant")]
    UnknownUser,
    /// The account is not allowed to sign in.
    #[error("the account is disabled")]
    DisabledUser,
    /// A policy of the tenant blocks the sign-in.
    #[error("blocked by a conditional access policy of the tenant")]
    Policy,
    /// The authority is busy or broken.
    #[error("the authority cannot serve the request now")]
    Unavailable,
    /// The authority refused for another reason.
    #[error("for a reason of its own")]
    Other,
}

impl Refusal {
    /// Interprets Microsoft Entra's code, or else the standard's ([RFC 6749, section 5.2]).
    ///
    /// Source: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
    ///
    /// [RFC 6749, section 5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    pub(super) fn of(error: &str, code: Option<u32>) -> Self {
        if let Some(refusal) = code.and_then(Self::of_code) {
            return refusal;
        }
        match error {
            "invalid_scope" | "invalid_resource" => Self::BadScope,
            "consent_required" => Self::NoConsent,
            "temporarily_unavailable" | "server_error" => Self::Unavailable,
            // If there is a code that is not known here, the refusal is about something else.
            "invalid_client" if code.is_none() => Self::WrongSecret,
            "unauthorized_client" if code.is_none() => Self::UnknownClient,
            _ => Self::Other,
        }
    }

    fn of_code(code: u32) -> Option<Self> {
        Some(match code {
            7_000_215 | 7_000_218 => Self::WrongSecret,
            7_000_222 => Self::ExpiredSecret,
            700_027 | 700_030 => Self::UnknownCertificate,
            1_000_502 => Self::ExpiredCertificate,
            70_021 | 700_211 | 700_212 | 700_213 | 7_002_381 => Self::NoFederation,
            700_024 => Self::WrongTime,
            50_013 => Self::WrongAssertion,
            50_011 | 500_113 => Self::BadRedirect,
            65_004 => Self::Declined,
            70_019 | 70_020 => Self::CodeExpired,
            700_016 | 7_000_229 => Self::UnknownClient,
            7_000_112 => Self::DisabledClient,
            90_002 | 900_021 | 900_023 | 50_059 | 50_128 => Self::UnknownTenant,
            500_011 | 650_052 | 70_011 | 1_002_012 => Self::BadScope,
            65_001 | 650_057 | 90_008 | 90_093 | 90_094 | 90_095 => Self::NoConsent,
            50_105 | 501_051 => Self::NotAssigned,
            50_020 | 50_034 | 51_004 => Self::UnknownUser,
            50_057 => Self::DisabledUser,
            53_000..=53_011 => Self::Policy,
            _ => return None,
        })
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::WrongSecret => {
                "give the secret's value, not its id; it is shown only once, when it is created, so create another if need be"
            }
            Self::ExpiredSecret => {
                "create a new client secret for the application and put it in the old one's place"
            }
            Self::WrongAssertion => {
                "check `client-id`, and that the application has this certificate or trusts this token's issuer"
            }
            Self::UnknownCertificate => "add the certificate to the application, and check `client-id`",
            Self::ExpiredCertificate => "create a new certificate, and add it to the application",
            Self::NoFederation => {
                "give the application a federated credential with the token's issuer, subject and audience"
            }
            Self::WrongTime => {
                "correct this machine's clock; if the assertion is in a file, make sure that it is renewed"
            }
            Self::Declined => "log in again, and accept; if an administrator must, ask one",
            Self::CodeExpired => "log in again, and type the code sooner",
            Self::LoginOver => "log in again",
            Self::NotPublic => {
                "allow public client flows for the application (Entra: Authentication, Advanced settings), under the platform \
                 for mobile and desktop applications"
            }
            Self::BadRedirect => {
                "add http://localhost to the application's redirect addresses (Entra: Authentication, the platform for mobile \
                 and desktop applications), or set `redirect-uri` to one that it has"
            }
            Self::NoIdentity => {
                "assign a managed identity to this machine or app; of several, name one by its client id in `client-id`"
            }
            Self::UnknownClient => {
                "check `client-id` and `tenant-id`: the application must be registered in that tenant"
            }
            Self::DisabledClient => "ask an administrator of the tenant to enable the application",
            Self::UnknownTenant => "check `tenant-id` (the directory's id or a domain of it) and `cloud`",
            Self::BadScope => {
                "leave `scope` out, or check it: it ends in /.default and names the API in this cloud"
            }
            Self::NoConsent => {
                "ask an administrator of the tenant to grant consent to the application's API permissions"
            }
            Self::NotAssigned => {
                "ask an administrator to assign the user or the calling application to it (Entra: Enterprise applications, Users \
                 and groups)"
            }
            Self::UnknownUser => {
                "log in with an account of the tenant that `tenant-id` names, or have that tenant invite this one as a guest"
            }
            Self::DisabledUser => "ask an administrator of the tenant to enable the account",
            Self::Policy => "ask an administrator which conditional access policy applies to the application",
            Self::Unavailable => "try again later",
            Self::Other => {
                "look the code up in the authority's documentation, or in the tenant's sign-in log"
            }
        }
    }
}
