use std::{sync::Arc, time::Duration};

use pipeline_tests::fault_proxy::{ArmedCut, Cut, FaultProxy, Message, MessageKind, Side, Weather};

use super::Storm;
use crate::draw::{Bag, Draw};

const PAUSE_MS: (u64, u64) = (1_000, 5_000);
const LATENCY_MS: (u64, u64) = (5, 150);
const LASTS_MS: (u64, u64) = (400, 2_500);
const BLACK_HOLE_MS: (u64, u64) = (300, 3_500);
/// One in so many COMMITs loses its answer while nothing else is wrong, and while COMMITs are what is aimed at.
const COMMITS_APART: u64 = 40;
const COMMITS_APART_AIMED: (u64, u64) = (2, 6);
/// One in so many messages of other kinds.
const MESSAGES_APART: (u64, u64) = (15, 80);

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Latency,
    BlackHole,
    /// What the black hole swallowed is lost.
    BlackHoleThenReset,
    Reset,
    CommitsUnanswered,
    AnswersLost,
    RequestsLost,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::Latency,
    Trouble::BlackHole,
    Trouble::BlackHoleThenReset,
    Trouble::Reset,
    Trouble::CommitsUnanswered,
    Trouble::CommitsUnanswered,
    Trouble::AnswersLost,
    Trouble::RequestsLost,
];

/// Lets everything through again.
pub(super) fn clear(proxy: &FaultProxy) {
    proxy.set_weather(Weather::Clear);
    proxy.disarm();
}

impl Storm<'_> {
    /// Troubles the connections between one replica and Postgres.
    pub(super) async fn network(&self, number: u64, proxy: &FaultProxy) -> anyhow::Result<()> {
        let mut draw = Draw::of(self.seed, "network", number);
        let mut troubles = Bag::new(TROUBLES.to_vec());
        loop {
            let background = proxy.arm(commits_unanswered(COMMITS_APART));
            let goes_on = self.pause(draw.pause(PAUSE_MS.0, PAUSE_MS.1)).await;
            self.count_cuts("COMMIT whose answer is lost", &background);
            if !goes_on {
                break;
            }
            let Some(trouble) = troubles.draw(&mut draw) else { break };
            self.trouble(proxy, trouble, &mut draw).await;
        }
        clear(proxy);
        Ok(())
    }

    async fn trouble(&self, proxy: &FaultProxy, trouble: Trouble, draw: &mut Draw) {
        match trouble {
            Trouble::Latency => {
                self.injected.count("latency");
                let milliseconds = draw.between(LATENCY_MS.0, LATENCY_MS.1);
                let fixed = Duration::from_millis(milliseconds);
                proxy.set_weather(Weather::Latency { fixed, jitter: fixed, seed: milliseconds });
                self.pause(draw.pause(LASTS_MS.0, LASTS_MS.1)).await;
            }
            Trouble::BlackHole | Trouble::BlackHoleThenReset => {
                self.injected.count("black hole");
                proxy.set_weather(Weather::BlackHole);
                self.pause(draw.pause(BLACK_HOLE_MS.0, BLACK_HOLE_MS.1)).await;
                if matches!(trouble, Trouble::BlackHoleThenReset) {
                    self.injected.count("reset of all connections");
                    proxy.reset_connections();
                }
            }
            Trouble::Reset => {
                self.injected.count("reset of all connections");
                proxy.reset_connections();
            }
            Trouble::CommitsUnanswered => {
                let nth = draw.between(COMMITS_APART_AIMED.0, COMMITS_APART_AIMED.1);
                self.cut(proxy, "COMMIT whose answer is lost", commits_unanswered(nth), draw).await;
            }
            Trouble::AnswersLost => {
                let nth = draw.between(MESSAGES_APART.0, MESSAGES_APART.1);
                self.cut(proxy, "cut after a request", any_message(nth, Side::After), draw).await;
            }
            Trouble::RequestsLost => {
                let nth = draw.between(MESSAGES_APART.0, MESSAGES_APART.1);
                self.cut(proxy, "cut before a request", any_message(nth, Side::Before), draw).await;
            }
        }
        proxy.set_weather(Weather::Clear);
    }

    async fn cut(&self, proxy: &FaultProxy, what: &str, cut: Cut, draw: &mut Draw) {
        let armed = proxy.arm(cut);
        self.pause(draw.pause(LASTS_MS.0, LASTS_MS.1)).await;
        self.count_cuts(what, &armed);
    }

    fn count_cuts(&self, what: &str, armed: &ArmedCut) {
        for _ in 0..armed.fired() {
            self.injected.count(what);
        }
    }
}

fn commits_unanswered(nth: u64) -> Cut {
    Cut { which: Arc::new(Message::is_commit), nth, side: Side::After, again: true }
}

/// Of those that execute something.
fn any_message(nth: u64, side: Side) -> Cut {
    let executes = |message: &Message| matches!(message.kind, MessageKind::Query | MessageKind::Execute);
    Cut { which: Arc::new(executes), nth, side, again: true }
}
