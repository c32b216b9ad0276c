//! The figures that say at a glance whether anything is wrong.

use domain::{money::Rupees, overview::Overview};

use super::work::counted;
use crate::view::Age;

/// A due job waits milliseconds where workers keep up.
const DUE_WARN_SECONDS: f64 = 10.0;
const DUE_BAD_SECONDS: f64 = 60.0;
/// The reaper checks every few seconds; silence for so long means that nobody looks.
const CHECK_LATE_SECONDS: f64 = 300.0;

/// How a figure is shown; words say the same, colour is not alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Warn,
    Bad,
}

impl Mood {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Warn => " warn",
            Self::Bad => " bad",
        }
    }

    fn of_age(seconds: f64) -> Self {
        match seconds {
            late if late >= DUE_BAD_SECONDS => Self::Bad,
            late if late >= DUE_WARN_SECONDS => Self::Warn,
            _ => Self::Good,
        }
    }

    const fn of_trouble(is_there: bool) -> Self {
        if is_there { Self::Bad } else { Self::Good }
    }
}

/// One figure.
pub(super) struct Card {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) figure: String,
    pub(super) remark: String,
    pub(super) mood: Mood,
    /// Where to look closer.
    pub(super) path: &'static str,
}

pub(super) fn all(overview: &Overview) -> Vec<Card> {
    let Some(sampled) = &overview.right_now else { return Vec::new() };
    let now = &sampled.figures;
    let failed: i64 =
        now.jobs.unfinished.iter().filter(|jobs| jobs.status == "failed").map(|jobs| jobs.count).sum();
    let open: i64 = now.cases.open.iter().map(|cases| cases.count).sum();
    vec![
        oldest_due(overview),
        undecided(overview),
        Card {
            id: "open-cases",
            title: "Open review cases",
            figure: counted(open, now.money.summed_max),
            remark: if open == 0 { "nobody is waited for".to_owned() } else { "a person decides".to_owned() },
            mood: if open == 0 { Mood::Good } else { Mood::Warn },
            path: "/admin/cases",
        },
        Card {
            id: "failed-jobs",
            title: "Failed jobs",
            figure: counted(failed, now.jobs.counted_max),
            remark: if failed == 0 {
                "nothing was given up".to_owned()
            } else {
                "look why, then retry".to_owned()
            },
            mood: Mood::of_trouble(failed > 0),
            path: "/admin/jobs?status=failed",
        },
        violations(overview),
        paid_to_order(overview),
    ]
}

fn violations(overview: &Overview) -> Card {
    let now = overview.right_now.as_ref().map(|sampled| &sampled.figures);
    let broken: i64 = now.iter().flat_map(|now| &now.violations).map(|row| row.count).sum();
    let checked = now.and_then(|now| now.checks.changes_seconds_ago);
    let (remark, mood) = match (broken, checked) {
        (0, None) => ("the reaper has never checked".to_owned(), Mood::Warn),
        (0, Some(ago)) if ago > CHECK_LATE_SECONDS => (format!("not checked for {}", Age(ago)), Mood::Warn),
        (0, Some(ago)) => (format!("the books agreed {} ago", Age(ago)), Mood::Good),
        (_, _) => ("see below, now".to_owned(), Mood::Bad),
    };
    let figure = broken.to_string();
    Card { id: "violations", title: "Broken invariants", figure, remark, mood, path: "#invariants" }
}

fn oldest_due(overview: &Overview) -> Card {
    let oldest = overview.right_now.as_ref().and_then(|sampled| sampled.figures.jobs.oldest_due.as_ref());
    let (figure, remark, mood) = match oldest {
        None => ("none".to_owned(), "no job waits for a worker".to_owned(), Mood::Good),
        Some(job) => {
            let remark = format!("job {}, {}", job.id, job.job_type);
            (Age(job.age_seconds).to_string(), remark, Mood::of_age(job.age_seconds))
        }
    };
    Card {
        id: "oldest-due",
        title: "Oldest due job",
        figure,
        remark,
        mood,
        path: "/admin/jobs?status=pending",
    }
}

fn undecided(overview: &Overview) -> Card {
    let money = overview.right_now.as_ref().map(|sampled| &sampled.figures.money);
    let sums = money.map(|money| [&money.owed_orders, &money.under_review]).into_iter().flatten();
    let (mut count, mut amount_minor, mut oldest) = (0, 0, 0.0_f64);
    for sum in sums {
        count += sum.count;
        amount_minor += sum.amount_minor;
        oldest = oldest.max(sum.oldest_seconds.unwrap_or(0.0));
    }
    let remark = match count {
        0 => "every payment has its outcome".to_owned(),
        count => format!("{count} payments, the oldest {}", Age(oldest)),
    };
    let mood = if count == 0 { Mood::Good } else { Mood::of_age(oldest) };
    Card {
        id: "undecided",
        title: "Paid, undecided",
        figure: Rupees(amount_minor).to_string(),
        remark,
        mood,
        path: "#money",
    }
}

fn paid_to_order(overview: &Overview) -> Card {
    let whole = overview.last_hour.as_ref().and_then(|sampled| sampled.figures.whole.as_ref());
    let p95 = whole.and_then(|whole| whole.p95_seconds);
    let orders = whole.map_or(0, |whole| whole.orders);
    Card {
        id: "paid-to-order",
        title: "Paid to order, p95",
        figure: p95.map_or_else(|| "no orders".to_owned(), |seconds| Age(seconds).to_string()),
        remark: format!("{orders} orders in the last hour"),
        mood: p95.map_or(Mood::Good, Mood::of_age),
        path: "#speed",
    }
}
