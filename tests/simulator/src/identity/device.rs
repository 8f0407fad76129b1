//! Signing in with a code ([RFC 8628]): where a program requests one, and where a person types it.
//!
//! [RFC 8628]: https://www.rfc-editor.org/rfc/rfc8628

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde_json::json;

use super::credentials::{self, Form};
use super::error::EntraError;
use super::scopes::Wanted;
use super::{Consent, pages};
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// Where a person types the code.
pub(super) const PAGE: &str = "/devicelogin";

/// Issues a code for the program and one for the person.
pub(super) fn begin(simulation: &Simulation, parts: &Parts, body: &Bytes) -> Result<Reply, EntraError> {
    if parts.method != Method::POST {
        return Err(EntraError::Method(parts.method.clone()));
    }
    let form = Form::read(parts.headers.get(header::CONTENT_TYPE), body);
    credentials::check_public(&simulation.identity, &form, parts.headers.get(header::AUTHORIZATION))?;
    let wanted = Wanted::of(simulation, form.required("scope")?)?;
    let (settings, now) = (simulation.settings(), simulation.clock.now());
    let life = Duration::from_secs(settings.device_code_lifetime_seconds);
    let (device_code, user_code) = simulation.sign_ins.begin_device(wanted, life, now);
    let accepted = match settings.consent {
        Consent::Ask => None,
        Consent::Accept => Some(true),
        Consent::Decline => Some(false),
    };
    if let Some(accepted) = accepted {
        simulation.sign_ins.decide(&user_code, accepted, now);
    }
    let address = format!("{}{PAGE}", simulation.origin);
    let message = format!(
        "To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate."
    );
    Ok(Reply::json(
        StatusCode::OK,
        &json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": address,
            "expires_in": settings.device_code_lifetime_seconds,
            "interval": settings.device_code_interval_seconds,
            "message": message,
        }),
    ))
}

/// The page where a person types the code, and the result.
pub(super) fn page(simulation: &Simulation, parts: &Parts, body: &Bytes) -> Reply {
    let identity = &simulation.identity;
    if parts.method != Method::POST {
        let query = Form::of_query(parts.uri.query());
        let code = query.value("user_code").or(query.value("otc")).unwrap_or_default();
        return pages::device(code, &identity.person, &identity.app_name);
    }
    let form = Form::read(parts.headers.get(header::CONTENT_TYPE), body);
    let accepted = match form.value("decision") {
        Some("accept") => true,
        Some("decline") => false,
        _ => return pages::told(StatusCode::BAD_REQUEST, "Accept or decline", "The form has no decision."),
    };
    let code = form.value("user_code").unwrap_or_default();
    if !simulation.sign_ins.decide(code, accepted, simulation.clock.now()) {
        let text = "No program waits for this code: it was mistyped, used, or has expired.";
        return pages::told(StatusCode::BAD_REQUEST, "That code did not work", text);
    }
    let text = if accepted { "You have signed in." } else { "You have declined." };
    pages::told(
        StatusCode::OK,
        "Done",
        &format!("{text} You can close this page and go back to the program."),
    )
}
