use futures_util::{StreamExt, TryStreamExt, stream};
use pipeline_tests::{Pipeline, Shopper};

/// Shoppers who sign in at the same time.
const SIGN_INS: usize = 16;

/// Shoppers of these names, in their order, signed in before anything is measured.
pub(crate) async fn sign_in(
    pipeline: &Pipeline,
    names: impl IntoIterator<Item = String>,
) -> anyhow::Result<Vec<Shopper>> {
    stream::iter(names).map(async |name| pipeline.shopper(&name).await).buffered(SIGN_INS).try_collect().await
}
