use anyhow::{Context, ensure};
use futures_util::{StreamExt, stream};
use pipeline_tests::{Answer, Checkout, Provider, Shopper};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::world::{SOON, World};

/// Purchases that run at a time.
const SIDE_BY_SIDE: usize = 12;
/// What stays undecided is believed to stay so after so many questions.
const QUESTIONS_BEFORE_BELIEF: u64 = 2;

/// A purchase at a gateway that misbehaves, what the shopper does there, and where it must end.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) provider: Provider,
    modes: Vec<&'static str>,
    /// What the modes need to know, such as `question_count`.
    with: Value,
    pub(crate) actions: Vec<&'static str>,
    /// The return is answered 400, and something else finds the payment.
    return_is_refused: bool,
    /// The shopper is not let in at all.
    page_is_closed: bool,
    /// What the client is told in the end.
    ends: &'static str,
    /// The kind of the open review case in the end.
    case_kind: Option<&'static str>,
}

/// A purchase that is paid and confirmed whatever the gateway does, unless said otherwise.
pub(crate) fn case(provider: Provider, modes: &[&'static str]) -> Case {
    Case {
        provider,
        modes: modes.to_vec(),
        with: json!({}),
        actions: vec!["pay"],
        return_is_refused: false,
        page_is_closed: false,
        ends: "confirmed",
        case_kind: None,
    }
}

impl Case {
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.with[name] = value.into();
        self
    }

    pub(crate) fn does(mut self, actions: &[&'static str]) -> Self {
        self.actions = actions.to_vec();
        self
    }

    pub(crate) fn whose_return_is_refused(mut self) -> Self {
        self.return_is_refused = true;
        self
    }

    pub(crate) fn whose_page_is_closed(mut self) -> Self {
        self.page_is_closed = true;
        self
    }

    pub(crate) fn ends(mut self, client_status: &'static str) -> Self {
        self.ends = client_status;
        self
    }

    pub(crate) fn ends_under_review(mut self, case_kind: &'static str) -> Self {
        self.ends = "under_review";
        self.case_kind = Some(case_kind);
        self
    }

    /// The modes it drives, with their provider.
    pub(crate) fn driven(&self) -> Vec<(String, String)> {
        self.modes.iter().map(|mode| ((*mode).to_owned(), self.provider.word().to_owned())).collect()
    }

    fn is_undecided(&self) -> bool {
        ["verifying", "awaiting_payment"].contains(&self.ends)
    }

    async fn run(&self, world: &World, others: &[Checkout; 2]) -> anyhow::Result<Checkout> {
        let (shopper, checkout) = world.checkout(self.provider).await;
        let other =
            others.iter().find(|other| other.provider == self.provider).context("no other payment")?;
        let mut modes = self.with.clone();
        modes["modes"] = json!(self.modes);
        modes["other_reference"] = json!(other.gateway_reference);
        world.pipeline.sandbox().set_modes(&checkout, &modes).await?;
        shopper.open_payment_page(&checkout).await?;
        if self.page_is_closed {
            let payment = world.pipeline.sandbox().payment(&checkout).await;
            ensure!(payment.is_err(), "the gateway let the shopper in: {payment:?}");
        } else {
            self.act(&shopper, &checkout).await?;
        }
        self.await_end(world, &shopper, &checkout).await?;
        self.check_rows(world, &checkout).await?;
        Ok(checkout)
    }

    async fn act(&self, shopper: &Shopper, checkout: &Checkout) -> anyhow::Result<()> {
        for action in &self.actions {
            for redirect in shopper.at_gateway(checkout, action).await? {
                self.check_return(&shopper.follow(&redirect).await?)?;
            }
        }
        Ok(())
    }

    fn check_return(&self, answer: &Answer) -> anyhow::Result<()> {
        let told = (answer.status.as_u16(), answer.code());
        let is_as_wanted = if self.return_is_refused {
            told == (400, "callback_invalid".to_owned())
        } else {
            answer.status.is_success()
        };
        ensure!(is_as_wanted, "the return was answered {}: {}", answer.status, answer.text);
        Ok(())
    }

    async fn await_end(&self, world: &World, shopper: &Shopper, checkout: &Checkout) -> anyhow::Result<()> {
        if self.is_undecided() && !self.page_is_closed {
            self.await_questions(world, checkout).await?;
        }
        shopper.await_status(&checkout.payment_intent_id, self.ends, SOON).await.map(drop)
    }

    async fn await_questions(&self, world: &World, checkout: &Checkout) -> anyhow::Result<()> {
        let deadline = Instant::now() + SOON;
        loop {
            let payment = world.pipeline.sandbox().payment(checkout).await?;
            if payment["questions"].as_u64() >= Some(QUESTIONS_BEFORE_BELIEF) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "nobody asks: {payment}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn check_rows(&self, world: &World, checkout: &Checkout) -> anyhow::Result<()> {
        let intent = world.intent(&checkout.payment_intent_id).await;
        ensure!(intent.orders == i64::from(self.ends == "confirmed"), "{intent:?}");
        ensure!(intent.open_case.as_deref() == self.case_kind, "{intent:?}");
        let reservation = match self.ends {
            "confirmed" => "settled",
            "verifying" | "awaiting_payment" => "held",
            _ => "released",
        };
        ensure!(intent.reservation == reservation, "{intent:?}");
        Ok(())
    }
}

/// Runs the cases side by side in one pipeline, compares the books, and names every case that ended elsewhere.
pub(crate) async fn run_all(cases: Vec<Case>) {
    let world = World::start().await;
    let others = [world.buy(Provider::Esewa).await.1, world.buy(Provider::Khalti).await.1];
    let run = async |case: &Case| (case.clone(), case.run(&world, &others).await);
    let ended: Vec<_> = stream::iter(&cases).map(run).buffer_unordered(SIDE_BY_SIDE).collect().await;
    let failures: Vec<String> = ended
        .iter()
        .filter_map(|(case, ended)| {
            let error = ended.as_ref().err()?;
            Some(format!("{} {:?} {:?}: {error:#}", case.provider.word(), case.modes, case.actions))
        })
        .collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    let undiscovered: Vec<Checkout> = ended
        .into_iter()
        .filter(|(case, _)| case.is_undecided())
        .filter_map(|(_, checkout)| checkout.ok())
        .collect();
    world.close_with_undiscovered(&undiscovered).await;
}
