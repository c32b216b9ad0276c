//! From the cart to an intent, as often as it takes.

use futures_util::future::join_all;
use pipeline_tests::{Answer, Checkout, Provider};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Customer, asking::persist, at};
use crate::shop::Line;

/// Keys tried for one purchase before the shopper leaves.
const KEYS_MAX: u32 = 4;

/// What to do after an answer that was no intent.
enum Next {
    /// With a new key.
    Again,
    Leave,
}

impl Customer<'_> {
    /// `false` where the shopper gave up.
    pub(super) async fn put_in_cart(&mut self, line: &Line) -> bool {
        let path = format!("/api/cart/items/{}", line.variant_id);
        let body = json!({ "quantity": line.quantity });
        let put = |replica: usize| at(&self.storefronts, replica).request(Method::PUT, &path).json(&body);
        let Some(answer) = persist(self.world, &mut self.draw, "a cart line", put).await else {
            return false;
        };
        if answer.status != StatusCode::OK {
            self.world.told.unexpected("a cart line", &answer);
        }
        answer.status == StatusCode::OK
    }

    async fn remove_from_cart(&mut self, variant_id: &str) -> bool {
        let path = format!("/api/cart/items/{variant_id}");
        let delete = |replica: usize| at(&self.storefronts, replica).request(Method::DELETE, &path);
        persist(self.world, &mut self.draw, "a removed line", delete).await.is_some()
    }

    async fn cart_version(&mut self) -> Option<i64> {
        let get = |replica: usize| at(&self.storefronts, replica).request(Method::GET, "/api/cart");
        let answer = persist(self.world, &mut self.draw, "a cart", get).await?;
        let version = answer.json().get("version").and_then(Value::as_i64);
        if version.is_none() {
            self.world.told.unexpected("a cart", &answer);
        }
        version
    }

    /// An intent for the cart as it is; the button is pressed `clicks` times at once.
    pub(super) async fn make_intent(
        &mut self,
        provider: Provider,
        key: &str,
        clicks: u64,
    ) -> Option<Checkout> {
        for attempt in 0..KEYS_MAX {
            let cart_version = self.cart_version().await?;
            let answer = self.press(provider, cart_version, &format!("{key}-{attempt}"), clicks).await?;
            if answer.status == StatusCode::CREATED {
                return self.take(provider, answer);
            }
            self.world.load.count(&format!("answered {}", answer.code()));
            match self.after_refusal(&answer).await {
                Next::Again => {}
                Next::Leave => return None,
            }
        }
        None
    }

    /// Presses the button and returns one of the answers: an intent, if any is one.
    async fn press(
        &mut self,
        provider: Provider,
        cart_version: i64,
        key: &str,
        clicks: u64,
    ) -> Option<Answer> {
        let (world, storefronts) = (self.world, &self.storefronts);
        let body = order(provider, cart_version);
        let ask = |replica: usize| {
            let request = at(storefronts, replica).request(Method::POST, "/api/checkout/order-intents");
            request.header("Idempotency-Key", key).json(&body)
        };
        let mut fingers: Vec<_> = (0..clicks).map(|_| self.draw.split()).collect();
        let pressed = fingers.iter_mut().map(|draw| persist(world, draw, "an intent", ask));
        let answers: Vec<Answer> = join_all(pressed).await.into_iter().flatten().collect();
        let made: Vec<&Answer> =
            answers.iter().filter(|answer| answer.status == StatusCode::CREATED).collect();
        if let [first, others @ ..] = made.as_slice()
            && let Some(other) = others.iter().find(|other| other.text != first.text)
        {
            world.told.complain(format!("key {key} was answered {} and then {}", first.text, other.text));
        }
        made.first().copied().or(answers.first()).cloned()
    }

    fn take(&mut self, provider: Provider, answer: Answer) -> Option<Checkout> {
        let text = answer.text.clone();
        match Checkout::from_answer(provider, answer) {
            Ok(checkout) => {
                self.world.told.intent(&self.user_id, &checkout);
                self.world.load.count("intents");
                Some(checkout)
            }
            Err(error) => {
                self.world.told.complain(format!("an intent cannot be used: {error:#}: {text}"));
                None
            }
        }
    }

    async fn after_refusal(&mut self, answer: &Answer) -> Next {
        match answer.code().as_str() {
            "cart_changed" => Next::Again,
            "insufficient_stock" => self.take_what_there_is(answer).await,
            // Bought meanwhile, or by an earlier payment of this cart.
            "already_paid" | "cart_empty" => Next::Leave,
            // Khalti refuses the merchant for the moment.
            "validation_failed" if answer.text.contains("provider") => Next::Again,
            _ => {
                self.world.told.unexpected("an intent", answer);
                Next::Leave
            }
        }
    }

    async fn take_what_there_is(&mut self, answer: &Answer) -> Next {
        let refusal = answer.json();
        let short = refusal.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
        for line in short {
            let (variant_id, available) = (line.get("variant_id"), line.get("available"));
            let Some((variant_id, available)) =
                variant_id.and_then(Value::as_str).zip(available.and_then(Value::as_u64))
            else {
                self.world.told.unexpected("an intent", answer);
                return Next::Leave;
            };
            let changed = match u32::try_from(available) {
                Ok(0) | Err(_) => self.remove_from_cart(variant_id).await,
                Ok(quantity) => self.put_in_cart(&Line { variant_id: variant_id.to_owned(), quantity }).await,
            };
            if !changed {
                return Next::Leave;
            }
        }
        Next::Again
    }
}

fn order(provider: Provider, cart_version: i64) -> Value {
    json!({
        "provider": provider.word(),
        "cart_version": cart_version,
        "shipping_address": {
            "full_name": "Asha Gurung", "phone": "9800000000", "line1": "Lakeside 6",
            "city": "Pokhara", "province": "Gandaki", "country": "NP",
        },
    })
}
