//! The shopper comes back from the gateway and reloads the page when it says that something is wrong.

use pipeline_tests::{Program, Provider};
use reqwest::StatusCode;

use crate::{
    buying::Intended,
    crash::{Crash, cover},
    stage::{Stage, until},
    traffic,
};

async fn callback(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Esewa).await;
    let redirect = intended.pay().await;
    crash.arm();
    let mut returned = 0;
    until("the callback is acknowledged", async || {
        let answer = intended.purchase.shopper.follow(&redirect).await.unwrap();
        returned += 1;
        if returned == 1 {
            crash.over().await;
        }
        if !answer.status.is_success() {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
        }
        answer.status.is_success().then_some(())
    })
    .await;
    // A question that was begun and not finished is asked again by the queue two seconds later.
    stage.hurry(intended.id()).await;
    intended.assert_bought_once(stage).await;
}

#[tokio::test]
async fn a_callback_counts_once_wherever_the_connection_is_cut() {
    let stage = Stage::start(Program::PaymentCallback, &[]).await;
    cover("callback", &stage, traffic::requests, async |crash| callback(&stage, crash).await).await;
    stage.close().await;
}
