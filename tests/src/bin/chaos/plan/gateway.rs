//! What is done to a payment at its gateway, by its shopper, the merchant's portal or the gateway itself.

use std::time::Duration;

use pipeline_tests::Provider;

use crate::{draw::Draw, settings::INTENT_TTL};

/// Pauses of a shopper who knows what to do.
const BRISK_MS: (u64, u64) = (0, 900);
/// Beyond the end of the intent's time.
const LATE_MS: (u64, u64) = (500, 4_000);

/// One thing that happens at the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Before it.
    pub(crate) pause: Duration,
    pub(crate) action: &'static str,
    /// What becomes of the browser afterwards.
    pub(crate) returning: Returning,
}

/// How the browser comes back with what the gateway gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returning {
    Once,
    /// Opened in two tabs, at two replicas of payment-callback at the same time.
    TwiceAtOnce,
    /// Reloaded again and again.
    Reloaded,
    /// The phone dies.
    Never,
    /// The shopper edits the URL.
    Edited,
    /// A relay posts what the browser would have brought.
    Relayed,
}

/// A way through the gateway's page, and how often it is taken.
struct Course {
    weight: u64,
    actions: &'static [&'static str],
    /// The last action comes after the intent's time.
    is_late: bool,
}

const fn course(weight: u64, actions: &'static [&'static str]) -> Course {
    Course { weight, actions, is_late: false }
}

const fn late(weight: u64, actions: &'static [&'static str]) -> Course {
    Course { weight, actions, is_late: true }
}

const ANYWHERE: &[Course] = &[
    course(44, &["pay"]),
    course(4, &["leave"]),
    course(3, &["leave", "pay"]),
    course(3, &["pending"]),
    course(4, &["pending", "pay"]),
    course(4, &["cancel"]),
    course(3, &["cancel", "pay_late"]),
    course(2, &["expire"]),
    course(3, &["expire", "pay_late"]),
    course(3, &["pay_twice"]),
    course(2, &["pay", "pay_twice"]),
    course(3, &["pay", "deliver"]),
    course(2, &["outage", "pay"]),
    course(3, &["outage", "pay", "recover"]),
    course(2, &["pay", "refund"]),
    course(2, &["pay", "partial_refund"]),
    course(2, &["pay", "reverse"]),
    late(6, &["pay"]),
    late(2, &["pay_late"]),
    late(2, &["cancel", "pay_late"]),
];
const ESEWA: &[Course] = &[course(2, &["ambiguous"]), course(3, &["ambiguous", "pay"])];
const KHALTI: &[Course] = &[course(2, &["fail"]), course(3, &["fail", "pay_late"])];

/// Every action that some course takes; what the sandbox offers beyond it would go untried.
pub(crate) const PLANNED_ACTIONS: [&str; 15] = [
    "pay",
    "pay_late",
    "pay_twice",
    "cancel",
    "leave",
    "pending",
    "expire",
    "ambiguous",
    "fail",
    "refund",
    "partial_refund",
    "reverse",
    "outage",
    "recover",
    "deliver",
];

/// Draws what happens to one payment.
pub(super) fn steps(provider: Provider, draw: &mut Draw) -> Vec<Step> {
    let own = match provider {
        Provider::Esewa => ESEWA,
        Provider::Khalti => KHALTI,
    };
    let courses = || ANYWHERE.iter().chain(own);
    let mut ticket = draw.between(1, courses().map(|course| course.weight).sum());
    let mut drawn = None;
    for course in courses() {
        if ticket <= course.weight {
            drawn = Some(course);
            break;
        }
        ticket -= course.weight;
    }
    let Some(course) = drawn else { return Vec::new() };
    let last = course.actions.len().saturating_sub(1);
    let mut steps = Vec::new();
    for (place, action) in course.actions.iter().enumerate() {
        let mut pause = draw.pause(BRISK_MS.0, BRISK_MS.1);
        if course.is_late && place == last {
            pause = INTENT_TTL + draw.pause(LATE_MS.0, LATE_MS.1);
        }
        steps.push(Step { pause, action, returning: returning(draw) });
    }
    steps
}

fn returning(draw: &mut Draw) -> Returning {
    match draw.between(1, 100) {
        1..=60 => Returning::Once,
        61..=72 => Returning::TwiceAtOnce,
        73..=80 => Returning::Reloaded,
        81..=90 => Returning::Never,
        91..=95 => Returning::Edited,
        _ => Returning::Relayed,
    }
}
