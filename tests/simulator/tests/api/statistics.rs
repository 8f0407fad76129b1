//! Statistics: counts that also appear as strings, exact 64-bit counts, and the answers for unknown things.

use defender_simulator::names;
use serde_json::{Value, json};

use crate::support::{World, assert_error};

#[tokio::test]
async fn a_file_is_known_by_either_hash() {
    let world = World::new().await;
    let (status, stats) = world.get(&format!("/api/files/{}/stats", names::COMMON_FILE_SHA1)).await;
    assert_eq!(status, 200);
    let keys: Vec<_> = stats.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "@odata.context",
        "sha1",
        "orgPrevalence",
        "organizationPrevalence",
        "orgFirstSeen",
        "orgLastSeen",
        "globalPrevalence",
        "globallyPrevalence",
        "globalFirstObserved",
        "globalLastObserved",
        "topFileNames",
    ];
    assert_eq!(keys, expected);
    let context = stats["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("/api/$metadata#microsoft.windowsDefenderATP.api.InOrgFileStats"));
    assert_eq!(stats["globallyPrevalence"].as_i64(), Some(9_007_199_254_740_993));
    assert_eq!(stats["globalPrevalence"], "9007199254740993");
    let (_, same) = world
        .get(&format!("/api/files/{}/stats?lookBackHours=24", names::COMMON_FILE_SHA256.to_uppercase()))
        .await;
    assert_eq!(same["sha1"], stats["sha1"]);
    assert_error(world.get(&format!("/api/files/{}/stats", "0".repeat(40))).await, 404, "ResourceNotFound");
    for hash in ["x".repeat(40), "0".repeat(32), "0".repeat(41)] {
        assert_error(world.get(&format!("/api/files/{hash}/stats")).await, 400, "InvalidHashValue");
    }
}

#[tokio::test]
async fn an_unknown_domain_or_address_was_simply_never_seen() {
    let world = World::new().await;
    let (status, known) = world.get(&format!("/api/domains/{}/stats?lookBackHours=24", names::DOMAIN)).await;
    assert_eq!(
        (status, &known["organizationPrevalence"], &known["orgPrevalence"]),
        (200, &json!(2), &json!("2"))
    );
    let (_, unknown) = world.get("/api/domains/nobody.example/stats").await;
    assert_eq!((&unknown["host"], &unknown["orgPrevalence"]), (&json!("nobody.example"), &json!("0")));
    assert_eq!((&unknown["organizationPrevalence"], &unknown["orgFirstSeen"]), (&json!(0), &Value::Null));
    let (_, stale) = world.get(&format!("/api/domains/{}/stats?lookBackHours=24", names::STALE_DOMAIN)).await;
    let (_, month) = world.get(&format!("/api/domains/{}/stats", names::STALE_DOMAIN)).await;
    assert_eq!((&stale["organizationPrevalence"], &month["organizationPrevalence"]), (&json!(0), &json!(4)));

    let (_, six) = world.get("/api/ips/2001%3Adb8%3A0%3A0%3A0%3A8a2e%3A370%3A7334/stats").await;
    assert_eq!(
        (&six["ipAddress"], &six["organizationPrevalence"]),
        (&json!("2001:db8:0:0:0:8a2e:370:7334"), &json!(1))
    );
    let (status, unseen) = world.get("/api/ips/192.0.2.1/stats").await;
    assert_eq!((status, &unseen["organizationPrevalence"]), (200, &json!(0)));
}

#[tokio::test]
async fn nonsense_is_refused() {
    let world = World::new().await;
    assert_error(world.get("/api/ips/300.1.1.1/stats").await, 400, "InvalidIpAddress");
    for domain in ["no%20domain.com", "localhost", "1.2.3.4"] {
        assert_error(world.get(&format!("/api/domains/{domain}/stats")).await, 400, "InvalidDomainName");
    }
    for hours in ["0", "721", "-1", "x", ""] {
        let path = format!("/api/ips/1.1.1.1/stats?lookBackHours={hours}");
        assert_error(world.get(&path).await, 400, "InvalidInput");
    }
    assert_error(world.get("/api/ips/1.1.1.1/stats?lookbackhours=1").await, 400, "BadRequest");
}
