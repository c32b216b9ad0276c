use domain::{
    Connection, Error,
    intents::{FORGOTTEN_MAX, forget_idempotency_keys},
};

use super::Context;
use crate::swept::Swept;

pub(super) async fn page(
    connection: &mut Connection,
    context: &Context,
    swept: &mut Swept,
) -> Result<bool, Error> {
    let forgotten = forget_idempotency_keys(connection).await?;
    context.metrics.forgotten(forgotten);
    swept.keys_forgotten += forgotten;
    Ok(u32::try_from(forgotten).is_ok_and(|count| count >= FORGOTTEN_MAX))
}
