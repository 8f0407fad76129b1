//! Signing in with a browser ([RFC 6749, section 4.1]): the page, and the redirection back to the program.
//!
//! [RFC 6749, section 4.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use url::{Host, Url};

use super::credentials::{self, Form};
use super::error::EntraError;
use super::scopes::Wanted;
use super::sign_ins::Authorized;
use super::{Consent, pages};
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// The page, or a redirection of the browser.
pub(super) fn answer(simulation: &Simulation, parts: &Parts, body: &Bytes) -> Reply {
    let query = Form::of_query(parts.uri.query());
    let now = simulation.clock.now();
    // Until the address is known to be the application's, the browser is not sent there.
    let back = match Back::of(simulation, &query) {
        Ok(back) => back,
        Err(error) => {
            return pages::told(StatusCode::BAD_REQUEST, "That did not work", &error.description(now));
        }
    };
    let wanted = match wanted(simulation, &query) {
        Ok(wanted) => wanted,
        Err(error) => return back.with_error(&error, simulation),
    };
    let form = Form::read(parts.headers.get(header::CONTENT_TYPE), body);
    let accepted = match (simulation.settings().consent, form.value("decision")) {
        (Consent::Accept, _) => true,
        (Consent::Decline, _) => false,
        (Consent::Ask, Some(decision)) if parts.method == Method::POST => decision == "accept",
        (Consent::Ask, _) => {
            let identity = &simulation.identity;
            return pages::consent(&identity.person, &identity.app_name, &wanted.granted(simulation));
        }
    };
    if !accepted {
        return back.with_error(&EntraError::Declined("access_denied"), simulation);
    }
    let challenge = query.value("code_challenge").map(|challenge| {
        let is_digest = query.value("code_challenge_method") == Some("S256");
        (challenge.to_owned(), is_digest)
    });
    let authorized = Authorized { wanted, redirect_uri: back.redirect_uri.clone(), challenge };
    let code = simulation.sign_ins.begin_code(authorized, now);
    back.with(&[("code", &code)])
}

fn wanted(simulation: &Simulation, query: &Form) -> Result<Wanted, EntraError> {
    match query.required("response_type")? {
        "code" => {}
        other => return Err(EntraError::ResponseType(other.to_owned())),
    }
    Ok(Wanted::of(simulation, query.required("scope")?)?.with_nonce(query.value("nonce")))
}

/// The redirection back to the program.
struct Back {
    redirect_uri: String,
    address: Url,
    state: Option<String>,
    mode: Mode,
}

/// How the answer is sent to the program.
enum Mode {
    Query,
    Fragment,
    Form,
}

impl Back {
    fn of(simulation: &Simulation, query: &Form) -> Result<Self, EntraError> {
        credentials::check_client(&simulation.identity, query.required("client_id")?)?;
        let redirect_uri = query.required("redirect_uri")?.to_owned();
        // The application has registered `http://localhost`, which allows any port and path of this machine.
        let address = Url::parse(&redirect_uri).ok().filter(|url| url.scheme() == "http" && is_loopback(url));
        let address = address.ok_or_else(|| EntraError::RedirectUri(redirect_uri.clone()))?;
        let mode = match query.value("response_mode") {
            None | Some("query") => Mode::Query,
            Some("fragment") => Mode::Fragment,
            Some("form_post") => Mode::Form,
            Some(other) => return Err(EntraError::ResponseMode(other.to_owned())),
        };
        Ok(Self { redirect_uri, address, state: query.value("state").map(str::to_owned), mode })
    }

    fn with_error(&self, error: &EntraError, simulation: &Simulation) -> Reply {
        self.with(&[
            ("error", error.code()),
            ("error_description", &error.description(simulation.clock.now())),
        ])
    }

    fn with(&self, pairs: &[(&str, &str)]) -> Reply {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs: Vec<(&str, &str)> = pairs.iter().copied().chain(state).collect();
        let mut address = self.address.clone();
        match self.mode {
            Mode::Query => {
                address.query_pairs_mut().extend_pairs(&pairs);
            }
            Mode::Fragment => {
                let fragment =
                    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
                address.set_fragment(Some(&fragment));
            }
            Mode::Form => return pages::posted(self.address.as_str(), &pairs),
        }
        match HeaderValue::from_str(address.as_str()) {
            Ok(location) => Reply::empty(StatusCode::FOUND).with(header::LOCATION, location),
            Err(_) => pages::told(StatusCode::BAD_REQUEST, "That did not work", "The address is not one."),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
