use pipeline_tests::{Pipeline, Program};

use crate::{
    machine::Memory,
    report::{Row, Target},
    rounds::Samples,
};

const IDLE_MIB_MOST: f64 = 30.0;
const SATURATED_MIB_MOST: f64 = 60.0;

const SERVICES: [Program; 5] = [
    Program::CheckoutApi,
    Program::PaymentCallback,
    Program::OrderWorker(0),
    Program::StaleJobReaper,
    Program::AdminConsole,
];

/// The memory of each service, before there was anything to do and when it could do no more.
pub(super) struct Footprint {
    idle: Vec<(Program, Memory)>,
    saturated: Vec<(Program, Memory)>,
}

impl Footprint {
    pub(super) fn idle(pipeline: &Pipeline) -> anyhow::Result<Self> {
        Ok(Self { idle: memory(pipeline)?, saturated: Vec::new() })
    }

    pub(super) fn at_saturation(&mut self, pipeline: &Pipeline) -> anyhow::Result<()> {
        self.saturated = memory(pipeline)?;
        Ok(())
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |service: &Program, when: &str, mib: f64, most: f64| {
            Row::new(format!("memory of {service}, {when}"), "MiB", Samples::one(mib))
                .target(Target::AtMost(most))
        };
        let idle =
            self.idle.iter().map(|(service, held)| row(service, "idle", held.resident_mib, IDLE_MIB_MOST));
        // No purchase touches the console.
        let served = self.saturated.iter().filter(|(service, _)| *service != Program::AdminConsole);
        let peak = served.map(|(service, held)| {
            row(service, "peak, saturation included", held.peak_mib, SATURATED_MIB_MOST)
        });
        idle.chain(peak).collect()
    }
}

fn memory(pipeline: &Pipeline) -> anyhow::Result<Vec<(Program, Memory)>> {
    SERVICES.into_iter().map(|service| Ok((service, Memory::of(pipeline.pid(service)?)?))).collect()
}
