//! The handlers of the administration, one function per control.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde_json::{Map, Value};

use super::Controls;
use super::views::{
    Added, ClockChanges, ClockView, LimitsView, LogQuery, LogView, OneOrMany, Overview, RoleChange,
    SubscriptionView, SubscriptionsView,
};
use crate::additions::{NewActivity, NewAlert, ReportedEvent};
use crate::model::machine::Behaviour;
use crate::options::{Population, Settings};
use crate::server::faults::Fault;
use crate::server::limits::LimitOptions;

pub(super) async fn overview(State(controls): State<Controls>) -> Json<Overview> {
    let Controls { handle, simulation } = controls;
    let organisation = simulation.organisation.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    Json(Overview {
        url: handle.url().to_owned(),
        tenant_id: handle.tenant_id().to_owned(),
        client_id: handle.client_id().to_owned(),
        now: handle.clock().now(),
        machines: organisation.machine_count(),
        alerts: organisation.alerts.len(),
        requests_logged: simulation.log.arrivals().len(),
    })
}

pub(super) async fn log(State(controls): State<Controls>, Query(query): Query<LogQuery>) -> Json<LogView> {
    let secrets = controls.simulation.log.options().secrets;
    let arrivals = controls.handle.log();
    let wanted = arrivals.iter().filter(|arrival| {
        let named = query.operation.as_deref().is_none_or(|name| arrival.operation == Some(name));
        arrival.sequence > query.after && named
    });
    Json(LogView { arrivals: wanted.map(|arrival| arrival.view(secrets)).collect() })
}

pub(super) async fn clear_log(State(controls): State<Controls>) -> StatusCode {
    controls.handle.clear_log();
    StatusCode::NO_CONTENT
}

pub(super) async fn faults(State(controls): State<Controls>) -> Json<Vec<Fault>> {
    Json(controls.handle.faults().list())
}

pub(super) async fn add_faults(
    State(controls): State<Controls>,
    Json(faults): Json<OneOrMany<Fault>>,
) -> Json<Vec<Fault>> {
    faults.into_vec().into_iter().for_each(|fault| controls.handle.faults().add(fault));
    Json(controls.handle.faults().list())
}

pub(super) async fn clear_faults(State(controls): State<Controls>) -> StatusCode {
    controls.handle.faults().clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn settings(State(controls): State<Controls>) -> Json<Settings> {
    Json(controls.handle.settings())
}

/// Changes the given settings and keeps the others.
pub(super) async fn change_settings(
    State(controls): State<Controls>,
    Json(change): Json<Map<String, Value>>,
) -> Result<Json<Settings>, (StatusCode, String)> {
    let refused = |error: serde_json::Error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
    let mut merged: Map<String, Value> =
        serde_json::to_value(controls.handle.settings()).and_then(serde_json::from_value).map_err(refused)?;
    merged.extend(change);
    let settings: Settings = serde_json::from_value(Value::Object(merged)).map_err(refused)?;
    controls.handle.set_settings(settings.clone());
    Ok(Json(settings))
}

pub(super) async fn clock(State(controls): State<Controls>) -> Json<ClockView> {
    Json(ClockView { now: controls.handle.clock().now() })
}

pub(super) async fn change_clock(
    State(controls): State<Controls>,
    Json(changes): Json<ClockChanges>,
) -> Json<ClockView> {
    let clock = controls.handle.clock();
    changes.into_vec().into_iter().for_each(|change| clock.change(change));
    Json(ClockView { now: clock.now() })
}

pub(super) async fn limits(State(controls): State<Controls>) -> Json<LimitsView> {
    let limits = controls.handle.limits();
    Json(LimitsView { options: limits.options(), windows: limits.report() })
}

pub(super) async fn set_limits(
    State(controls): State<Controls>,
    Json(options): Json<LimitOptions>,
) -> Json<LimitsView> {
    let limits = controls.handle.limits();
    limits.configure(options);
    Json(LimitsView { options: limits.options(), windows: limits.report() })
}

pub(super) async fn roles(State(controls): State<Controls>) -> Json<Vec<String>> {
    Json(controls.handle.roles())
}

pub(super) async fn change_roles(
    State(controls): State<Controls>,
    Json(change): Json<RoleChange>,
) -> Json<Vec<String>> {
    change.revoke.iter().for_each(|role| controls.handle.revoke_role(role));
    change.grant.iter().for_each(|role| controls.handle.grant_role(role));
    Json(controls.handle.roles())
}

pub(super) async fn expire_tokens(State(controls): State<Controls>) -> StatusCode {
    controls.handle.expire_tokens();
    StatusCode::NO_CONTENT
}

pub(super) async fn end_sign_ins(State(controls): State<Controls>) -> StatusCode {
    controls.handle.end_sign_ins();
    StatusCode::NO_CONTENT
}

pub(super) async fn add_alerts(
    State(controls): State<Controls>,
    Json(alerts): Json<OneOrMany<NewAlert>>,
) -> (StatusCode, Json<Added>) {
    let ids = alerts.into_vec().into_iter().map(|alert| controls.handle.add_alert(alert));
    (StatusCode::CREATED, Json(Added { ids: ids.collect() }))
}

pub(super) async fn add_activities(
    State(controls): State<Controls>,
    Json(activities): Json<OneOrMany<NewActivity>>,
) -> (StatusCode, Json<Added>) {
    let ids = activities.into_vec().into_iter().map(|new| controls.handle.add_remediation_activity(new));
    (StatusCode::CREATED, Json(Added { ids: ids.collect() }))
}

pub(super) async fn events(State(controls): State<Controls>) -> Json<Vec<ReportedEvent>> {
    Json(controls.handle.events())
}

pub(super) async fn set_behaviour(
    State(controls): State<Controls>,
    Path(machine): Path<String>,
    Json(behaviour): Json<Behaviour>,
) -> StatusCode {
    match controls.handle.set_behaviour(&machine, behaviour) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}

pub(super) async fn subscriptions(State(controls): State<Controls>) -> Json<SubscriptionsView> {
    let subscriptions = controls.simulation.subscriptions.list().into_iter();
    let view = |(id, url): (String, url::Url)| SubscriptionView { id, notification_url: url.into() };
    Json(SubscriptionsView {
        subscriptions: subscriptions.map(view).collect(),
        deliveries: controls.handle.deliveries(),
    })
}

pub(super) async fn generate(
    State(controls): State<Controls>,
    Json(population): Json<Population>,
) -> StatusCode {
    controls.handle.generate(population);
    StatusCode::NO_CONTENT
}

pub(super) async fn reset(State(controls): State<Controls>) -> StatusCode {
    controls.handle.reset();
    StatusCode::NO_CONTENT
}
