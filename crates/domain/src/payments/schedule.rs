//! When the gateway is asked next.

use std::time::Duration;

use super::status::IntentStatus;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Unpaid intents are asked about hourly up to this age.
const HOURLY_UNTIL: Duration = DAY;
/// And daily up to this one; then the question is closed.
const DAILY_UNTIL: Duration = Duration::from_secs(30 * 24 * 3600);
/// An order's payment is looked at again at these ages of the order, to see refunds made at the gateway.
const AFTER_COMPLETION: [Duration; 2] = [DAY, Duration::from_secs(7 * 24 * 3600)];

/// How old the intent, and its present status, are.
#[derive(Debug, Clone, Copy)]
pub struct Ages {
    pub intent: Duration,
    pub status: Duration,
}

/// The pause until the next question, or `None` when no further one is due. `first_ages` are the configured
/// ages of the first questions, ascending.
pub fn next_question_in(status: IntentStatus, ages: Ages, first_ages: &[Duration]) -> Option<Duration> {
    match status {
        IntentStatus::Refunded => None,
        IntentStatus::Completed => {
            AFTER_COMPLETION.into_iter().find(|age| *age > ages.status).map(|age| age - ages.status)
        }
        IntentStatus::Created
        | IntentStatus::AwaitingPayment
        | IntentStatus::Expired
        | IntentStatus::Superseded
        | IntentStatus::Failed
        | IntentStatus::Verified
        | IntentStatus::Refunding
        | IntentStatus::UnderReview => next_at_age(ages.intent, first_ages),
    }
}

fn next_at_age(age: Duration, first_ages: &[Duration]) -> Option<Duration> {
    if let Some(next) = first_ages.iter().find(|first| **first > age) {
        return Some(*next - age);
    }
    if age < HOURLY_UNTIL {
        return Some(HOUR);
    }
    (age < DAILY_UNTIL).then_some(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(180)];

    fn after(status: IntentStatus, intent: Duration, in_status: Duration) -> Option<Duration> {
        next_question_in(status, Ages { intent, status: in_status }, &FIRST)
    }

    #[test]
    fn questions_follow_the_configured_ages_then_hours_then_days_then_stop() {
        let of = |age| after(IntentStatus::Expired, age, Duration::ZERO);
        assert_eq!(of(Duration::from_secs(10)), Some(Duration::from_secs(50)));
        assert_eq!(of(Duration::from_secs(60)), Some(Duration::from_secs(120)));
        assert_eq!(of(Duration::from_secs(180)), Some(HOUR));
        assert_eq!(of(DAY), Some(DAY));
        assert_eq!(of(DAILY_UNTIL), None);
    }

    #[test]
    fn an_order_is_looked_at_after_a_day_and_after_a_week() {
        let of = |age| after(IntentStatus::Completed, DAILY_UNTIL, age);
        assert_eq!(of(Duration::ZERO), Some(DAY));
        assert_eq!(of(DAY), Some(6 * DAY));
        assert_eq!(of(7 * DAY), None);
        assert_eq!(after(IntentStatus::Refunded, DAY, DAY), None);
    }
}
