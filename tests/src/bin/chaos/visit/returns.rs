//! The browser on its way back from the gateway.

use pipeline_tests::{Answer, Checkout};
use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::json;
use url::Url;

use super::{Customer, asking::persist};
use crate::{plan::Returning, world::World};

/// Times that a page is reloaded.
const RELOADS: usize = 3;

impl Customer<'_> {
    pub(super) async fn come_back(
        &mut self,
        checkout: &Checkout,
        returning: Returning,
        redirects: &[String],
    ) {
        for redirect in redirects {
            match returning {
                Returning::Never => {}
                Returning::Once => self.open(redirect).await,
                Returning::TwiceAtOnce => self.open_in_two_tabs(redirect).await,
                Returning::Reloaded => {
                    for _ in 0..RELOADS {
                        self.open(redirect).await;
                    }
                }
                Returning::Edited => self.open(&edited(redirect)).await,
                Returning::Relayed => self.relay(checkout, redirect).await,
            }
        }
    }

    async fn open(&mut self, redirect: &str) {
        let mut draw = self.draw.split();
        let get = |replica: usize| self.get_json(&self.at_replica(redirect, replica));
        let answer = persist(self.world, &mut draw, "a return", get).await;
        hear(self.world, answer, true);
    }

    async fn open_in_two_tabs(&mut self, redirect: &str) {
        let (mut one, mut other) = (self.draw.split(), self.draw.split());
        let here = |_: usize| self.get_json(redirect);
        let there = |_: usize| self.get_json(&self.at_replica(redirect, 1));
        let (one, other) = tokio::join!(
            persist(self.world, &mut one, "a return", here),
            persist(self.world, &mut other, "a return", there),
        );
        hear(self.world, one, false);
        hear(self.world, other, false);
    }

    /// Posts the redirect's fields as a notification from server to server.
    async fn relay(&mut self, checkout: &Checkout, redirect: &str) {
        let mut fields = json!({ "payment_intent_id": checkout.payment_intent_id });
        if let (Ok(url), Some(fields)) = (Url::parse(redirect), fields.as_object_mut()) {
            for (name, value) in url.query_pairs() {
                fields.insert(name.into_owned(), value.into_owned().into());
            }
        }
        let path = format!("/payment/webhook/{}", checkout.provider.word());
        let mut draw = self.draw.split();
        let post =
            |replica: usize| self.world.http.post(format!("{}{path}", self.callback(replica))).json(&fields);
        let answer = persist(self.world, &mut draw, "a notification", post).await;
        hear(self.world, answer, true);
    }

    pub(super) fn get_json(&self, url: &str) -> RequestBuilder {
        self.world.http.get(url).header(header::ACCEPT, "application/json")
    }

    pub(super) fn callback(&self, replica: usize) -> &str {
        let [first, second] = &self.world.callbacks;
        if replica == 0 { first } else { second }
    }

    /// The same URL, answered by that replica of payment-callback.
    fn at_replica(&self, redirect: &str, replica: usize) -> String {
        redirect.replacen(self.callback(0), self.callback(replica), 1)
    }
}

fn hear(world: &World, answer: Option<Answer>, is_in_order: bool) {
    let Some(answer) = answer else { return };
    match answer.status {
        StatusCode::OK | StatusCode::ACCEPTED => world.told.status(&answer.json(), is_in_order),
        StatusCode::BAD_REQUEST if answer.code() == "callback_invalid" => world.load.count("returns refused"),
        _ => world.told.unexpected("a return", &answer),
    }
}

/// The redirect with one letter of its last parameter changed.
fn edited(redirect: &str) -> String {
    let mut letters: Vec<char> = redirect.chars().collect();
    let has_parameters = redirect.contains('=');
    if let Some(last) = letters.last_mut().filter(|_| has_parameters) {
        *last = if *last == 'x' { 'y' } else { 'x' };
    }
    letters.into_iter().collect()
}
