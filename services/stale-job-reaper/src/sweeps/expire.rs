use domain::{
    Connection, Error,
    intents::{EXPIRED_MAX, expire_due},
    notifications::Channel,
};

use super::{Context, wake};
use crate::swept::Swept;

pub(super) async fn page(
    connection: &mut Connection,
    context: &Context,
    swept: &mut Swept,
) -> Result<bool, Error> {
    let expired = expire_due(connection).await?;
    context.metrics.expired(expired.len());
    if !expired.is_empty() {
        wake(connection, Channel::PaymentIntents).await;
    }
    swept.intents_expired += expired.len();
    Ok(u32::try_from(expired.len()).is_ok_and(|count| count >= EXPIRED_MAX))
}
