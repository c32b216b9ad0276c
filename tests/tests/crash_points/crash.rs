//! A flow that is run over and over, cut at another point each time.

use std::{
    cell::OnceCell,
    io::Write,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use pipeline_tests::fault_proxy::{ArmedCut, Cut, FaultProxy, Message, Side};
use tokio::time::{Instant, sleep};

use crate::{
    choice::{Choice, Point},
    stage::{SOON, Stage},
    traffic::Which,
};

/// A flow of fewer messages has not been looked at.
const MESSAGES_MIN: u64 = 3;
/// A flow of more never gets through.
const MESSAGES_MAX: u64 = 400;
/// A service that says nothing for so long has said all of it.
const QUIET: Duration = Duration::from_millis(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Points covered by all flows of this process.
static COVERED: AtomicU64 = AtomicU64::new(0);

/// One run of a flow and the cut in it.
pub(crate) struct Crash<'a> {
    proxy: &'a FaultProxy,
    flow: &'static str,
    point: Point,
    which: fn() -> Which,
    armed: OnceCell<ArmedCut>,
}

impl Crash<'_> {
    /// The flow begins with the next message.
    pub(crate) fn arm(&self) {
        let Point { nth, side } = self.point;
        let armed = self.proxy.arm(Cut { which: (self.which)(), nth, side, again: false });
        assert!(self.armed.set(armed).is_ok(), "one cut a run");
    }

    /// The flow has ended, cut or not: returns when its service has said all of it.
    pub(crate) async fn over(&self) {
        let deadline = Instant::now() + SOON;
        let mut counted = self.armed().counted();
        let mut since = Instant::now();
        while self.armed().fired() == 0 && since.elapsed() < QUIET && Instant::now() < deadline {
            sleep(LOOK_INTERVAL).await;
            if self.armed().counted() != counted {
                counted = self.armed().counted();
                since = Instant::now();
            }
        }
        self.proxy.disarm();
    }

    /// Where it was cut.
    pub(crate) fn at(&self) -> Option<Message> {
        self.armed.get()?.at()
    }

    pub(crate) fn side(&self) -> Side {
        self.point.side
    }

    fn armed(&self) -> &ArmedCut {
        self.armed.get().expect("a flow arms its cut")
    }
}

impl Drop for Crash<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let at = self.at().map(|message| format!("{:?} of {}", message.kind, message.sql));
            say(&format!("{} failed at {:?}, which is {at:?}", self.flow, self.point));
        }
    }
}

/// Covers a flow's points. `run` sets a run up, calls [`Crash::arm`] where the flow begins and [`Crash::over`] where
/// it has ended, and asserts that it ended as it should.
pub(crate) async fn cover(
    flow: &'static str,
    stage: &Stage,
    which: fn() -> Which,
    run: impl AsyncFn(&Crash<'_>),
) {
    let choice = Choice::of_environment();
    say(&format!("{flow}: CRASH_POINTS_SEED={}", choice.seed));
    let cut_at = async |point: Point| {
        let crash = Crash { proxy: &stage.proxy, flow, point, which, armed: OnceCell::new() };
        run(&crash).await;
        stage.assert_no_violations().await;
        (crash.armed().counted(), crash.armed().fired() > 0)
    };
    // Connections are warm and lanes at work once it has been through.
    let uncut = Point { nth: 0, side: Side::Before };
    cut_at(uncut).await;
    let (messages, _) = cut_at(uncut).await;
    assert!(messages >= MESSAGES_MIN, "{flow} sent {messages} messages: that is no flow");

    let began = Instant::now();
    let (mut covered, mut missed) = (0, 0);
    if choice.is_all {
        let mut nth = 0;
        let mut is_cut = true;
        while is_cut {
            nth += 1;
            assert!(nth <= MESSAGES_MAX, "{flow} never got through uncut");
            let (_, before) = cut_at(Point { nth, side: Side::Before }).await;
            let (_, after) = cut_at(Point { nth, side: Side::After }).await;
            covered += u64::from(before) + u64::from(after);
            is_cut = before || after;
        }
    } else {
        for point in choice.sample(flow, messages) {
            let (_, is_cut) = cut_at(point).await;
            *if is_cut { &mut covered } else { &mut missed } += 1;
        }
        assert!(covered > missed, "{flow}: {missed} points were not met, {covered} were");
    }
    let in_all = COVERED.fetch_add(covered, Ordering::SeqCst) + covered;
    say(&format!(
        "{flow}: {covered} points covered, of {messages} messages uncut, in {:.0} s; {in_all} points so far",
        began.elapsed().as_secs_f64()
    ));
}

/// Past the capture of test output: how much was covered is part of the result.
fn say(line: &str) {
    // Nobody listens: the test says all the same whether it passed.
    let _ = writeln!(std::io::stderr(), "crash points: {line}");
}
