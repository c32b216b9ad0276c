//! A shopper's visit as it was planned, against services that may be dying.

mod asking;
mod gateway;
mod intent;
mod returns;

use std::time::Duration;

use pipeline_tests::{Checkout, Shopper};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    draw::Draw,
    plan::{Round, Visit},
    world::{REPLICAS, World},
};
use asking::persist;

/// Between two looks at the status page.
const LOOK_MS: (u64, u64) = (100, 1_200);
const AUDIENCE: &str = "storefront";

/// A shopper of this run.
pub(super) struct Customer<'a> {
    world: &'a World,
    user_id: String,
    /// The same person at each replica of checkout-api.
    storefronts: [Shopper; REPLICAS],
    draw: Draw,
}

/// Lives through a visit.
///
/// # Errors
/// Where the outside world itself fails, which is never this run's doing.
pub(crate) async fn live(world: &World, visit: Visit) -> anyhow::Result<()> {
    let user_id = format!("shopper-{}", visit.number);
    let token = world.sandbox.token(&json!({ "sub": user_id, "audience": AUDIENCE })).await?;
    let storefronts = world.storefronts.clone().map(|storefront| storefront.with_token(&token));
    let draw = Draw::of(world.seed, "living", visit.number);
    let mut customer = Customer { world, user_id, storefronts, draw };
    if let Some(mode) = &visit.hostile_token {
        customer.intrude(mode).await?;
    }
    for (number, round) in visit.rounds.iter().enumerate() {
        if world.closing.is_cancelled() || !customer.shop(number, round).await? {
            break;
        }
    }
    world.load.count("visits");
    Ok(())
}

impl Customer<'_> {
    /// Comes with a token that must open nothing.
    async fn intrude(&mut self, mode: &str) -> anyhow::Result<()> {
        let wanted = json!({ "sub": self.user_id, "audience": AUDIENCE, "modes": [mode] });
        let token = self.world.sandbox.token(&wanted).await?;
        let intruders = self.storefronts.clone().map(|storefront| storefront.with_token(&token));
        self.world.load.count(&format!("mode identity {mode}"));
        let cart = |replica: usize| at(&intruders, replica).request(Method::GET, "/api/cart");
        if let Some(answer) = persist(self.world, &mut self.draw, "a hostile token", cart).await
            && answer.status != StatusCode::UNAUTHORIZED
        {
            self.world.told.unexpected(&format!("a token issued as {mode}"), &answer);
        }
        Ok(())
    }

    /// One round of the cart; `false` where the shopper has lost patience.
    async fn shop(&mut self, number: usize, round: &Round) -> anyhow::Result<bool> {
        for line in &round.lines {
            if !self.put_in_cart(line).await {
                return Ok(false);
            }
        }
        let mut started: Vec<(usize, Checkout)> = Vec::new();
        for (place, payment) in round.payments.iter().enumerate() {
            let key = format!("{}-{number}-{place}", self.user_id);
            let Some(checkout) = self.make_intent(payment.provider, &key, round.clicks).await else {
                continue;
            };
            self.set_modes(payment, &checkout).await?;
            started.push((place, checkout));
        }
        if let Some(line) = &round.afterthought {
            self.put_in_cart(line).await;
        }
        if round.last_first {
            started.reverse();
        }
        for (place, checkout) in &started {
            let Some(payment) = round.payments.get(*place) else { continue };
            self.go_to_gateway(payment, checkout).await?;
        }
        for (_, checkout) in &started {
            self.watch(checkout, round.looks).await;
        }
        Ok(!started.is_empty())
    }

    /// Looks at the status a few times, at the shop or at the page the gateway led to.
    async fn watch(&mut self, checkout: &Checkout, looks: u64) {
        let id = &checkout.payment_intent_id;
        let own = format!("/api/orders/check-status?payment_intent_id={id}");
        for _ in 0..looks {
            if self.world.closing.is_cancelled() {
                return;
            }
            let is_own = self.draw.chance(70);
            let mut draw = self.draw.split();
            let look = |replica: usize| {
                let storefront = at(&self.storefronts, replica);
                if is_own {
                    storefront.request(Method::GET, &own)
                } else {
                    self.get_json(&format!("{}/payment/status/{id}", self.callback(replica)))
                }
            };
            let Some(answer) = persist(self.world, &mut draw, "a status", look).await else { return };
            if !matches!(answer.status, StatusCode::OK | StatusCode::ACCEPTED) {
                return self.world.told.unexpected("a status", &answer);
            }
            let status = answer.json();
            self.world.told.status(&status, true);
            if status.get("status").is_some_and(|status| status == "confirmed" || status == "refunded") {
                return;
            }
            let pause: Duration = self.draw.pause(LOOK_MS.0, LOOK_MS.1);
            sleep(pause).await;
        }
    }
}

fn at(storefronts: &[Shopper; REPLICAS], replica: usize) -> &Shopper {
    let [first, second] = storefronts;
    if replica == 0 { first } else { second }
}
