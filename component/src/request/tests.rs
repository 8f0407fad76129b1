//! Ids, queries, links and headers: a request either goes out as intended or not at all.

use proptest::prelude::*;

use super::{Connection, Draft, Request, get, post};
use crate::bindings::exports::defender::atp::types::OdataOptions;
use crate::contract::Operation;
use crate::encoding::decoded;
use crate::failure::Failure;

fn connection(variables: &[(&str, &str)]) -> Result<Connection, Failure> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Connection::from(&variables.iter().map(owned).collect::<Vec<_>>())
}

fn request(draft: Draft) -> Result<Request, Failure> {
    draft.on(&connection(&[("DEFENDER_API_URL", "http://127.0.0.1:9000")])?)
}

fn target(draft: Draft) -> String {
    request(draft).map(|request| request.path_with_query).unwrap_or_else(|failure| format!("{failure:?}"))
}

/// The parameter for which a draft is refused.
fn refused(draft: Draft) -> Option<String> {
    match request(draft) {
        Err(Failure::PermanentInvalidInput(input)) => input.parameter,
        Err(other) => panic!("{other:?}"),
        Ok(request) => panic!("{} is sent", request.path_with_query),
    }
}

fn of_machine(id: &str) -> Draft {
    get(Operation::GetMachine, "/api/machines").id("machine-id", id).to("isolate")
}

fn options() -> OdataOptions {
    OdataOptions {
        filter: None,
        select: None,
        order_by: None,
        top: None,
        skip: None,
        count: None,
        next_link: None,
    }
}

#[test]
fn an_id_is_one_segment_whatever_is_in_it() {
    assert_eq!(target(of_machine("m7/unisolate?x=")), "/api/machines/m7%2Funisolate%3Fx%3D/isolate");
    assert_eq!(target(of_machine("2001:db8::1")), "/api/machines/2001%3Adb8%3A%3A1/isolate");
    assert_eq!(target(of_machine("%2e%2e")), "/api/machines/%252e%252e/isolate");
    assert_eq!(target(of_machine("é ~a-b_c.d")), "/api/machines/%C3%A9%20~a-b_c.d/isolate");
}

#[test]
fn an_id_that_cannot_be_a_segment_is_refused_by_name() {
    let long = "a".repeat(2049);
    for id in ["", ".", "..", "...", "a\0b", "a\r\nb", "\u{7f}", "\u{85}", &long] {
        assert_eq!(refused(of_machine(id)).as_deref(), Some("machine-id"), "{id:?}");
    }
    assert!(request(of_machine(&"a".repeat(2048))).is_ok());
}

#[test]
fn the_options_of_a_list_stand_in_one_order() {
    let all = OdataOptions {
        filter: Some("severity eq 'High' and a+b".to_owned()),
        select: Some("id,status".to_owned()),
        order_by: Some("id desc".to_owned()),
        top: Some(5),
        skip: Some(u64::MAX),
        count: Some(true),
        next_link: None,
    };
    assert_eq!(
        target(get(Operation::ListAlerts, "/api/alerts").query("$expand", "evidence").options(all)),
        "/api/alerts?$expand=evidence&$filter=severity%20eq%20%27High%27%20and%20a%2Bb&$select=id%2Cstatus\
         &$orderby=id%20desc&$top=5&$skip=18446744073709551615&$count=true"
    );
    assert_eq!(target(get(Operation::ListAlerts, "/api/alerts").options(options())), "/api/alerts");
}

#[test]
fn a_link_is_followed_as_it_stands_to_the_own_origin_only() {
    let follow = |link: &str| {
        let next_link = Some(link.to_owned());
        get(Operation::ListMachines, "/api/machines").options(OdataOptions { next_link, ..options() })
    };
    for (link, expected) in [
        ("http://127.0.0.1:9000/api/machines?$skip=1%3a+x", "/api/machines?$skip=1%3a+x"),
        ("HTTP://127.0.0.1:9000/api/v1.0/Machines?$skiptoken='a'", "/api/v1.0/Machines?$skiptoken='a'"),
        ("http://127.0.0.1:9000/api/machines", "/api/machines"),
        ("https://api.securitycenter.microsoft.com/api/machines?$skip=10000", "/api/machines?$skip=10000"),
        ("https://api.security.microsoft.com:443/api/machines?", "/api/machines?"),
    ] {
        assert_eq!(target(follow(link)), expected);
    }
    for link in [
        "",
        "/api/machines?$skip=1",
        "http://127.0.0.1/api/machines?$skip=1",
        "https://127.0.0.1:9000/api/machines?$skip=1",
        "http://u:p@127.0.0.1:9000/api/machines",
        "http://127.0.0.1:9000@evil.example/api/machines",
        "https://evil.example/api/machines",
        "https://api.security.microsoft.com.evil.example/api/machines",
        "http://api.security.microsoft.com/api/machines",
        "https://api.security.microsoft.com:8443/api/machines",
        "http://127.0.0.1:9000/api/machines/m1",
        "http://127.0.0.1:9000/api/machines/../alerts",
        "http://127.0.0.1:9000/api/machines/",
        "http://127.0.0.1:9000/api/alerts",
        "http://127.0.0.1:9000/api/v1.0/x/machines",
        "http://127.0.0.1:9000/api//machines",
        "http://127.0.0.1:9000/api/machines?a b",
        "http://127.0.0.1:9000/api/machines?a\r\nb",
        "http://127.0.0.1:9000/api/machines#a",
        "http://127.0.0.1:9000\\api\\machines",
        "http://127.0.0.1:9000/api/machin%zzs",
        "ftp://127.0.0.1:9000/api/machines",
    ] {
        assert_eq!(refused(follow(link)).as_deref(), Some("next-link"), "{link}");
    }
    assert_eq!(
        refused(follow(&format!("http://127.0.0.1:9000/api/machines?{}", "a".repeat(40_000)))).as_deref(),
        Some("next-link")
    );
}

/// Everything after the host decides; the request always goes to the connection's own origin.
#[test]
fn a_next_link_of_any_region_of_the_api_is_followed_on_the_connections_own_origin() {
    let follow = |host: &str| {
        let next_link = Some(format!("https://{host}/api/machines?$skip=10000"));
        get(Operation::ListMachines, "/api/machines").options(OdataOptions { next_link, ..options() })
    };
    for host in [
        "api.security.microsoft.com",
        "eu.api.security.microsoft.com",
        "xy9.api.security.microsoft.com",
        "API.SecurityCenter.Microsoft.com",
        "api-eu3.securitycenter.microsoft.com",
        "api-us3.securitycenter.microsoft.com",
        "api-au.securitycenter.microsoft.com",
        "api.securitycenter.windows.com",
        "api-eu3.securitycenter.windows.com:443",
        "api-gcc.securitycenter.microsoft.us",
        "api-gov.securitycenter.microsoft.us",
    ] {
        assert_eq!(target(follow(host)), "/api/machines?$skip=10000", "{host}");
    }
    for host in [
        "elsewhere.test",
        "api-.securitycenter.microsoft.com",
        "api-eu.x.securitycenter.microsoft.com",
        "api-eu3.securitycenter.microsoft.com.evil.example",
        "api-evil.example.securitycenter.microsoft.com.example",
        "x.y.api.security.microsoft.com",
        ".api.security.microsoft.com",
        "evilapi.security.microsoft.com",
        "securitycenter.microsoft.com",
        "portal.securitycenter.windows.com",
        "api-eu3.securitycenter.microsoft.com:8443",
    ] {
        assert_eq!(refused(follow(host)).as_deref(), Some("next-link"), "{host}");
    }
}

#[test]
fn a_link_stands_alone_and_keeps_the_id_of_its_operation() {
    let page = |id: &str, link: &str| {
        let machines =
            get(Operation::ListRemediationMachines, "/api/remediationtasks").id("remediation-id", id);
        machines.to("machinereferences").next_page(Some(link.to_owned()))
    };
    let link = "http://127.0.0.1:9000/api/remediationTasks/a%20b/machinereferences?$skip=1";
    assert_eq!(target(page("a b", link)), "/api/remediationTasks/a%20b/machinereferences?$skip=1");
    assert_eq!(refused(page("a c", link)).as_deref(), Some("next-link"));
    let both = OdataOptions { top: Some(1), next_link: Some(link.to_owned()), ..options() };
    assert_eq!(
        refused(get(Operation::ListMachines, "/api/machines").options(both)).as_deref(),
        Some("next-link")
    );
}

#[test]
fn an_api_behind_a_gateway_keeps_the_gateways_path() {
    let connection = connection(&[("DEFENDER_API_URL", "https://gateway.example/defender/")]).unwrap();
    let follow = |link: &str| {
        let next_link = Some(link.to_owned());
        let draft =
            get(Operation::ListMachines, "/api/machines").options(OdataOptions { next_link, ..options() });
        draft.on(&connection).map(|request| request.path_with_query).ok()
    };
    assert_eq!(of_machine("m").on(&connection).unwrap().path_with_query, "/defender/api/machines/m/isolate");
    assert_eq!(
        follow("https://gateway.example/defender/api/machines?a").as_deref(),
        Some("/defender/api/machines?a")
    );
    assert_eq!(
        follow("https://api.security.microsoft.com/api/machines?a").as_deref(),
        Some("/defender/api/machines?a")
    );
    assert_eq!(follow("https://gateway.example/api/machines?a"), None);
}

#[test]
fn headers_say_what_is_sent_and_carry_the_token_if_there_is_one() {
    let headers =
        |variables: &[(&str, &str)], draft: Draft| draft.on(&connection(variables).unwrap()).unwrap().headers;
    let agent = concat!("defender-atp/", env!("CARGO_PKG_VERSION")).to_owned();
    let plain = vec![("accept", "application/json".to_owned()), ("user-agent", agent)];
    assert_eq!(headers(&[], of_machine("m")), plain);
    assert_eq!(headers(&[("DEFENDER_ACCESS_TOKEN", " ")], of_machine("m")), plain);
    let mut full = plain;
    full.push(("content-type", "application/json".to_owned()));
    full.push(("authorization", "Bearer a.b-c".to_owned()));
    let body = post(Operation::IsolateMachine, "/api").field("Comment", "\"\n\u{1F600}");
    assert_eq!(headers(&[("DEFENDER_ACCESS_TOKEN", "a.b-c\n")], body), full);
}

#[test]
fn an_environment_that_makes_no_sense_is_a_failure_that_says_so() {
    for token in ["a b", "a\r\nx: y", "é", "a\0"] {
        let failure = connection(&[("DEFENDER_ACCESS_TOKEN", token)]).err();
        let Some(Failure::PermanentUnauthorized(problem)) = failure else { panic!("{token:?}: {failure:?}") };
        assert!(!problem.message.contains(token) && problem.message.contains("DEFENDER_ACCESS_TOKEN"));
    }
    for (name, value) in [
        ("DEFENDER_API_URL", "junk"),
        ("DEFENDER_MAX_REPLY_BYTES", "0"),
        ("DEFENDER_MAX_REPLY_BYTES", "1 MB"),
    ] {
        let failure = connection(&[(name, value)]).err();
        let Some(Failure::PermanentInvalidInput(input)) = failure else { panic!("{name}: {failure:?}") };
        assert!(
            input.parameter.is_none() && input.problem.message.contains(name),
            "{}",
            input.problem.message
        );
    }
    let connection = connection(&[("DEFENDER_API_URL", ""), ("DEFENDER_MAX_REPLY_BYTES", "7")]).unwrap();
    assert_eq!(
        (connection.address.to_string().as_str(), connection.max_reply_bytes),
        ("https://api.security.microsoft.com", 7)
    );
}

/// Text that is as hard on a URL as possible.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        r"[./%?#&=+\\:@;,\[\]{}|^`<>' a-c0-9]{0,24}",
        "\\PC{0,24}",
        any::<String>(),
        prop::sample::select(vec!["..", ".", "%2e%2e", "..;", "m1/../m2", "a?b#c", "\u{202e}", "\u{feff}"])
            .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn each_id_arrives_as_one_segment_that_means_it_or_is_refused(id in nasty()) {
        match request(of_machine(&id)) {
            Ok(request) => {
                let segments: Vec<&str> = request.path_with_query.split('/').collect();
                prop_assert_eq!(segments.len(), 5);
                prop_assert_eq!((segments[2], segments[4]), ("machines", "isolate"));
                prop_assert_eq!(decoded(segments[3]), Some(id));
                prop_assert!(request.path_with_query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?'));
                prop_assert!(!segments[3].bytes().all(|byte| byte == b'.'));
            }
            Err(Failure::PermanentInvalidInput(input)) => {
                prop_assert_eq!(input.parameter.as_deref(), Some("machine-id"));
                prop_assert!(id.bytes().all(|byte| byte == b'.') || id.chars().any(char::is_control) || id.len() > 2048);
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn each_filter_arrives_as_it_was_meant(filter in nasty()) {
        let list = OdataOptions { filter: Some(filter.clone()), top: Some(7), ..options() };
        let target = target(get(Operation::ListAlerts, "/api/alerts").options(list));
        let query = target.strip_prefix("/api/alerts?").expect("there is a query");
        let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        prop_assert_eq!(pairs.len(), 2);
        prop_assert_eq!((pairs[0].0, decoded(pairs[0].1)), ("$filter", Some(filter)));
        prop_assert_eq!(pairs[1], ("$top", "7"));
        prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic() && !b"+#".contains(&byte)));
    }
}
