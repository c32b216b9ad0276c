//! A token bucket a client address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use super::{Code, Problem, client_address};
use crate::{health, settings::TrustedProxies};

/// Addresses remembered at a time: a few megabytes.
const BUCKETS_MAX: usize = 65_536;
/// Seconds of quiet that fill an empty bucket, which makes the burst twice the rate.
const BURST_SECONDS: f64 = 2.0;
/// The part of an IPv6 address that one customer of a provider can vary at will.
const IPV6_HOST_BITS: u32 = 64;

/// Admits each client address so many requests a second, in bursts of at most twice that. One per process, shared by
/// its threads; replicas count for themselves.
#[derive(Debug)]
pub struct RateLimit {
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    counted_at: Instant,
}

impl RateLimit {
    /// `per_second` above zero.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second), buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes a token, or says after how many seconds there will be one.
    ///
    /// # Errors
    /// Seconds to wait, at least one.
    pub fn admit(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let capacity = self.per_second * BURST_SECONDS;
        let key = network_of(address);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&key) {
            self.forget_the_quiet(&mut buckets, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: capacity, counted_at: now });
        let tokens = self.refilled(bucket, now);
        *bucket = Bucket { tokens: if tokens >= 1.0 { tokens - 1.0 } else { tokens }, counted_at: now };
        if tokens >= 1.0 { Ok(()) } else { Err(seconds_until_one(tokens, self.per_second)) }
    }

    fn refilled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let quiet = now.saturating_duration_since(bucket.counted_at).as_secs_f64();
        (bucket.tokens + quiet * self.per_second).min(self.per_second * BURST_SECONDS)
    }

    /// A full bucket tells nothing. Where none is full, more addresses are at it than memory is worth: all start over.
    fn forget_the_quiet(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: Instant) {
        let capacity = self.per_second * BURST_SECONDS;
        buckets.retain(|_, bucket| self.refilled(bucket, now) < capacity);
        if buckets.len() >= BUCKETS_MAX {
            tracing::warn!(addresses = buckets.len(), "the rate limit forgets every client");
            buckets.clear();
        }
    }
}

fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() >> IPV6_HOST_BITS << IPV6_HOST_BITS).into()
        }
    }
}

fn seconds_until_one(tokens: f64, per_second: f64) -> u64 {
    let wait = std::time::Duration::try_from_secs_f64((1.0 - tokens) / per_second).unwrap_or_default();
    wait.as_secs() + 1
}

/// Refuses clients that are over their limit; orchestrators' questions are never refused.
pub(crate) async fn limit_rate<B>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    B: MessageBody + 'static,
{
    let is_ours = [health::LIVEZ, health::READYZ, health::METRICS].contains(&request.path());
    let limit = request.app_data::<Data<RateLimit>>().filter(|_| !is_ours);
    let proxies = request.app_data::<Data<TrustedProxies>>();
    if let (Some(limit), Some(proxies), Some(peer)) = (limit, proxies, request.peer_addr()) {
        let address = client_address(peer.ip(), request.headers(), proxies);
        if let Err(seconds) = limit.admit(address, Instant::now()) {
            let problem = Problem::new(Code::RateLimited, "This address sends too many requests.");
            let refused = request.error_response(problem.retry_after(seconds));
            return Ok(refused.map_into_right_body());
        }
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}
