use std::net::IpAddr;

use actix_web::http::header::HeaderMap;

use crate::settings::TrustedProxies;

/// The address a request comes from: its peer, or where the peer is one of our proxies, the last address in
/// `X-Forwarded-For` that is not. Everything left of that one could be written by anybody.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.contains(peer) {
        return peer;
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut nearest = peer;
    for hop in forwarded.into_iter().rev() {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !proxies.contains(nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, forwarded: &str) -> String {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8", "::1"]).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(forwarded).unwrap());
        client_address(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn a_stranger_cannot_speak_for_others() {
        assert_eq!(seen("203.0.113.9", "198.51.100.1"), "203.0.113.9");
    }

    #[test]
    fn a_proxy_is_believed_up_to_the_first_stranger_from_the_right() {
        assert_eq!(seen("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.2.3.4"), "198.51.100.1");
        assert_eq!(seen("::1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(seen("::ffff:10.0.0.1", "::ffff:198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn garbage_ends_the_walk_at_the_last_readable_hop() {
        assert_eq!(seen("10.0.0.1", "198.51.100.1, garbage, 10.0.0.2"), "10.0.0.2");
        assert_eq!(seen("10.0.0.1", ""), "10.0.0.1");
    }
}
