//! Tricks with addresses, none of which gets through.

use std::net::IpAddr;

use http::Uri;
use proptest::prelude::*;

use super::*;

fn destinations(origins: &[&str], loopback: bool) -> Destinations {
    let origins: Vec<Origin> = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    Destinations::new("default".into(), origins, loopback)
}

fn admitted(destinations: &Destinations, address: &str) -> bool {
    address.parse::<Uri>().is_ok_and(|uri| destinations.admit(&uri).is_ok())
}

#[test]
fn an_allowed_origin_is_admitted_however_it_is_written() {
    let destinations =
        destinations(&["https://api.example.com", "https://[2606:4700::1]:8443", "https://8.8.8.8"], false);
    for address in [
        "https://api.example.com",
        "https://api.example.com/",
        "https://api.example.com:443/",
        "HTTPS://API.Example.COM/api/alerts?$filter=a%20eq%20'b'",
        "https://api.example.com/a/../b/%2e%2e/c//d;e=f?g=h&i",
        "https://[2606:4700:0:0:0:0:0:1]:8443/",
        "https://8.8.8.8:443/",
    ] {
        assert!(admitted(&destinations, address), "{address}");
    }
}

#[test]
fn no_trick_gets_through() {
    let allowed = [
        "https://api.example.com",
        "http://localhost:9000",
        "https://8.8.8.8",
        "https://xn--bcher-kva.example",
    ];
    let destinations = destinations(&allowed, true);
    for trick in [
        // Another host that looks similar.
        "https://example.com/",
        "https://evilapi.example.com/",
        "https://api.example.com.evil.com/",
        "https://api-example.com/",
        "https://api.example.co/",
        "https://api.example.comm/",
        "https://a.api.example.com/",
        "https://api.example.com%2eevil.com/",
        "https://api.example.com%00.evil.com/",
        "https://api%2eexample%2ecom/",
        "https://api.example.com%40evil.com/",
        "https://api.еxample.com/",
        "https://ａｐｉ.example.com/",
        "https://api。example。com/",
        "https://xn--pi-6kc.example.com/",
        "https://bucher.example/",
        // A user name that looks like the host.
        "https://api.example.com@evil.com/",
        "https://api.example.com:443@evil.com/",
        "https://user@api.example.com/",
        "https://user:password@api.example.com/",
        "https://:@api.example.com/",
        "https://@api.example.com/",
        "https://evil.com@api.example.com/",
        // Separators that some parsers confuse.
        "https://evil.com\\@api.example.com/",
        "https://api.example.com\\.evil.com/",
        "https:\\\\api.example.com/",
        "https://evil.com#@api.example.com/",
        "https://evil.com?@api.example.com/",
        "https://evil.com/@api.example.com/",
        "https:///api.example.com/",
        "https:api.example.com/",
        "//api.example.com/",
        "/api/alerts",
        "api.example.com",
        "https://api.example.com\t/",
        "https://api.example.com /",
        "https://api.example.com\r\nHost:evil.com/",
        // Dots.
        "https://api.example.com./",
        "https://api.example.com../",
        "https://.api.example.com/",
        "https://api..example.com/",
        // Another scheme or port.
        "http://api.example.com/",
        "http://api.example.com:443/",
        "https://api.example.com:80/",
        "https://api.example.com:8443/",
        "https://api.example.com:/",
        "https://api.example.com:0443/",
        "https://api.example.com:65979/",
        "https://api.example.com:+443/",
        "https://api.example.com:443:443/",
        "ftp://api.example.com/",
        "ws://api.example.com/",
        "file:///etc/passwd",
        "gopher://api.example.com/",
        "javascript:alert(1)",
        // This machine, by names that are not allowed.
        "https://localhost:9000/",
        "http://localhost/",
        "http://localhost:9001/",
        "http://127.0.0.1:9000/",
        "http://127.1:9000/",
        "http://0:9000/",
        "http://0.0.0.0:9000/",
        "http://[::1]:9000/",
        "http://[::]:9000/",
        "http://[::ffff:127.0.0.1]:9000/",
        "http://[::1%25lo]:9000/",
        "http://localhost.:9000/",
        "http://localhost.localdomain:9000/",
        "http://a.localhost:9000/",
        "http://2130706433:9000/",
        "http://0x7f000001:9000/",
        "http://0x7f.1:9000/",
        "http://0177.0.0.1:9000/",
        // An allowed address in other spellings.
        "https://08.8.8.8/",
        "https://8.8.2056/",
        "https://134744072/",
        "https://0x08080808/",
        "https://010.8.8.8/",
        "https://8.8.8.8./",
        "https://[::ffff:8.8.8.8]/",
        "https://[::8.8.8.8]/",
        "https://[64:ff9b::808:808]/",
        // Metadata services.
        "http://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "http://168.63.129.16/",
        // Ambiguous paths.
        "https://api.example.com/a\\b",
        "https://api.example.com/a b",
        "https://api.example.com/é",
        "https://api.example.com/\u{7f}",
    ] {
        assert!(!admitted(&destinations, trick), "{trick}");
    }
}

#[test]
fn an_empty_list_denies_all() {
    assert!(!admitted(&destinations(&[], true), "https://api.example.com/"));
}

#[test]
fn this_machine_needs_a_grant() {
    for origin in ["http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000", "https://localhost"]
    {
        assert!(!admitted(&destinations(&[origin], false), origin), "{origin}");
        assert!(admitted(&destinations(&[origin], true), origin), "{origin}");
    }
}

#[test]
fn no_grant_makes_the_network_safe() {
    for origin in [
        "http://api.example.com",
        "http://10.0.0.1",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[fe80::1]",
    ] {
        assert!(!admitted(&destinations(&[origin], true), origin), "{origin}");
    }
}

#[test]
fn a_denial_shows_the_lines_that_would_allow_it() {
    let destinations = destinations(&["https://api.example.com"], false);
    let uri: Uri = "https://user:hunter2@x/".parse().unwrap();
    assert!(
        !format!("{:?} {}", destinations.admit(&uri), destinations.admit(&uri).unwrap_err())
            .contains("hunter2")
    );

    let denied = destinations.admit(&"https://evil.example/path?secret=1".parse().unwrap()).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "the connector asked for https://evil.example, which the connection \"default\" may not reach: \
         https://evil.example is not among its allowed origins"
    );
    let hint = denied.hint().to_string();
    assert!(
        hint.ends_with(
            "[connections.default]\nallowed-origins = [\"https://api.example.com\", \"https://evil.example\"]"
        ),
        "{hint}"
    );
    let denied = destinations.admit(&"https://10.0.0.1/".parse().unwrap()).unwrap_err();
    assert!(!denied.hint().to_string().contains("allowed-origins"), "no line would allow a private address");
}

#[test]
fn origins_in_a_configuration_are_read_strictly() {
    for text in [
        "",
        "api.example.com",
        "https://",
        "https://*.example.com",
        "https://api.example.com/api",
        "https://a b",
        "https://api.example.com?x",
        "https://api.example.com#x",
        "https://u@api.example.com",
        "https://api.example.com:x",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://１２７.0.0.1",
        "https://-a.com",
        "https://exa_mple..com",
        "https://[::1",
        "https://[::1]x",
        "https://%61.com",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    let origin: Origin = "https://BÜCHER.example:8443/".parse().unwrap();
    assert_eq!(origin.to_string(), "https://xn--bcher-kva.example:8443");
}

#[test]
fn only_public_addresses_are_dialled() {
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert!(check_address(address, false).is_err(), "{address}");
    }
    for address in [
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "20.190.128.0",
        "2606:4700::1",
        "2a01:111::1",
        "64:ff9b::808:808",
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(check_address(address, false), Ok(()), "{address}");
        assert!(check_address(address, true).is_err(), "{address} is not this machine");
    }
    for address in ["127.0.0.1", "127.0.0.53", "::1"] {
        assert_eq!(check_address(address.parse().unwrap(), true), Ok(()), "{address}");
    }
}

proptest! {
    #[test]
    fn whatever_is_admitted_is_the_allowed_host(address in "https?://[a-z.@:%\\[\\]0-9/\\\\#?-]{0,30}api\\.example\\.com[a-z.@:%0-9/#?-]{0,12}") {
        let destinations = destinations(&["https://api.example.com"], false);
        if let Ok(uri) = address.parse::<Uri>() && destinations.admit(&uri).is_ok() {
            // A second parser, following WHATWG, must see the same host.
            let url = url::Url::parse(&address).unwrap();
            prop_assert_eq!(url.host_str(), Some("api.example.com"));
            prop_assert_eq!(url.port_or_known_default(), Some(443));
            prop_assert_eq!(url.username(), "");
        }
    }

    #[test]
    fn an_origin_survives_being_written(host in "[a-z][a-z0-9-]{0,10}[a-z0-9]\\.(com|example)", port in 1u16..) {
        let origin: Origin = format!("https://{host}:{port}").parse().unwrap();
        prop_assert_eq!(origin.to_string().parse::<Origin>().unwrap(), origin);
    }
}
