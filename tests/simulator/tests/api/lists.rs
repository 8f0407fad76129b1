//! OData's query options, as all lists accept them.

use defender_simulator::{LimitMode, LimitOptions, Options, Population, Settings, names};
use serde_json::{Value, json};

use crate::support::{World, assert_error};

#[tokio::test]
async fn filters_say_what_they_mean() {
    let world = World::new().await;
    let count = async |filter: &str| world.ids(&format!("/api/alerts?$filter={filter}")).await.len();
    for (filter, expected) in [
        ("severity eq 'High'", 5),
        ("severity+eq+'High'+and+status+eq+'New'", 2),
        ("severity ne 'High'", 10),
        ("severity in ('High','Low')", 8),
        ("not (severity eq 'High' or severity eq 'Low')", 7),
        ("assignedTo eq null", 6),
        ("asssignedTo eq 'analyst1@contoso.com'", 9),
        ("incidentId eq 1126093", 4),
        ("InvestigationId ne null", 3),
        ("contains(category,'Access')", 4),
        ("startswith(detectionSource,'Windows') and endswith(category,'ware')", 3),
        ("category eq 'null'", 1),
    ] {
        assert_eq!(count(filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn times_are_compared_to_the_tick() {
    let world = World::new().await;
    let (_, alert) = world.get(&format!("/api/alerts/{}", names::ALERTS[3])).await;
    let time = alert["alertCreationTime"].as_str().unwrap();
    let at = |operator: &str| {
        format!("/api/alerts?$filter=alertCreationTime {operator} {time}&$orderby=alertCreationTime asc")
    };
    assert_eq!(world.ids(&at("eq")).await, [names::ALERTS[3]]);
    assert_eq!(world.ids(&at("gt")).await, [names::ALERTS[2], names::ALERTS[1], names::ALERTS[0]]);
    assert_eq!(world.ids(&at("ge")).await.len(), 4);
    assert_eq!(world.ids(&at("lt")).await.len(), 11);
    assert_eq!(world.ids("/api/machines?$filter=lastSeen gt 2018-10-20Z").await.len(), 12);
}

#[tokio::test]
async fn what_odata_would_refuse_is_refused() {
    let world = World::new().await;
    for (query, part) in [
        ("$filter=severity", "Syntax error"),
        ("$filter=severity eq High", "Syntax error"),
        ("$filter=severity eq 5", "incompatible types"),
        ("$filter=alertCreationTime gt '2020-01-01T00:00:00Z'", "Edm.DateTimeOffset"),
        ("$filter=nothing eq 'x'", "Could not find a property named 'nothing'"),
        ("$filter=title eq 'x'", "cannot be used in the $filter"),
        ("$filter=status/any(t: t eq 'x')", "not a collection"),
        ("$filter=contains(incidentId,'x')", "single-valued string"),
        ("$orderby=nothing", "Could not find a property"),
        ("$orderby=title up", "Syntax error"),
        ("$orderby=comments", "$orderby"),
        ("$select=id,Nothing", "Could not find a property named 'Nothing'"),
        ("$top=10001", "limit of '10000' for Top query"),
        ("$top=-1", "non-negative integer"),
        ("$skip=x", "non-negative integer"),
        ("$count=True", "Valid values are 'true' and 'false'"),
        ("$search=x", "'$search' is not supported"),
        ("$top=1&$top=2", "more than once"),
    ] {
        let message = assert_error(world.get(&format!("/api/alerts?{query}")).await, 400, "ODataError");
        assert!(message.contains(part), "{query}: {message}");
    }
    assert_error(world.get("/api/machines?$expand=evidence").await, 400, "ODataError");
    assert_error(world.get("/api/alerts/x?$select=id").await, 400, "ODataError");
}

#[tokio::test]
async fn rows_are_chosen_ordered_and_cut() {
    let world = World::new().await;
    let (_, list) = world
        .get(
            "/api/machines?$select=id,computerDnsName&$orderby=riskScore desc,computerDnsName&$top=2&$skip=1",
        )
        .await;
    // By risk, as text in descending order, and then by name: the second and third machines without a risk.
    let row = |machine: names::SeededMachine| json!({"id": machine.id, "computerDnsName": machine.name});
    assert_eq!(list["value"], json!([row(names::DOMAIN_CONTROLLER), row(names::OFFLINE)]));
    assert!(list["@odata.context"].as_str().unwrap().ends_with("#Machines(id,computerDnsName)"));
    assert_eq!(list.get("@odata.nextLink"), None, "a small $top is no reason for a next link");
    let (_, none) = world.get("/api/machines?$top=0&$count=true").await;
    assert_eq!((&none["value"], &none["@odata.count"]), (&json!([]), &json!(12)));
    assert_eq!(world.ids("/api/machines?$skip=100").await, Vec::<String>::new());
}

#[tokio::test]
async fn pages_lead_to_the_next() {
    let world = World::new().await;
    world.simulator.set_settings(Settings { next_link_after: Some(4), ..Settings::default() });
    let mut path = "/api/alerts?$filter=status+ne+'it''s %26 %2B'&$count=true&$top=11".to_owned();
    let (mut ids, mut pages) = (Vec::new(), Vec::new());
    loop {
        let (status, page) = world.get(&path).await;
        assert_eq!((status, &page["@odata.count"]), (200, &json!(15)), "{page}");
        let rows = page["value"].as_array().unwrap();
        pages.push(rows.len());
        ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(link) = page["@odata.nextLink"].as_str() else {
            break;
        };
        path = link.strip_prefix(world.simulator.url()).expect("the simulator's own origin").to_owned();
    }
    assert_eq!(pages, [4, 4, 3]);
    assert_eq!(ids, names::ALERTS[..11]);
}

#[tokio::test]
async fn large_lists_come_in_pages_of_10_000() {
    let limits = LimitOptions { mode: LimitMode::Off, ..LimitOptions::default() };
    let generate = Population { machines: 0, alerts: 20_000 };
    let world = World::with(Options { limits, generate, ..Options::default() }).await;
    let (_, page) = world.get("/api/alerts?$count=true").await;
    assert_eq!((page["value"].as_array().unwrap().len(), &page["@odata.count"]), (10_000, &json!(20_015)));
    let link = page["@odata.nextLink"].as_str().unwrap().strip_prefix(world.simulator.url()).unwrap();
    assert_eq!(link, "/api/alerts?$count=true&$skip=10000");
    let (_, last) = world.get("/api/alerts?$skip=20000").await;
    assert_eq!((last["value"].as_array().unwrap().len(), last.get("@odata.nextLink")), (15, None::<&Value>));
}
