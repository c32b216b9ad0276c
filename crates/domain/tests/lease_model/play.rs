//! Plays an interleaving on the queue and on the model.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::queue::{Lease, Settled, WorkerId};
use futures_util::{FutureExt, future::join_all};
use proptest::sample::Index;

use crate::{
    actions::{Action, Step, WORKERS},
    calls::{Answer, Call, World},
    model::{Model, Verdict},
    rows::Rows,
};

/// Looks at whether everybody in a race waits or is through; then it is started anyway.
const LOOKS_MAX: usize = 200;
/// Leases that calls are made about: lost and held ones, more often than forgotten ones.
const RECENT: usize = 8;

/// What happened in all interleavings together: a model that never meets a state proves nothing about it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    steps: usize,
    claims: usize,
    late_answers_refused: usize,
    batches_held_in_part: usize,
    heartbeats: usize,
    rescues: usize,
    quarantines: usize,
    refused_by_a_live_twin: usize,
    exhausted: usize,
    retried_by_hand: usize,
    races: usize,
    races_behind_a_lock: usize,
    races_in_another_order: usize,
}

impl Seen {
    pub(crate) fn assert_everything_happened(&self) {
        let Self {
            claims, late_answers_refused, batches_held_in_part, heartbeats, rescues, quarantines, ..
        } = self;
        let Self { exhausted, retried_by_hand, races, races_behind_a_lock, .. } = self;
        let all = [
            claims,
            late_answers_refused,
            batches_held_in_part,
            heartbeats,
            rescues,
            quarantines,
            exhausted,
            retried_by_hand,
            races,
            races_behind_a_lock,
        ];
        assert!(all.iter().all(|times| **times > 0), "something never happened: {self:?}");
    }

    fn note(&mut self, call: &Call, answer: &Answer) {
        match (call, answer) {
            (_, Answer::Claimed(leases)) => self.claims += leases.len(),
            (_, Answer::Settled(Settled::LeaseLost)) => self.late_answers_refused += 1,
            (Call::Retry { .. }, Answer::Settled(Settled::Failed)) => self.exhausted += 1,
            (
                Call::Extend { leases, .. } | Call::Complete { leases, .. } | Call::Return { leases, .. },
                Answer::StillHeld(ids),
            ) => {
                self.late_answers_refused += usize::from(ids.is_empty());
                self.batches_held_in_part += usize::from(!ids.is_empty() && ids.len() < leases.len());
                self.heartbeats += usize::from(matches!(call, Call::Extend { .. }));
            }
            (_, Answer::Rescued { requeued, failed }) => {
                self.rescues += requeued.len();
                self.quarantines += failed.len();
            }
            (Call::RetryByHand { .. }, Answer::Changed(true)) => self.retried_by_hand += 1,
            (_, Answer::Refused(_)) => self.refused_by_a_live_twin += 1,
            _ => {}
        }
    }
}

/// Worker processes, and the leases they were given.
struct Workers {
    ids: Vec<WorkerId>,
    /// In the order given, lost ones included.
    leases: Vec<Lease>,
}

impl Workers {
    fn new() -> Self {
        Self { ids: (0..WORKERS).map(|_| WorkerId::unique("model")).collect(), leases: Vec::new() }
    }

    fn crash(&mut self, worker: usize) {
        let dead = std::mem::replace(self.ids.get_mut(worker).unwrap(), WorkerId::unique("model"));
        self.leases.retain(|lease| lease.worker_id != dead);
    }

    /// Says of an action which leases and rows it is about; `None` where there are none.
    fn bind(&self, action: &Action, job_ids: &[i64], batch_max: usize) -> Option<Call> {
        let recent = self.leases.get(self.leases.len().saturating_sub(RECENT)..).unwrap();
        let one = |pick: &Index| (!recent.is_empty()).then(|| pick.get(recent).clone());
        let batch = |picks: &[Index]| {
            let mut leases: Vec<Lease> = picks.iter().take(batch_max).filter_map(one).collect();
            let worker = leases.first()?.worker_id.clone();
            leases.retain(|lease| lease.worker_id == worker);
            leases.sort_by_key(|lease| (lease.job_id, lease.lease_no));
            leases.dedup_by_key(|lease| (lease.job_id, lease.lease_no));
            Some((worker, leases))
        };
        let job = |pick: &Index| (!job_ids.is_empty()).then(|| *pick.get(job_ids));
        Some(match action {
            Action::Enqueue { kind, intent, in_units, max_attempts } => Call::Enqueue {
                kind: *kind,
                intent: *intent,
                in_units: *in_units,
                max_attempts: *max_attempts,
            },
            Action::Claim { worker, kind, claimed_max } => {
                let worker = self.ids.get(*worker).unwrap().clone();
                Call::Claim { worker, kind: *kind, claimed_max: *claimed_max }
            }
            Action::Extend { leases } => {
                let (worker, leases) = batch(leases)?;
                Call::Extend { worker, leases }
            }
            Action::Complete { leases } => {
                let (worker, leases) = batch(leases)?;
                Call::Complete { worker, leases }
            }
            Action::Return { leases } => {
                let (worker, leases) = batch(leases)?;
                Call::Return { worker, leases }
            }
            Action::Retry { lease } => Call::Retry { lease: one(lease)? },
            Action::Snooze { lease, in_units } => Call::Snooze { lease: one(lease)?, in_units: *in_units },
            Action::GiveUp { lease } => Call::GiveUp { lease: one(lease)? },
            Action::Rescue => Call::Rescue,
            Action::Cancel { job: pick } => Call::Cancel { job_id: job(pick)? },
            Action::RetryByHand { job: pick } => Call::RetryByHand { job_id: job(pick)? },
        })
    }
}

/// Plays an interleaving; the reason says after which step rows and model part.
pub(crate) async fn play(world: &World, steps: &[Step], seen: &mut Seen) -> Result<(), String> {
    world.reset().await;
    let mut model = Model { intents: world.intents.clone(), ..Model::default() };
    let mut workers = Workers::new();
    let mut rows = Rows::read(world).await;
    for (number, step) in steps.iter().enumerate() {
        let at = |reason: String| format!("step {number}, {step:?}: {reason}\nbefore it: {rows:?}");
        model.step += 1;
        seen.steps += 1;
        let calls: Vec<Call> = match step {
            Step::Pass { units } => {
                world.pass(*units).await;
                model.now += i64::from(*units);
                Vec::new()
            }
            Step::Crash { worker } => {
                workers.crash(*worker);
                Vec::new()
            }
            Step::One(action) => workers.bind(action, &rows.ids(), usize::MAX).into_iter().collect(),
            // In a race each lease counts for itself: a batch may be overtaken between two of its rows.
            Step::Race { actions, .. } => {
                actions.iter().filter_map(|action| workers.bind(action, &rows.ids(), 1)).collect()
            }
        };
        let answers = match step {
            Step::Race { queued, .. } => race(world, &calls, *queued, seen).await,
            _ => join_all(calls.iter().map(|call| world.call(0, call))).await,
        };
        for (call, answer) in calls.iter().zip(&answers) {
            seen.note(call, answer);
            if let Answer::Claimed(leases) = answer {
                workers.leases.extend(leases.iter().cloned());
            }
        }
        let after = Rows::read(world).await;
        let (explained, order) = explain(&model, step, (&calls, &answers), &after).map_err(at)?;
        seen.races_in_another_order += usize::from(order > 0);
        explained.check().map_err(at)?;
        (model, rows) = (explained, after);
    }
    broken_promises(world).await
}

/// Finds an order, one after the other, in which the model gives these answers and ends with these rows.
fn explain(
    model: &Model,
    step: &Step,
    (calls, answers): (&[Call], &[Answer]),
    rows: &Rows,
) -> Result<(Model, usize), String> {
    let mut reasons = Vec::new();
    let alone = matches!(step, Step::One(_));
    for (number, order) in orders(calls.len()).into_iter().enumerate() {
        let mut explained = model.clone();
        let taken: Verdict = order.iter().try_for_each(|index| {
            explained.take(calls.get(*index).unwrap(), answers.get(*index).unwrap(), alone)
        });
        match taken.and_then(|()| rows.agree_with(&mut explained)) {
            Ok(()) => return Ok((explained, number)),
            Err(reason) => reasons.push(format!("in order {order:?}: {reason}")),
        }
    }
    Err(format!("{calls:?}\nanswered {answers:?}\n{}\nrows after it: {rows:?}", reasons.join("\n")))
}

/// Every order of a few things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for next in 0..count {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                (0..=order.len()).rev().map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, next);
                    longer
                })
            })
            .collect();
    }
    orders
}

/// Makes calls at once, each over connections of its own.
async fn race(world: &World, calls: &[Call], queued: bool, seen: &mut Seen) -> Vec<Answer> {
    let ended = AtomicUsize::new(0);
    let all = join_all(calls.iter().enumerate().map(|(caller, call)| {
        let answer = world.call(caller, call);
        answer.inspect(|_| {
            ended.fetch_add(1, Ordering::Relaxed);
        })
    }));
    seen.races += usize::from(calls.len() > 1);
    if !queued {
        return all.await;
    }
    let client = &world.shop.client;
    client.batch_execute("BEGIN; SELECT FROM job_queue FOR UPDATE").await.unwrap();
    let started = async {
        let mut waiting = 0;
        for _ in 0..LOOKS_MAX {
            let ask = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            waiting = usize::try_from(client.query_one(ask, &[]).await.unwrap().get::<_, i64>(0)).unwrap();
            if waiting + ended.load(Ordering::Relaxed) >= calls.len() {
                break;
            }
        }
        client.batch_execute("ROLLBACK").await.unwrap();
        waiting
    };
    let (answers, waiting) = tokio::join!(all, started);
    seen.races_behind_a_lock += usize::from(waiting > 1);
    answers
}

/// What the database itself says about the queue.
async fn broken_promises(world: &World) -> Result<(), String> {
    let broken = "SELECT format('%s %s: %s', invariant, subject, detail) FROM invariant_violations
        WHERE invariant IN ('attempts_are_bounded', 'failed_money_job_has_a_case')";
    let rows = world.shop.client.query(broken, &[]).await.unwrap();
    let broken: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}
