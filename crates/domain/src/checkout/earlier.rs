use schema::{
    Connection,
    queries::{carts::Cart, payment_intents::create},
};

use super::CreateIntentError;

/// Units that a superseded intent held and that are still counted as reserved.
#[derive(Debug, Clone)]
pub(super) struct HeldLine {
    pub(super) payment_intent_id: String,
    pub(super) variant_id: String,
    pub(super) quantity: i32,
}

/// What ended in favour of a new intent.
#[derive(Debug, Default)]
pub(super) struct Superseded {
    pub(super) superseded_ids: Vec<String>,
    pub(super) held: Vec<HeldLine>,
}

/// Ends the cart's open intent in favour of a new one and returns what it held, for `reserve` to net.
pub(super) async fn supersede(
    connection: &mut Connection,
    cart: &Cart,
) -> Result<Superseded, CreateIntentError> {
    let earlier = create::earlier_of_cart_for_update(connection, cart.cart_id, cart.round).await?;
    if let Some(paid) = earlier.iter().find(|intent| intent.status == "verified") {
        return Err(CreateIntentError::AlreadyPaid { payment_intent_id: paid.payment_intent_id.clone() });
    }
    let mut superseded = Superseded::default();
    for intent in earlier {
        create::supersede_if_open(connection, &intent.payment_intent_id).await?;
        superseded.held.extend(held_by(connection, &intent.payment_intent_id).await?);
        superseded.superseded_ids.push(intent.payment_intent_id);
    }
    Ok(superseded)
}

/// What an intent that has just ended still holds.
pub(super) async fn held_by(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Vec<HeldLine>, schema::Error> {
    let lines = create::snapshot(connection, payment_intent_id).await?;
    let held = lines.into_iter().map(|line| HeldLine {
        payment_intent_id: payment_intent_id.to_owned(),
        variant_id: line.variant_id,
        quantity: line.quantity,
    });
    Ok(held.collect())
}
