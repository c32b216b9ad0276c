//! Intents made in one transaction with others are the same rows as intents made alone.

use std::collections::BTreeMap;

use domain::{
    checkout::{CreateIntentError, IntentDesk, create_intent},
    payments::gateway::Provider,
};
use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use test_support::factories::Cart;

use crate::{
    checkouts::{checkout, command},
    world::World,
};

const ROUNDS: u64 = 12;
const SHOPPERS: usize = 10;
/// Variants of which everybody gets enough, and variants that run out.
const PLENTY: usize = 3;
const SCARCE: usize = 3;

/// What a shopper wants, in numbers of variants.
#[derive(Debug, Clone)]
struct Wish {
    lines: BTreeMap<usize, i32>,
    provider: Provider,
    oddity: Oddity,
}

/// What makes a request one that no group can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    None,
    EmptyCart,
    OldVersion,
    PriceChanged,
    AskedBefore,
    AskedBeforeWithAnotherKey,
}

const ODDITIES: [Oddity; 5] = [
    Oddity::EmptyCart,
    Oddity::OldVersion,
    Oddity::PriceChanged,
    Oddity::AskedBefore,
    Oddity::AskedBeforeWithAnotherKey,
];

fn wish(rng: &mut StdRng) -> Wish {
    let is_odd = rng.random_bool(0.4);
    let oddity = if is_odd { ODDITIES[rng.random_range(0..ODDITIES.len())] } else { Oddity::None };
    // Who goes alone goes after the group: its stock must not depend on when.
    let variants = if is_odd { 0..PLENTY } else { 0..PLENTY + SCARCE };
    let lines = match oddity {
        Oddity::EmptyCart => BTreeMap::new(),
        _ => (0..rng.random_range(1..4))
            .map(|_| (rng.random_range(variants.clone()), rng.random_range(1..4)))
            .collect(),
    };
    let provider = if rng.random_bool(0.5) { Provider::Esewa } else { Provider::Khalti };
    Wish { lines, provider, oddity }
}

/// One shop: the wishes of a round stand in its carts.
struct Shop {
    variants: Vec<String>,
    carts: Vec<Cart>,
}

async fn furnish(world: &World, stock: &[i32], wishes: &[Wish]) -> Shop {
    let variants = join_all(stock.iter().map(|available| world.shop.variant(50_000, *available))).await;
    let mut carts = Vec::new();
    for wish in wishes {
        let lines: Vec<(&str, i32)> =
            wish.lines.iter().map(|(number, quantity)| (variants[*number].as_str(), *quantity)).collect();
        let cart = world.shop.cart(&lines).await;
        let before = checkout(world);
        match wish.oddity {
            Oddity::AskedBefore => {
                let asked = command(&cart.user_id, "key", wish.provider, 1);
                create_intent(&before, asked).await.unwrap();
            }
            Oddity::AskedBeforeWithAnotherKey => {
                let asked = command(&cart.user_id, "earlier", wish.provider, 1);
                create_intent(&before, asked).await.unwrap();
            }
            Oddity::PriceChanged => {
                let cheaper = "UPDATE cart_items SET unit_price_minor = 40000 WHERE cart_id = $1::text::uuid";
                world.shop.client.execute(cheaper, &[&cart.cart_id]).await.unwrap();
            }
            Oddity::None | Oddity::EmptyCart | Oddity::OldVersion => {}
        }
        carts.push(cart);
    }
    Shop { variants, carts }
}

fn request(wish: &Wish, cart: &Cart) -> domain::checkout::CreateIntent {
    let cart_version = if wish.oddity == Oddity::OldVersion { 7 } else { 1 };
    command(&cart.user_id, "key", wish.provider, cart_version)
}

/// An outcome without the names that differ between two shops.
fn told(outcome: &Result<Vec<u8>, CreateIntentError>, shop: &Shop) -> String {
    match outcome {
        Ok(_) => "answered".to_owned(),
        Err(CreateIntentError::InsufficientStock(lines)) => {
            let number = |id: &str| shop.variants.iter().position(|variant| variant == id).unwrap();
            let mut lines: Vec<_> =
                lines.iter().map(|line| (number(&line.variant_id), line.wanted, line.available)).collect();
            lines.sort_unstable();
            format!("short {lines:?}")
        }
        Err(error) => error.to_string(),
    }
}

/// Every row that a request may have written, with names replaced by numbers.
async fn rows(world: &World, shop: &Shop) -> Vec<String> {
    let read = "WITH cart AS (SELECT * FROM unnest($1::text[]) WITH ORDINALITY AS c (cart_id, number)),
            variant AS (SELECT * FROM unnest($2::text[]) WITH ORDINALITY AS v (variant_id, number)),
            intent AS (SELECT pi.*, cart.number FROM payment_intents pi JOIN cart ON cart.cart_id = pi.cart_id::text)
        SELECT format('intent %s', (number, status, status_cause, reservation, provider, amount_minor, cart_version, cart_round,
                   gateway_reference IS NULL, shipping_address, expires_at - created_at, question_closed_at)) AS row FROM intent
        UNION ALL
        SELECT format('line %s', (intent.number, variant.number, ii.vendor_id = 'v-' || ii.variant_id, ii.product_name, ii.title,
                   ii.sku = 'sku-' || ii.variant_id, ii.quantity, ii.unit_price_minor))
          FROM intent JOIN payment_intent_items ii USING (payment_intent_id) JOIN variant USING (variant_id)
        UNION ALL
        SELECT format('event %s', (intent.number, e.kind, e.to_status, e.cause))
          FROM intent JOIN payment_intent_events e USING (payment_intent_id)
        UNION ALL
        SELECT format('key %s', (intent.number, k.idempotency_key, k.leased_until IS NULL, k.response_body IS NULL,
                   encode(k.request_digest, 'hex')))
          FROM intent JOIN idempotency_keys k USING (payment_intent_id)
        UNION ALL
        SELECT format('job %s', (intent.number, j.job_type, j.status, j.priority, j.max_attempts, j.run_at > now(),
                   j.idempotency_key = 'verify_payment:' || payment_intent_id))
          FROM intent JOIN job_queue j ON j.payload ->> 'payment_intent_id' = intent.payment_intent_id
        UNION ALL
        SELECT format('movement %s', (intent.number, variant.number, available_delta, reserved_delta, sold_delta, reason))
          FROM intent JOIN inventory_movements m USING (payment_intent_id) JOIN variant USING (variant_id)
        UNION ALL
        SELECT format('stock %s', (variant.number, available, reserved, sold)) FROM inventory JOIN variant USING (variant_id)
        UNION ALL
        SELECT format('cart %s', (cart.number, c.version, c.round)) FROM carts c JOIN cart ON cart.cart_id = c.cart_id::text
        ORDER BY 1";
    let carts: Vec<&str> = shop.carts.iter().map(|cart| cart.cart_id.as_str()).collect();
    let rows = world.shop.client.query(read, &[&carts, &shop.variants]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn together_and_alone_leave_the_same_rows() {
    let world = World::new().await;
    let first_seed: u64 = rand::random();
    for seed in (0..ROUNDS).map(|round| first_seed.wrapping_add(round)) {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let wishes: Vec<Wish> = (0..SHOPPERS).map(|_| wish(&mut rng)).collect();
        let mut stock = vec![1_000; PLENTY];
        stock.extend((0..SCARCE).map(|_| rng.random_range(0..6)));

        let alone = furnish(&world, &stock, &wishes).await;
        let mut told_alone = Vec::new();
        for (wish, cart) in wishes.iter().zip(&alone.carts) {
            let outcome = create_intent(&checkout(&world), request(wish, cart)).await;
            told_alone.push(told(&outcome, &alone));
        }

        let together = furnish(&world, &stock, &wishes).await;
        let (desk, clerk) = IntentDesk::open(checkout(&world));
        // All stand in line before the clerk comes.
        let asked = join_all(
            wishes.iter().zip(&together.carts).map(|(wish, cart)| desk.create_intent(request(wish, cart))),
        );
        let outcomes = tokio::select! {
            outcomes = asked => outcomes,
            never = clerk.serve() => match never {},
        };
        let told_together: Vec<String> = outcomes.iter().map(|outcome| told(outcome, &together)).collect();

        assert_eq!(told_together, told_alone, "seed {seed}: {wishes:?} with stock {stock:?}");
        assert_eq!(rows(&world, &together).await, rows(&world, &alone).await, "seed {seed}");
    }
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn two_clerks_sell_exactly_what_is_there() {
    const UNITS: i32 = 40;
    let world = World::new().await;
    let variant = world.shop.variant(50_000, UNITS).await;
    let one_unit = [(variant.as_str(), 1)];
    let carts = join_all((0..60).map(|_| world.shop.cart(&one_unit))).await;
    let (one, first_clerk) = IntentDesk::open(checkout(&world));
    let (other, second_clerk) = IntentDesk::open(checkout(&world));
    let asked = join_all(carts.iter().enumerate().map(|(number, cart)| {
        let desk = if number % 2 == 0 { &one } else { &other };
        desk.create_intent(command(&cart.user_id, "key", Provider::Esewa, 1))
    }));
    let outcomes = tokio::select! {
        outcomes = asked => outcomes,
        never = first_clerk.serve() => match never {},
        never = second_clerk.serve() => match never {},
    };
    let sold = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let short = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(CreateIntentError::InsufficientStock(_))))
        .count();
    assert_eq!((sold, short), (40, 20));
    assert_eq!(world.shop.stock(&variant).await, (0, UNITS, 0));
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_desk_whose_clerk_has_gone_still_makes_intents() {
    let world = World::new().await;
    let variant = world.shop.variant(50_000, 1).await;
    let cart = world.shop.cart(&[(&variant, 1)]).await;
    let (desk, clerk) = IntentDesk::open(checkout(&world));
    let asked = desk.create_intent(command(&cart.user_id, "key", Provider::Esewa, 1));
    let (answered, ()) = tokio::join!(asked, async { drop(clerk) });
    answered.unwrap();
    assert_eq!(world.shop.stock(&variant).await, (0, 1, 0));
}
