//! Which IP addresses are not on the public internet.
//!
//! An allowed name may still resolve to an internal machine, by mistake or by malice (DNS rebinding), so the
//! dialled address is checked too. The lists come from IANA's [special-purpose registries] and the clouds'
//! metadata services.
//!
//! [special-purpose registries]: https://www.iana.org/assignments/iana-ipv4-special-registry

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Forbidden {
    pub(super) address: IpAddr,
    pub(super) kind: Kind,
}

impl Forbidden {
    /// The address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Unspecified,
    Loopback,
    NotLoopback,
    Private,
    LinkLocal,
    NotLinkLocal,
    Metadata,
    Multicast,
    Reserved,
    Embedded,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Unspecified => "an unspecified address",
            Kind::Loopback => "this machine",
            Kind::NotLoopback => "not this machine, though its name says so",
            Kind::Private => "an address of a private network",
            Kind::LinkLocal => "a link-local address",
            Kind::NotLinkLocal => "not a link-local address, where metadata services are",
            Kind::Metadata => "a cloud's metadata service",
            Kind::Multicast => "a multicast or broadcast address",
            Kind::Reserved => "a reserved address",
            Kind::Embedded => "an IPv6 address that stands for an IPv4 address",
        };
        write!(f, "{} is {what}", self.address)
    }
}

impl std::error::Error for Forbidden {}

/// Returns what kind of address this is, unless it is on the public internet.
pub(super) fn classify(address: IpAddr) -> Option<Forbidden> {
    let kind = match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    };
    kind.map(|kind| Forbidden { address, kind })
}

fn classify_v4(address: Ipv4Addr) -> Option<Kind> {
    let kind = match address.octets() {
        [169, 254, 169, 254] | [168, 63, 129, 16] | [100, 100, 100, 200] => Kind::Metadata,
        [0, ..] => Kind::Unspecified,
        [127, ..] => Kind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Kind::Private,
        [169, 254, ..] => Kind::LinkLocal,
        [224..=239, ..] | [255, 255, 255, 255] => Kind::Multicast,
        [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => Kind::Reserved,
        _ => return None,
    };
    Some(kind)
}

fn classify_v6(address: Ipv6Addr) -> Option<Kind> {
    let kind = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Kind::Metadata,
        [0xfc00..=0xfdff, ..] => Kind::Private,
        [0xfe80..=0xfeff, ..] => Kind::LinkLocal,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        // NAT64, through which a network without IPv4 reaches the public IPv4 internet: judged by the
        // embedded address.
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            return classify_v4(embedded(high, low)).map(|_| Kind::Embedded);
        }
        // IPv4-mapped and -compatible, Teredo, 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0x2001, 0, ..] | [0x2002, ..] => Kind::Embedded,
        [0x2001, 0x0001..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Kind::Reserved,
        [0x2000..=0x3fff, ..] => return None,
        _ => Kind::Reserved,
    };
    Some(kind)
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}
