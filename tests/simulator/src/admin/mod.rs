//! The simulator's controls over HTTP, for other processes: JSON under `/_simulator/`.

mod handlers;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use crate::handle::Handle;
use crate::server::connection::Closed;
use crate::simulation::Simulation;

/// The state of the handlers.
#[derive(Clone, Debug)]
struct Controls {
    handle: Handle,
    simulation: Arc<Simulation>,
}

/// The router of the administration.
#[derive(Clone, Debug)]
pub(crate) struct Administration(TowerToHyperService<Router>);

/// Whether a path belongs to the administration.
pub(crate) fn is_admin(path: &str) -> bool {
    path.strip_prefix("/_simulator").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Administration {
    pub(crate) fn new(simulation: Arc<Simulation>) -> Self {
        let routes = Router::new()
            .route("/_simulator", get(handlers::overview))
            .route("/_simulator/", get(handlers::overview))
            .route("/_simulator/log", get(handlers::log).delete(handlers::clear_log))
            .route(
                "/_simulator/faults",
                get(handlers::faults).post(handlers::add_faults).delete(handlers::clear_faults),
            )
            .route("/_simulator/settings", get(handlers::settings).patch(handlers::change_settings))
            .route("/_simulator/clock", get(handlers::clock).post(handlers::change_clock))
            .route("/_simulator/limits", get(handlers::limits).put(handlers::set_limits))
            .route("/_simulator/roles", get(handlers::roles).post(handlers::change_roles))
            .route("/_simulator/tokens", delete(handlers::expire_tokens))
            .route("/_simulator/sign-ins", delete(handlers::end_sign_ins))
            .route("/_simulator/alerts", post(handlers::add_alerts))
            .route("/_simulator/remediation-activities", post(handlers::add_activities))
            .route("/_simulator/events", get(handlers::events))
            .route("/_simulator/machines/{machine}/behaviour", put(handlers::set_behaviour))
            .route("/_simulator/subscriptions", get(handlers::subscriptions))
            .route("/_simulator/population", put(handlers::generate))
            .route("/_simulator/reset", post(handlers::reset))
            .layer(DefaultBodyLimit::max(16 * 1024 * 1024))
            .with_state(Controls { handle: Handle::new(simulation.clone()), simulation });
        Self(TowerToHyperService::new(routes))
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        Ok(self.0.call(request).await?)
    }
}
