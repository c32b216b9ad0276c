//! The reference: what the queue must do, said in a few lines of Rust that know no SQL and no concurrency.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::queue::{Lease, Settled, WorkerId};

use crate::{
    actions::Kind,
    calls::{Answer, Call, FAILED, GIVEN_UP, LEASE_UNITS},
};

/// The crash that quarantines a job.
const CRASHES_MAX: i32 = 3;
/// Backoff doubles from one unit to this.
const BACKOFF_UNITS_MAX: i64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

/// When a job is due: by the model's clock, then by when that was written.
pub(crate) type Due = (i64, u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) intent: usize,
    pub(crate) status: Status,
    pub(crate) attempts: i32,
    pub(crate) max_attempts: i32,
    pub(crate) crash_count: i32,
    pub(crate) lease_no: i64,
    pub(crate) due: Due,
    /// Holder and the unit in which its lease ends.
    pub(crate) held: Option<(String, i64)>,
}

/// The evidence of an intent's case: what is in it, and how many entries that makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    known: HashSet<(i64, String)>,
    pub(crate) entries: i64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) now: i64,
    /// Grows with every step: what is written in one step has no order within it.
    pub(crate) step: u64,
    pub(crate) jobs: BTreeMap<i64, Job>,
    /// Enqueued; the next look at the rows, or whoever claims one, tells its id.
    pub(crate) unnumbered: Vec<Job>,
    pub(crate) cases: HashMap<usize, Evidence>,
    /// Names of intents, to know a job by its lease.
    pub(crate) intents: Vec<String>,
}

/// Why an answer is not what the model allows.
pub(crate) type Verdict = Result<(), String>;

impl Model {
    /// Takes a call and what was answered. `alone`: nothing else was going on, so that nothing may be passed over.
    pub(crate) fn take(&mut self, call: &Call, answer: &Answer, alone: bool) -> Verdict {
        match (call, answer) {
            (Call::Enqueue { kind, intent, in_units, max_attempts }, Answer::Done) => {
                self.enqueue(*kind, *intent, *in_units, *max_attempts);
                Ok(())
            }
            (Call::Claim { worker, kind, claimed_max }, Answer::Claimed(leases)) => {
                self.claim(worker, *kind, *claimed_max, leases, alone)
            }
            (Call::Extend { worker, leases }, Answer::StillHeld(ids)) => {
                let until = self.now + i64::from(LEASE_UNITS);
                self.of_held(worker, leases, ids, |job| job.held = Some((worker.as_str().to_owned(), until)))
            }
            (Call::Complete { worker, leases }, Answer::StillHeld(ids)) => {
                self.of_held(worker, leases, ids, |job| job.end(Status::Completed))
            }
            (Call::Return { worker, leases }, Answer::StillHeld(ids)) => {
                self.of_held(worker, leases, ids, |job| {
                    job.end(Status::Pending);
                    job.attempts -= 1;
                })
            }
            (Call::Retry { lease }, Answer::Settled(settled)) => self.retry(lease, *settled),
            (Call::Snooze { lease, in_units }, Answer::Settled(settled)) => {
                self.snooze(lease, *in_units, *settled)
            }
            (Call::GiveUp { lease }, Answer::Settled(settled)) => self.give_up(lease, GIVEN_UP, *settled),
            (Call::Rescue, Answer::Rescued { requeued, failed }) => self.rescue(requeued, failed, alone),
            (Call::Cancel { job_id }, Answer::Changed(changed)) => self.cancel(*job_id, *changed),
            (Call::RetryByHand { job_id }, Answer::Changed(changed)) => self.retry_by_hand(*job_id, *changed),
            (Call::RetryByHand { job_id }, Answer::Refused(name))
                if name == "a_live_job_has_its_key_alone" =>
            {
                let has_live_twin = self.live_twin_of(*job_id).is_some();
                ensure(!alone && has_live_twin, || "a retry by hand was refused without need".to_owned())
            }
            _ => Err(format!("{call:?} was answered with {answer:?}")),
        }
    }

    fn live(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().chain(&self.unnumbered).filter(|job| job.is_live())
    }

    fn live_twin_of(&self, job_id: i64) -> Option<&Job> {
        let job = self.jobs.get(&job_id)?;
        self.live().find(|live| (live.kind, live.intent) == (job.kind, job.intent))
    }

    fn enqueue(&mut self, kind: Kind, intent: usize, in_units: u32, max_attempts: i32) {
        let due = (self.now + i64::from(in_units), self.step);
        let live = self
            .jobs
            .values_mut()
            .chain(&mut self.unnumbered)
            .find(|job| job.is_live() && (job.kind, job.intent) == (kind, intent));
        match live {
            Some(pending) if pending.status == Status::Pending => pending.due = pending.due.min(due),
            Some(_) => {}
            None => self.unnumbered.push(Job {
                kind,
                intent,
                status: Status::Pending,
                attempts: 0,
                max_attempts,
                crash_count: 0,
                lease_no: 0,
                due,
                held: None,
            }),
        }
    }

    fn claim(
        &mut self,
        worker: &WorkerId,
        kind: Kind,
        claimed_max: u32,
        leases: &[Lease],
        alone: bool,
    ) -> Verdict {
        leases.iter().try_for_each(|lease| self.number(lease))?;
        let is_due = |job: &Job| job.status == Status::Pending && job.due.0 <= self.now && job.kind == kind;
        let due = self.jobs.values().chain(&self.unnumbered).filter(|job| is_due(job)).count();
        let room = usize::try_from(claimed_max).unwrap_or(usize::MAX);
        let expected = due.min(room);
        let enough = if alone { leases.len() == expected } else { leases.len() <= expected };
        ensure(enough, || {
            format!("{} of {due} due jobs claimed, at most {claimed_max} wanted", leases.len())
        })?;
        let claimed: HashSet<i64> = leases.iter().map(|lease| lease.job_id).collect();
        ensure(claimed.len() == leases.len(), || "a job was claimed twice at once".to_owned())?;
        for lease in leases {
            let job = self.jobs.get(&lease.job_id).filter(|job| is_due(job));
            let job = job.ok_or_else(|| format!("job {} was claimed and is not due", lease.job_id))?;
            let told = (lease.attempt, lease.lease_no, lease.crash_count, lease.max_attempts);
            let is = (job.attempts + 1, job.lease_no + 1, job.crash_count, job.max_attempts);
            ensure(told == is, || format!("job {} was claimed as {told:?} and is {is:?}", lease.job_id))?;
            let passed_over = self
                .jobs
                .iter()
                .find(|(id, other)| !claimed.contains(id) && is_due(other) && other.due < job.due);
            ensure(!alone || passed_over.is_none(), || {
                format!("job {} was claimed before {passed_over:?}", lease.job_id)
            })?;
        }
        let until = self.now + i64::from(LEASE_UNITS);
        for (_, job) in self.jobs.iter_mut().filter(|(id, _)| claimed.contains(id)) {
            job.status = Status::Processing;
            job.attempts += 1;
            job.lease_no += 1;
            job.held = Some((worker.as_str().to_owned(), until));
        }
        Ok(())
    }

    /// Learns the id of a job that was enqueued and is seen for the first time in a lease.
    fn number(&mut self, lease: &Lease) -> Verdict {
        let intent = lease.payment_intent_id().and_then(|id| self.intents.iter().position(|name| name == id));
        let intent = intent.ok_or_else(|| format!("{lease:?} is about no intent of ours"))?;
        self.number_as(lease.job_id, Kind::of(&lease.job_type), intent)
    }

    pub(crate) fn number_as(&mut self, job_id: i64, kind: Kind, intent: usize) -> Verdict {
        if self.jobs.contains_key(&job_id) {
            return Ok(());
        }
        let position = self.unnumbered.iter().position(|job| (job.kind, job.intent) == (kind, intent));
        let position = position.ok_or_else(|| format!("nobody enqueued job {job_id}"))?;
        self.jobs.insert(job_id, self.unnumbered.remove(position));
        Ok(())
    }

    fn held(&mut self, lease: &Lease) -> Option<&mut Job> {
        let job = self.jobs.get_mut(&lease.job_id)?;
        let is_holder = job.held.as_ref().is_some_and(|(holder, _)| holder == lease.worker_id.as_str());
        (is_holder && job.lease_no == lease.lease_no).then_some(job)
    }

    /// The answer must name exactly the leases that still hold, and only their jobs change.
    fn of_held(
        &mut self,
        worker: &WorkerId,
        leases: &[Lease],
        answered: &[i64],
        change: impl Fn(&mut Job),
    ) -> Verdict {
        let mut held = HashSet::new();
        for lease in leases.iter().filter(|lease| lease.worker_id == *worker) {
            if let Some(job) = self.held(lease) {
                change(job);
                held.insert(lease.job_id);
            }
        }
        let told: HashSet<i64> = answered.iter().copied().collect();
        ensure(told == held && told.len() == answered.len(), || {
            format!("told that {answered:?} are held, but {held:?} are")
        })
    }

    fn retry(&mut self, lease: &Lease, settled: Settled) -> Verdict {
        let (now, step) = (self.now, self.step);
        match self.held(lease) {
            Some(job) if job.attempts < job.max_attempts => {
                let doublings = u32::try_from(lease.attempt - 1).unwrap_or_default().min(8);
                job.end(Status::Pending);
                job.due = (now + (1_i64 << doublings).min(BACKOFF_UNITS_MAX), step);
                expect(settled, Settled::Retrying)
            }
            _ => {
                let reason = format!("attempt {} of {}: {FAILED}", lease.attempt, lease.max_attempts);
                self.give_up(lease, &reason, settled)
            }
        }
    }

    fn snooze(&mut self, lease: &Lease, in_units: u32, settled: Settled) -> Verdict {
        let due = (self.now + i64::from(in_units), self.step);
        let Some(job) = self.held(lease) else { return expect(settled, Settled::LeaseLost) };
        job.end(Status::Pending);
        job.attempts -= 1;
        job.crash_count = 0;
        job.due = due;
        expect(settled, Settled::Snoozed)
    }

    fn give_up(&mut self, lease: &Lease, reason: &str, settled: Settled) -> Verdict {
        let Some(job) = self.held(lease) else { return expect(settled, Settled::LeaseLost) };
        job.end(Status::Failed);
        let intent = job.intent;
        let case = self.cases.entry(intent).or_default();
        if case.known.insert((lease.job_id, reason.to_owned())) {
            case.entries += 1;
        }
        expect(settled, Settled::Failed)
    }

    fn rescue(&mut self, requeued: &[i64], failed: &[i64], alone: bool) -> Verdict {
        let (now, due) = (self.now, (self.now, self.step));
        let rescued: HashSet<i64> = requeued.iter().chain(failed).copied().collect();
        ensure(rescued.len() == requeued.len() + failed.len(), || {
            "a job was rescued twice at once".to_owned()
        })?;
        let is_expired = |job: &Job| job.held.as_ref().is_some_and(|(_, until)| *until <= now);
        let expired: HashSet<i64> =
            self.jobs.iter().filter(|(_, job)| is_expired(job)).map(|(id, _)| *id).collect();
        let all = rescued.is_subset(&expired) && (!alone || rescued == expired);
        ensure(all, || format!("{rescued:?} were rescued of {expired:?}, whose leases ran out"))?;
        for (id, job) in self.jobs.iter_mut().filter(|(id, _)| rescued.contains(id)) {
            job.crash_count += 1;
            let gives_up = job.crash_count >= CRASHES_MAX || job.attempts >= job.max_attempts;
            job.end(if gives_up { Status::Failed } else { Status::Pending });
            job.due = due;
            ensure(failed.contains(id) == gives_up, || format!("job {id} was rescued to the wrong state"))?;
            if gives_up {
                self.cases.entry(job.intent).or_default().entries += 1;
            }
        }
        Ok(())
    }

    fn cancel(&mut self, job_id: i64, changed: bool) -> Verdict {
        let pending = self.jobs.get_mut(&job_id).filter(|job| job.status == Status::Pending);
        ensure(pending.is_some() == changed, || format!("job {job_id}: cancelled is {changed}"))?;
        if let Some(job) = pending {
            job.status = Status::Cancelled;
        }
        Ok(())
    }

    fn retry_by_hand(&mut self, job_id: i64, changed: bool) -> Verdict {
        let due = (self.now, self.step);
        let has_live_twin = self.live_twin_of(job_id).is_some();
        let failed = self.jobs.get_mut(&job_id).filter(|job| job.status == Status::Failed && !has_live_twin);
        ensure(failed.is_some() == changed, || format!("job {job_id}: tried again is {changed}"))?;
        if let Some(job) = failed {
            (job.status, job.attempts, job.crash_count, job.due) = (Status::Pending, 0, 0, due);
        }
        Ok(())
    }

    /// What holds whatever happened.
    pub(crate) fn check(&self) -> Verdict {
        for (id, job) in &self.jobs {
            let bounded = (0..=job.max_attempts).contains(&job.attempts) && job.crash_count <= CRASHES_MAX;
            let startable = job.status != Status::Pending || job.attempts < job.max_attempts;
            let twins = self.live().filter(|live| (live.kind, live.intent) == (job.kind, job.intent)).count();
            ensure(bounded && startable && twins <= 1, || format!("job {id} is {job:?}"))?;
            let has_case = job.status != Status::Failed || self.cases.contains_key(&job.intent);
            ensure(has_case, || format!("job {id} failed without a case"))?;
        }
        Ok(())
    }
}

impl Job {
    const fn is_live(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Processing)
    }

    fn end(&mut self, status: Status) {
        self.status = status;
        self.held = None;
    }
}

fn expect(settled: Settled, expected: Settled) -> Verdict {
    ensure(settled == expected, || format!("settled as {settled:?} where {expected:?} was due"))
}

pub(crate) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(reason()) }
}
