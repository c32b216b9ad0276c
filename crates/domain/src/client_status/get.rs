use schema::{Connection, queries::client_status};

use super::PaymentStatus;
use crate::text::can_be_stored;

/// Where one payment stands; `None` where there is no such intent. Whose it is, is the caller's to compare.
pub async fn get(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<PaymentStatus>, schema::Error> {
    if !can_be_stored(payment_intent_id) {
        return Ok(None);
    }
    let facts = client_status::facts_of(connection, &[payment_intent_id.to_owned()]).await?;
    facts.into_iter().next().map(PaymentStatus::try_from).transpose()
}
