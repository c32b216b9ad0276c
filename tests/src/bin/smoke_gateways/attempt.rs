use std::time::Duration;

use anyhow::{bail, ensure};
use domain::payments::gateway::{Answer, Gateway, Question, StartPayment};
use tokio::time::{Instant, sleep};

use crate::browser;

/// Seldom enough for a gateway that counts questions.
const ASK_INTERVAL: Duration = Duration::from_secs(5);

/// One payment at one gateway.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) gateway: &'a dyn Gateway,
    pub(crate) amount_minor: i64,
    /// How long a person may take to pay; `None` where nobody does.
    pub(crate) wait: Option<Duration>,
}

impl Attempt<'_> {
    /// # Errors
    /// Where the gateway does not start the payment, cannot be asked about it, or says what it should not.
    pub(crate) async fn make(&self) -> anyhow::Result<()> {
        let provider = self.gateway.provider();
        let payment_intent_id = format!("pi_{provider}_smoke{}", uuid::Uuid::new_v4().simple());
        let started = self.gateway.start(self.payment(&payment_intent_id)).await?;
        println!("  started   as {}", started.gateway_reference);
        let question = Question {
            payment_intent_id,
            gateway_reference: started.gateway_reference,
            amount_minor: self.amount_minor,
        };
        match self.gateway.ask(question.clone()).await.answer {
            Answer::Undecided { word } => println!("  asked     {word}: nobody has paid yet"),
            Answer::NotFound => println!("  asked     not found: nobody has opened its page yet"),
            other => bail!("asked about a payment that nobody made, it says {other:?}"),
        }
        let Some(wait) = self.wait else { return Ok(()) };
        println!("  YOUR PART {}", browser::what_to_open(provider, &started.redirection)?);
        println!(
            "            and pay there; it is asked every {} s for {} s",
            ASK_INTERVAL.as_secs(),
            wait.as_secs()
        );
        self.await_payment(&question, wait).await
    }

    fn payment(&self, payment_intent_id: &str) -> StartPayment {
        StartPayment {
            payment_intent_id: payment_intent_id.to_owned(),
            subtotal_minor: self.amount_minor,
            discount_minor: 0,
            shipping_minor: 0,
            tax_minor: 0,
            amount_minor: self.amount_minor,
            display_name: "Smoke test".to_owned(),
            customer_name: "Smoke Test".to_owned(),
            customer_phone: "9800000001".to_owned(),
        }
    }

    async fn await_payment(&self, question: &Question, wait: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + wait;
        loop {
            let answer = self.gateway.ask(question.clone()).await.answer;
            match &answer {
                Answer::Paid { transaction_id, amount_minor, reference } => {
                    ensure!(
                        transaction_id.is_some()
                            && *amount_minor == question.amount_minor
                            && *reference == question.gateway_reference,
                        "it was asked about {} paisa as {}, and says {answer:?}",
                        question.amount_minor,
                        question.gateway_reference
                    );
                    println!(
                        "  paid      {} paisa, transaction {}",
                        amount_minor,
                        transaction_id.as_deref().unwrap_or_default()
                    );
                    return Ok(());
                }
                Answer::Undecided { .. } | Answer::NotFound | Answer::Unknown { .. } => {}
                Answer::Unpaid { .. }
                | Answer::Refunded { .. }
                | Answer::PartiallyRefunded { .. }
                | Answer::UnheardOf { .. } => bail!("it says {answer:?}"),
            }
            ensure!(
                Instant::now() < deadline,
                "not paid within {} s; it last said {answer:?}",
                wait.as_secs()
            );
            sleep(ASK_INTERVAL).await;
        }
    }
}
